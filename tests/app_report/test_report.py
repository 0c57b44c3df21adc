"""The evening's report: says what happened in words, survives missing data, needs nothing but itself."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.app.report import render_report
from linkbox.app.report_story import headline, shortcomings, standfirst, summary_rows
from linkbox.app.report_values import Runs
from tests.app_report.evening import evening

Result = dict[str, Any]


@pytest.fixture(scope="module")
def result() -> Result:
    return evening()


@pytest.fixture(scope="module")
def page(result: Result) -> str:
    return render_report(result)


class Outline(HTMLParser):
    """Collects identifiers, addresses and headings, and checks that elements nest."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.addresses.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def test_the_headline_says_when_the_fuse_blew_and_that_control_kept_it(page: str) -> None:
    assert "<h1>Without control the L1 fuse blew at 01:11. With control it did not.</h1>" in page


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    found = outline(page)
    assert all(address.startswith("#") for address in found.addresses)
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page


def test_identifiers_are_unique_and_every_reference_resolves(page: str) -> None:
    found = outline(page)
    assert len(found.ids) == len(set(found.ids))
    referred = {address[1:] for address in found.addresses} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(found.ids)


def test_the_same_result_gives_the_same_bytes(result: Result, page: str) -> None:
    assert render_report(copy.deepcopy(result)) == page


def test_no_stand_in_colour_is_left_in_the_page(page: str) -> None:
    assert not re.search(r"#(0[1-9a])\1\1\b", page)
    assert "var(--without)" in page


def test_every_figure_has_a_text_alternative(page: str) -> None:
    figures = re.findall(r"<svg[^>]*>", page)
    assert len(figures) == 5
    assert all(re.search(r'role="img" aria-label="[^"]{20,}"', tag) for tag in figures)


def test_every_section_of_the_evening_is_there(page: str) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Side by side",
        "What could not be done",
        "Current on each phase",
        "How near the fuse came",
        "Cable, transformer, cars",
        "Each customer&rsquo;s minutes",
        "The intervention",
        "Round trips of service requests",
        "Invariants",
        "Event log",
    ]


def test_text_from_the_result_can_not_break_out_of_the_page(result: Result) -> None:
    hostile = copy.deepcopy(result)
    attack = "\"><script>alert(1)</script>&<b>'$x^2$"
    hostile["street"]["name"] = hostile["street"]["source"] = attack
    control = hostile["with_control"]
    control["interventions"][0]["story"].append(attack)
    control["interventions"][0]["id"] = control["interventions"][0]["market"]["reason"] = attack
    control["curtailments"][0]["customer"] = control["curtailments"][0]["ended_by"] = attack
    control["events"][0]["text"] = control["events"][0]["stream"] = attack
    control["invariants"][attack] = False
    control["service_requests"]["by_srv"][attack] = {"count": 1, "p50_s": 1.0}
    page = render_report(hostile)
    assert "script" not in outline(page).tags
    assert "alert(1)" in page


@pytest.mark.parametrize(
    ("without", "with_", "expected"),
    [
        ("at", None, "Without control the L1 fuse blew at 02:14. With control it did not."),
        ("at", "at", "Without control the L1 fuse blew at 02:14. With control the L1 fuse blew at 02:14 all the same."),
        (None, None, "The fuse held, with control and without."),
        (None, "at", "With control the L1 fuse blew at 02:14. Without control it held."),
        ("at", "absent", "Nobody intervened, and the L1 fuse blew at 02:14."),
        (None, "absent", "Nobody intervened, and the fuse held."),
        ("absent", None, "With control the fuse held."),
        ("absent", "at", "With control, the L1 fuse blew at 02:14."),
        ("absent", "absent", "No run was recorded."),
    ],
)
def test_the_headline_is_right_in_every_case(without: str | None, with_: str | None, expected: str) -> None:
    def run(state: str | None) -> Result | None:
        if state == "absent":
            return None
        blown = {"fuse_blown_at": "2026-01-14T02:14:00.000Z", "blown_phases": ["L1"]}
        return blown if state == "at" else {"fuse_blown_at": None, "blown_phases": []}

    runs = Runs(run(without), run(with_))
    assert headline({}, runs) == expected
    assert expected in render_report({"without_control": run(without), "with_control": run(with_)})


def test_where_the_fuse_held_the_headline_tells_of_the_cable() -> None:
    street = {"street": {"cable_limit_degc": 80.0}}
    hot, warm = {"max_cable_degc": 88.7}, {"max_cable_degc": 59.0}
    assert headline(street, Runs(hot, warm)) == (
        "Without control the cable reached 89 °C, over its limit of 80 °C. With control it stayed at 59 °C."
    )
    assert headline(street, Runs(hot, hot)).endswith("With control it still reached 89 °C.")
    assert headline(street, Runs(warm, warm)) == "The fuse held, with control and without."


def test_a_story_told_by_the_controller_is_set_as_time_state_and_text(result: Result) -> None:
    line = "00:43:00 market called: no answer from A & B by 2026-01-14T00:43:00.000Z"
    page = render_report(change(result, lambda r: r["with_control"]["interventions"][0].update(story=[line, "free"])))
    assert (
        "<li><time>00:43:00</time><b>Market called.</b> No answer from A &amp; B by 00:43:00</li><li>Free</li>" in page
    )


def test_why_an_intervention_was_escalated_is_said(result: Result) -> None:
    def edit(r: Result) -> None:
        r["with_control"]["interventions"][0]["escalated"] = True
        whys = ("household load alone is over the limit", "the supply is lost")
        r["with_control"]["escalations"] = [{"intervention": "I-0001", "why": why} for why in whys]

    changed = change(result, edit)
    said = "(household load alone is over the limit; the supply is lost)"
    assert any(said in item for item in shortcomings(changed, Runs.of(changed)))


def test_holds_that_were_renewed_or_ended_in_an_unknown_way_are_drawn(result: Result) -> None:
    def edit(r: Result) -> None:
        rows = r["with_control"]["curtailments"]
        rows[0]["ended_by"], rows[1]["ended_by"], rows[2]["ended_by"] = "renewal", "objection", "never heard of"

    page = render_report(change(result, edit))
    assert "held on by a new command" in page
    assert "customer&rsquo;s word" in page


def test_several_blown_fuses_are_named_together() -> None:
    run = {"fuse_blown_at": "2026-01-14T02:14:00.000Z", "blown_phases": ["L1", "L3"]}
    assert headline({}, Runs(run, None)) == "Nobody intervened, and the L1 and L3 fuses blew, the first at 02:14."


def change(result: Result, edit: Callable[[Result], object]) -> Result:
    changed = copy.deepcopy(result)
    edit(changed)
    return changed


def test_an_evening_without_interventions_says_so(result: Result) -> None:
    def edit(r: Result) -> None:
        control = r["with_control"]
        control |= {"interventions": [], "customers_curtailed": 0, "curtailments": [], "events": []}
        control["service_requests"] = {
            "count": 0,
            "failed": 0,
            "p50_s": None,
            "p95_s": None,
            "max_s": None,
            "by_srv": {},
        }

    page = render_report(change(result, edit))
    assert "There was none: the feeder stayed within its limits." in page
    assert "No charger was held down." in page
    assert "Nothing: every intervention found the load that it needed" in page


@pytest.mark.parametrize("key", ["without_control", "with_control"])
def test_either_run_may_be_absent(result: Result, key: str) -> None:
    page = render_report({**result, key: None})
    outline(page)
    assert "Current on each phase" in page


def test_what_could_not_be_done_is_listed_in_full(result: Result) -> None:
    def edit(r: Result) -> None:
        control = r["with_control"]
        control["interventions"][0] |= {"escalated": True, "shortfall_a": [23.4, 0.0, 7.0]}
        control["invariants"]["audit chain verifies"] = False
        control["chargers_free_at_end"] = False
        control["non_converged_minutes"] = 3
        control |= {"fuse_blown_at": "2026-01-14T03:00:00.000Z", "blown_phases": ["L2"]}

    changed = change(result, edit)
    found = "\n".join(shortcomings(changed, Runs.of(changed)))
    for words in (
        "23 A on L1 and 7 A on L3 remained uncovered",
        "escalated as an emergency",
        "An invariant was broken: audit chain verifies",
        "Not every charger was free",
        "did not converge in 3 minutes",
        "the L2 fuse blew at 03:00",
        "1 service request failed",
        "not known for home 19",
    ):
        assert words in found
    assert "broken" in render_report(changed)


def test_a_limit_that_control_did_not_keep_is_said(result: Result) -> None:
    low = change(result, lambda r: r["with_control"].update(min_voltage_v=208.7))
    found = shortcomings(low, Runs.of(low))
    assert found[0].replace("\N{NO-BREAK SPACE}", " ") == (
        "Lowest voltage at a home, with control: 208.7 V, outside its limit (216.2 V, 6 % under 230 V)."
    )


def test_the_standfirst_counts_customers_and_their_longest_hold(result: Result) -> None:
    words = standfirst(result, Runs.of(result))
    assert words.startswith("Twelve of the 27 consenting customers had a charger held down, none for more than 81 of")
    assert "Every charger was free again at the end." in words


def test_the_summary_marks_what_is_outside_its_limit(result: Result) -> None:
    rows = {row.what: row for row in summary_rows(result, Runs.of(result))}
    assert rows["Feeder fuse"].bad == {"without"}
    assert rows["Lowest voltage at a home"].bad == {"without"}
    assert rows["Most minutes for any customer, in 24 hours"].bad == frozenset()
    over = change(result, lambda r: r["with_control"].update(max_minutes_in_24h=121))
    rows = {row.what: row for row in summary_rows(over, Runs.of(over))}
    assert rows["Most minutes for any customer, in 24 hours"].bad == {"with"}


def _paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path] + [p for key, item in value.items() for p in _paths(item, (*path, key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [path] + [p for index, item in enumerate(value[:2]) for p in _paths(item, (*path, index))[1:]]
    return [path]


def _shorten(result: Result) -> None:
    for run in (result["without_control"], result["with_control"]):
        series = run["series"]
        for key in ("at", "hot_spot_degc", "cars_drawing"):
            series[key] = series[key][440:520]
        for where in (series, run):
            for key in ("current_a", "fuse_state", "cable_degc", "allowable_a", "upper_a"):
                if key in where:
                    where[key] = [phase[440:520] for phase in where[key]]
        for key in ("events", "curtailments"):
            if key in run:
                run[key] = run[key][:3]


SMALL = change(evening(), _shorten)
removals = st.lists(st.sampled_from(_paths(SMALL)[1:]), min_size=1, max_size=8, unique=True)


@settings(max_examples=15, deadline=None)
@given(removals, st.booleans())
def test_any_fact_may_be_missing_or_null(paths: list[tuple[Any, ...]], null: bool) -> None:
    small = copy.deepcopy(SMALL)
    for path in sorted(paths, key=len, reverse=True):
        parent: Any = small
        for key in path[:-1]:
            parent = parent[key]
        if null:
            parent[path[-1]] = None
        else:
            del parent[path[-1]]
    outline(render_report(small))


def test_the_middle_of_a_long_story_is_folded_and_nothing_is_lost(result: Result) -> None:
    story = [f"0{n // 60}:{n % 60:02d}:00 holding: step number {n};" for n in range(60)]
    page = render_report(change(result, lambda r: r["with_control"]["interventions"][0].update(story=story)))
    outline(page)
    assert "42 more steps" in page
    assert all(f"tep number {n};" in page for n in range(60))
