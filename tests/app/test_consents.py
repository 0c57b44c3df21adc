"""``linkbox consents`` as a user would: import, look, export, ask, opt out, review."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from linkbox.adapters.store_sql import SqliteStore
from linkbox.app.cli import app
from linkbox.app.consents_import import MOST_ISSUES
from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Mpan
from linkbox.operation.ports import Row

A, B, C = (Mpan.from_core(f"20000000000{n}") for n in range(3))
HEAD = "mpan,at,kind,text_version,channel,evidence,tenancy"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "linkbox.sqlite"


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["consents", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def load(place: Path, *arguments: object) -> Any:
    return json.loads(run(*arguments, "--store", place, "--json"))


def table(path: Path, head: str, *lines: str) -> Path:
    path.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return path


def consents(tmp_path: Path, *lines: str, head: str = HEAD) -> Path:
    return table(tmp_path / "consents.csv", head, *lines)


def given(mpan: str, at: str = "2026-01-02T10:00:00Z", tenancy: str = "T1") -> str:
    return f"{mpan},{at},given,2026-1,web,form 7,{tenancy}"


def test_an_import_records_each_fact_once_however_often_it_is_done(tmp_path: Path, place: Path) -> None:
    file = consents(tmp_path, given(A), given(B), given(A), given(C, "2026-01-02T11:00:00+01:00"))
    assert load(place, "import", file, "--dry-run") == {"lines": 4, "new": 3, "known": 1, "recorded": False}
    assert load(place, "import", file) == {"lines": 4, "new": 3, "known": 1, "recorded": True}
    assert load(place, "import", file, "--by", "somebody else") == {"lines": 4, "new": 0, "known": 4, "recorded": True}
    assert load(place, "show", C)["history"][0]["at"] == "2026-01-02T10:00:00.000000+00:00"
    assert load(place, "show", C)["history"][0]["recorded_by"] == "consents.csv"


def test_every_issue_of_every_line_is_told_with_its_place_and_nothing_is_recorded(tmp_path: Path, place: Path) -> None:
    wrong = [
        given(A),
        f"{A[:12]}X,yesterday,perhaps,,web,form,T1,maybe",
        "1,2",
        f'{A[:-1]}0,2026-01-02T10:00:00,given,v,web,"form\nof two lines",T1,no',
        f"{B},2026-01-02T10:00:00Z,given,v,web,form,T1,yes",
    ]
    file = consents(tmp_path, *wrong, head=HEAD + ",off")
    with pytest.raises(InvalidInput) as caught:
        run("import", file, "--store", place)
    places = [(i.where.removeprefix(f"{file}:"), i.rule.split(" ")[0]) for i in caught.value.issues]
    assert places == [
        ("2", "must"),
        ("3:off", "must"),
        ("3:mpan", "must"),
        ("3:at", "must"),
        ("3:kind", "must"),
        ("3:text_version", "is"),
        ("4", "must"),
        ("6:mpan", "check"),
        ("6:at", "must"),
    ]
    assert A[:9] not in str(caught.value), "no MPAN in what may end in a log"
    assert SqliteStore(place).last_customer_fact() == 0


def test_of_very_many_issues_some_are_listed_and_all_are_counted(tmp_path: Path, place: Path) -> None:
    file = consents(tmp_path, *["x"] * (MOST_ISSUES + 17))
    with pytest.raises(InvalidInput) as caught:
        run("import", file, "--store", place)
    assert len(caught.value.issues) == MOST_ISSUES + 1
    assert caught.value.issues[-1].value == "17"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "columns of one of"),
        (b"mpan,at,colour\n", "columns of one of"),
        (HEAD.encode() + b",colour\n", "colour"),
        (HEAD.encode() + b",mpan\n", "once"),
        (HEAD.encode() + b",recorded_at\n", "recorded_at"),
        (HEAD.encode() + b"\n\xff\xfe\n", "UTF-8"),
        (HEAD.encode() + b'\n"open', "CSV"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, place: Path, content: bytes, told: str) -> None:
    file = tmp_path / "odd.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        run("import", file, "--store", place)


def test_tenancies_suppliers_and_scopes_come_by_table_and_show_at_any_moment(tmp_path: Path, place: Path) -> None:
    head = HEAD + ",expires_at,device,off,boost_button,register_opt_in"
    load(place, "import", consents(tmp_path, given(A) + ",2027-01-01T00:00:00Z,,no,yes,", head=head))
    load(place, "import", table(tmp_path / "t.csv", "mpan,at,tenancy", f"{A},2026-03-01T00:00:00Z,T2"))
    load(place, "import", table(tmp_path / "s.csv", "mpan,at,supplier", f"{A},2026-02-01T00:00:00Z,Elm Light"))
    head = "mpan,at,opted_in,evidence"
    load(place, "import", table(tmp_path / "p.csv", head, f"{A},2026-02-01T00:00:00Z,yes,call 4"))
    then = load(place, "show", A, "--at", "2026-02-15T00:00:00Z")
    assert (then["consent in force"], then["tenancy"], then["supplier"]) == (True, "T1", "Elm Light")
    assert then["scope"] == {"device": "EV charger", "off": False, "boost_button": True, "register_opt_in": False}
    now = load(place, "show", A, "--at", "2026-03-02T00:00:00Z")
    assert (now["consent in force"], now["tenancy"]) == (False, "T2")
    assert "tenancy changed" in now["why"]
    assert [e["event"] for e in now["history"]] == ["consent", "supplier_change", "priority_choice", "tenancy_change"]
    unknown = load(place, "show", A, "--at", "2026-03-02T00:00:00Z", "--known-at", "2026-03-01T00:00:00Z")
    assert unknown["history"] == [], "Linkbox came to know by the import, which is today"
    assert A not in run("show", A, "--store", place)


def test_what_is_exported_can_be_imported_elsewhere_with_its_own_times(tmp_path: Path, place: Path) -> None:
    head = HEAD + ",off"
    load(place, "import", consents(tmp_path, given(A) + ",no", given(B) + ",", head=head))
    load(place, "import", table(tmp_path / "t.csv", "mpan,at,tenancy", f"{A},2026-03-01T00:00:00Z,T2"))
    other = tmp_path / "other.sqlite"
    for kind in ("consents", "tenancies"):
        out = tmp_path / f"{kind}.out.csv"
        assert run("export", "--store", place, "--kind", kind, "--out", out) == ""
        assert run("export", "--store", place, "--kind", kind) == out.read_text("utf-8")
        assert load(other, "import", out, "--as-recorded")["new"] > 0
    first, second = SqliteStore(place), SqliteStore(other)
    assert [e for _, e in first.customer_facts()] == [e for _, e in second.customer_facts()]
    first.close()
    second.close()


POINTS = "mpan,feeder_id,phase,domestic,priority_register,postcode,supplier"


def street(tmp_path: Path, place: Path) -> None:
    lines = [
        f"{A},F1,L1,yes,no,LB1 1AA,Alder Energy",
        f"{B},F1,,yes,yes,LB1 1AA,Alder Energy",
        f"{C},F1,L2,yes,no,LB1 1AB,Birch Power",
        f"{Mpan.from_core('200000000009')},F1,L3,no,no,LB1 1AB,Birch Power",
    ]
    assert run("points", table(tmp_path / "points.csv", POINTS, *lines), "--store", place) == "points: 4\n"


def test_a_feeders_permits_are_counted_with_the_reasons(tmp_path: Path, place: Path) -> None:
    street(tmp_path, place)
    load(place, "import", consents(tmp_path, given(A), given(B)))
    found = load(place, "permits", "F1", "--at", "2026-01-10T00:00:00Z")
    assert (found["points"], found["permitted"]) == (4, 1)
    assert found["refused because of"]["no consent on file"] == 2
    with pytest.raises(InvalidInput, match="register"):
        run("permits", "F9", "--store", place)


def test_points_with_faults_are_refused_as_a_whole_with_every_issue(tmp_path: Path, place: Path) -> None:
    file = table(tmp_path / "points.csv", POINTS, f"{A},F1,L1,yes,no,,", "1,,L9,perhaps,no,,")
    with pytest.raises(InvalidInput) as caught:
        run("points", file, "--store", place)
    assert [i.where.rsplit(":", 1)[1] for i in caught.value.issues] == ["mpan", "feeder_id", "domestic", "phase"]
    with pytest.raises(InvalidInput, match="must be a column"):
        run("points", table(tmp_path / "points.csv", "mpan,colour"), "--store", place)
    with SqliteStore(place).transaction():
        pass


def letters(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.rglob("*.json"))]


def seek(place: Path, out: Path, *more: object, campaign: str = "spring") -> Any:
    return load(place, "seek", "--campaign", campaign, "--text-version", "2026-2", "--out", out, *more)


def test_a_campaign_asks_everybody_on_a_feeder_once(tmp_path: Path, place: Path) -> None:
    street(tmp_path, place)
    load(place, "import", consents(tmp_path, given(A)))
    out = tmp_path / "letters"
    assert seek(place, out, "--feeder", "F1", "--dry-run") == {
        "asked": 1,
        "written": 0,
        "passed over": {"has consented": 1},
    }
    assert not out.exists()
    assert seek(place, out, "--feeder", "F1")["written"] == 1
    assert seek(place, out, "--feeder", "F1", campaign="again")["passed over"] == {
        "has consented": 1,
        "was asked, or has said no": 1,
    }
    (letter,) = letters(out)
    assert "LB1 1AB" in letter["body"]
    assert letter["id"] in letter["body"]
    assert letter["id"].startswith("spring-")
    assert C not in json.dumps(letter)
    history = load(place, "show", C)["history"]
    assert [(e["kind"], e["text_version"], e["evidence"]) for e in history] == [("sought", "2026-2", letter["id"])]


def test_a_selection_brings_names_addresses_and_languages(tmp_path: Path, place: Path) -> None:
    street(tmp_path, place)
    head = "mpan,name,address,language"
    file = table(tmp_path / "chosen.csv", head, f"{A},Ann Price,1 Cellar Street,cy", f"{C},Bob Hill,3 Cellar Street,")
    assert seek(place, tmp_path / "out", "--selection", file, "--channel", "e-mail")["asked"] == 2
    welsh, english = sorted(letters(tmp_path / "out"), key=lambda letter: letter["language"])
    assert "Annwyl Ann Price" in welsh["body"]
    assert "Dear Bob Hill" in english["body"]
    assert english["to"]["address"] == "3 Cellar Street"
    with pytest.raises(InvalidInput, match="check digit"):
        seek(place, tmp_path / "out", "--selection", table(tmp_path / "bad.csv", "mpan", A[:12] + "0"))


def test_who_waits_to_be_asked_is_asked_and_waits_no_more(tmp_path: Path, place: Path) -> None:
    store = SqliteStore(place)
    with store.transaction() as tx:
        body = {"mpan": str(A), "tenancy": "T2", "since": "2026-01-01T00:00:00.000Z"}
        tx.put("seeking", Row(key="tenancy-1", state="open", owner=str(A), body=body))
    store.close()
    assert seek(place, tmp_path / "out", "--waiting", "--channel", "message", "--language", "cy")["asked"] == 1
    assert seek(place, tmp_path / "out", "--waiting", campaign="next")["asked"] == 0


def test_own_templates_are_used_and_what_they_ask_for_in_vain_is_named(tmp_path: Path, place: Path) -> None:
    street(tmp_path, place)
    own = tmp_path / "own" / "en"
    own.mkdir(parents=True)
    (own / "letter.txt").write_text("Subject: Hello\n\nYour meter {{ meter }}\n", "utf-8")
    with pytest.raises(InvalidInput, match="'meter' is undefined"):
        seek(place, tmp_path / "out", "--feeder", "F1", "--templates", tmp_path / "own")
    with pytest.raises(InvalidInput, match="TemplateNotFound"):
        seek(place, tmp_path / "out", "--feeder", "F1", "--templates", tmp_path / "own", "--language", "cy")
    (own / "letter.txt").write_text("{{ asked.mpan }}", "utf-8")
    with pytest.raises(InvalidInput, match="Subject"):
        seek(place, tmp_path / "out", "--feeder", "F1", "--templates", tmp_path / "own")
    with pytest.raises(InvalidInput, match="exactly one"):
        seek(place, tmp_path / "out")
    assert load(place, "show", A)["history"] == [], "who could not be written to was not asked"


def test_the_opt_out_ends_a_consent_at_once_and_a_campaign_leaves_them_alone(tmp_path: Path, place: Path) -> None:
    street(tmp_path, place)
    load(place, "import", consents(tmp_path, given(A)))
    assert "consent given" in run("opt-out", A, "--store", place, "--evidence", "call 12", "--by", "desk 3")
    shown = load(place, "show", A)
    assert not shown["consent in force"]
    assert shown["history"][-1]["recorded_by"] == "desk 3"
    run("opt-out", C, "--store", place, "--evidence", "call 13")
    assert seek(place, tmp_path / "out", "--feeder", "F1")["asked"] == 0


def test_reviews_are_listed_without_mpans_and_closed_with_a_name_and_a_finding(place: Path) -> None:
    store = SqliteStore(place)
    with store.transaction() as tx:
        body = {"mpan": str(A), "command": "LB-1-0001", "why": "tenancy changed"}
        tx.put("review", Row(key="LB-1-0001", state="open", owner="LB-1", body=body))
    store.close()
    (review,) = load(place, "reviews")["open"]
    assert review == {"command": "LB-1-0001", "intervention": "LB-1", "why": "tenancy changed"}
    with pytest.raises(InvalidInput) as caught:
        run("reviews", "--store", place, "--close", "LB-1-0002")
    assert [i.where for i in caught.value.issues] == ["--close", "--by", "--finding"]
    arguments = ("reviews", "--close", "LB-1-0001", "--by", "A. Clerk", "--finding", "the new tenant agreed")
    assert load(place, *arguments) == {"open": []}


def test_a_store_that_is_not_there_is_not_made_by_a_question(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="must be a store that exists"):
        run("show", A, "--store", tmp_path / "none.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_an_mpan_that_is_none_is_refused_and_not_repeated(tmp_path: Path, place: Path) -> None:
    SqliteStore(place).close()
    with pytest.raises(InvalidInput) as caught:
        run("show", A[:12] + "0", "--store", place)
    assert A[:9] not in str(caught.value)


def test_an_exported_table_is_csv(tmp_path: Path, place: Path) -> None:
    load(place, "import", consents(tmp_path, f'{A},2026-01-02T10:00:00Z,given,v,web,"form ""7"", page 2",T1'))
    rows = list(csv.DictReader(io.StringIO(run("export", "--store", place))))
    assert rows[0]["evidence"] == 'form "7", page 2'


def test_a_fact_that_was_recorded_in_error_is_annulled_and_moves_with_the_register(tmp_path: Path, place: Path) -> None:
    load(place, "import", consents(tmp_path, given(A), given(B)))
    (told,) = load(place, "show", A)["history"]
    where = ("--store", place, "--by", "A. Able", "--reason", "the neighbour's form")
    assert "before: consent given" in run("annul", A, told["fact"][:8], *where)
    shown = load(place, "show", A)
    assert not shown["consent in force"]
    assert [f.get("annulled", "")[-20:] for f in shown["history"]].count("the neighbour's form") == 1
    assert load(place, "show", A, "--known-at", "2026-01-03T00:00:00Z")["history"] == []
    for wrong in (told["fact"][:8], told["fact"][:4], "0" * 32):
        with pytest.raises(InvalidInput):
            run("annul", A, wrong, *where)
    with pytest.raises(InvalidInput) as refused:
        run("annul", B, told["fact"], "--store", place, "--by", " ", "--reason", "")
    assert {issue.where for issue in refused.value.issues} == {"FACT", "--by", "--reason"}
    new = tmp_path / "new.sqlite"
    for kind in ("consents", "annulments"):
        run("export", "--store", place, "--kind", kind, "--out", tmp_path / f"{kind}.csv")
        load(new, "import", tmp_path / f"{kind}.csv", "--as-recorded")
    assert load(new, "show", A) | {"at": ""} == load(place, "show", A) | {"at": ""}
    annulments = table(tmp_path / "bad.csv", "mpan,at,fact,reason,recorded_by", f"{A},2026-01-02T10:00:00Z,12,,x")
    with pytest.raises(InvalidInput):
        load(new, "import", annulments)
