"""What the report says in words: the headline, the summary's rows, and plainly what could not be done."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.app.report_values import (
    PHASE_NAMES,
    QUOTA_MIN,
    RELIEF_TARGET_S,
    TARGET_S,
    UNKNOWN_VALUE,
    Result,
    Runs,
    clock,
    figure,
    joined,
    number,
    plural,
    spelled,
)

_FUSE = "Feeder fuse"
_FUSE_STATE = "Highest fuse state"
_MINUTES_LOST = "Customer minutes without supply"
_NOT_CONVERGED = "Minutes in which the power flow did not converge"
_ALL_FREE = "Every charger free at the end"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the summary: what, without, with, against which limit.

    ``bad`` names the cells to mark; ``group`` is a heading to stand above this line.
    """

    what: str
    without: str
    with_: str
    limit: str = ""
    bad: frozenset[str] = frozenset()
    group: str = ""


def headline(result: Result, runs: Runs) -> str:
    """The result in one or two sentences: the fuse first; where it held, the cable if it passed its limit."""
    blown_without, blown_with = _blow(runs.without), _blow(runs.with_)
    if runs.without is None and runs.with_ is None:
        return "No run was recorded."
    if runs.with_ is None:
        return f"Nobody intervened, and {blown_without}." if blown_without else "Nobody intervened, and the fuse held."
    if runs.without is None:
        return f"With control, {blown_with}." if blown_with else "With control the fuse held."
    if blown_without and not blown_with:
        return f"Without control {blown_without}. With control it did not."
    if blown_without and blown_with:
        return f"Without control {blown_without}. With control {blown_with} all the same."
    if blown_with:
        return f"With control {blown_with}. Without control it held."
    return _cable_headline(result, runs) or "The fuse held, with control and without."


def _cable_headline(result: Result, runs: Runs) -> str:
    limit = number((result.get("street") or {}).get("cable_limit_degc"))
    without, with_ = (number((run or {}).get("max_cable_degc")) for run in (runs.without, runs.with_))
    if limit is None or without is None or with_ is None or without <= limit:
        return ""
    stayed = f"stayed at {with_:.0f} °C" if with_ <= limit else f"still reached {with_:.0f} °C"
    reached = f"Without control the cable reached {without:.0f} °C, over its limit of {limit:.0f} °C."
    return f"{reached} With control it {stayed}."


def _blow(run: Result | None) -> str:
    if run is None or not run.get("fuse_blown_at"):
        return ""
    phases = list(run.get("blown_phases") or ())
    at = clock(run["fuse_blown_at"])
    if len(phases) > 1:
        return f"the {joined(phases)} fuses blew, the first at {at}"
    return f"the {phases[0] + ' ' if phases else ''}fuse blew at {at}"


def standfirst(result: Result, runs: Runs) -> str:
    """What the control cost and whom, in two or three sentences."""
    control = runs.with_
    if control is None:
        return "This report has no run with control."
    count = int(number(control.get("customers_curtailed")) or 0)
    if count == 0:
        return f"No charger was held down. {_unfinished_sentence(result, runs)}"
    consenting = number((result.get("street") or {}).get("consenting"))
    whom = f"{spelled(count)} of the {consenting:.0f} consenting customers" if consenting else plural(count, "customer")
    longest = number(control.get("max_minutes_in_24h"))
    most = f", none for more than {longest:.0f} of the {QUOTA_MIN} minutes allowed in 24 hours" if longest else ""
    free = {True: " Every charger was free again at the end.", False: " Not every charger was free at the end."}
    sentences = f"{whom} had a charger held down{most}."
    ending = free.get(control.get("chargers_free_at_end"), "")  # type: ignore[arg-type] # absent reads as unknown
    return f"{sentences}{ending} {_unfinished_sentence(result, runs)}".strip()


def _unfinished_sentence(result: Result, runs: Runs) -> str:
    count = len(shortcomings(result, runs))
    if count == 0:
        return ""
    if count == 1:
        return "One thing did not go as intended; it is listed below."
    return f"{spelled(count)} things did not go as intended; they are listed below."


def summary_rows(result: Result, runs: Runs) -> list[Row]:
    """The side-by-side table; a row that neither run knows anything about is left out."""
    street = result.get("street") or {}
    rated, cable = number(street.get("fuse_a")), number(street.get("cable_limit_degc"))
    rows = [
        _fuse_row(runs),
        _pair(runs, _FUSE_STATE, "max_fuse_state", digits=2, limit="1.00 melts", over=1.0),
        _pair(runs, "Highest phase current", "max_current_a", "A", limit=f"{rated:.0f} A fuse rating" if rated else ""),
        _pair(
            runs,
            "Hottest cable conductor",
            "max_cable_degc",
            "°C",
            digits=1,
            limit=figure(cable, "°C") if cable else "",
            over=cable,
        ),
        _pair(
            runs,
            "Transformer hot spot",
            "max_hot_spot_degc",
            "°C",
            digits=1,
            limit="120 °C, IEC 60076-7 normal cyclic",
            over=120.0,
        ),
        _pair(
            runs,
            "Lowest voltage at a home",
            "min_voltage_v",
            "V",
            digits=1,
            limit="216.2 V, 6 % under 230 V",
            under=216.2,
        ),
        _pair(runs, _MINUTES_LOST, "customer_minutes_lost", limit="0", over=0.0),
        _pair(runs, "Charging energy delivered", "energy_delivered_kwh", "kWh"),
        _pair(runs, _NOT_CONVERGED, "non_converged_minutes", limit="0", over=0.0),
    ]
    control = runs.with_
    if control is not None:
        rows += _control_rows(control)
    return [row for row in rows if (row.without, row.with_) != (UNKNOWN_VALUE, UNKNOWN_VALUE)]


def _fuse_row(runs: Runs) -> Row:
    def cell(run: Result | None) -> str:
        if run is None:
            return UNKNOWN_VALUE
        if not run.get("fuse_blown_at"):
            return "held"
        return f"blew on {joined(list(run.get('blown_phases') or ['a phase']))} at {clock(run['fuse_blown_at'])}"

    bad = frozenset(key for key, _, run in runs.each() if run.get("fuse_blown_at"))
    return Row(_FUSE, cell(runs.without), cell(runs.with_), bad=bad)


def _pair(
    runs: Runs,
    what: str,
    key: str,
    unit: str = "",
    *,
    digits: int = 0,
    limit: str = "",
    over: float | None = None,
    under: float | None = None,
) -> Row:
    cells, bad = {"without": UNKNOWN_VALUE, "with": UNKNOWN_VALUE}, set()
    for name, _, run in runs.each():
        value = number(run.get(key)) if key != "max_current_a" else _max_current(run)
        cells[name] = figure(value, unit, digits)
        if value is not None and ((over is not None and value > over) or (under is not None and value < under)):
            bad.add(name)
        if key == "max_fuse_state" and value is not None and value >= 1.0:
            bad.add(name)
    return Row(what, cells["without"], cells["with"], limit, frozenset(bad))


def _max_current(run: Result) -> float | None:
    series = (run.get("series") or {}).get("current_a") or ()
    return max((x for phase in series for value in phase if (x := number(value)) is not None), default=None)


def _control_rows(control: Result) -> list[Row]:
    requests = control.get("service_requests") or {}
    notices = control.get("notices") or {}
    longest, relief = number(control.get("max_minutes_in_24h")), number(control.get("detection_to_reduction_s"))
    trips = " / ".join(figure(requests.get(key), digits=1) for key in ("p50_s", "p95_s", "max_s"))
    free = {True: "yes", False: "no"}.get(control.get("chargers_free_at_end"), UNKNOWN_VALUE)  # type: ignore[arg-type] # may be absent
    told = f"{figure(notices.get('customer'))} to customers, {figure(notices.get('supplier'))} to suppliers"
    bad_trip = (number(requests.get("p95_s")) or 0) > TARGET_S
    return [
        Row(
            "Customers curtailed",
            "",
            figure(control.get("customers_curtailed")),
            group="What control took, and how fast it was",
        ),
        Row(
            "Most minutes for any customer, in 24 hours",
            "",
            figure(longest, digits=0),
            f"{QUOTA_MIN}",
            _bad((longest or 0) > QUOTA_MIN),
        ),
        Row("Energy delayed", "", figure(control.get("energy_delayed_kwh"), "kWh", 1)),
        Row(
            "From detection to reduced current",
            "",
            figure(relief, "s"),
            f"{RELIEF_TARGET_S} s",
            _bad((relief or 0) > RELIEF_TARGET_S),
        ),
        Row(
            "Service requests: count, failed",
            "",
            f"{figure(requests.get('count'))}, {figure(requests.get('failed'))}" if requests else UNKNOWN_VALUE,
        ),
        Row(
            "Round trip: median / 95th percentile / longest, s",
            "",
            trips if requests else UNKNOWN_VALUE,
            f"{TARGET_S} s",
            _bad(bad_trip),
        ),
        Row(_ALL_FREE, "", free, "yes", _bad(free == "no")),
        Row("Notices", "", told if notices else UNKNOWN_VALUE),
    ]


def _bad(is_bad: bool) -> frozenset[str]:
    return frozenset({"with"}) if is_bad else frozenset()


_TOLD_OTHERWISE = (_FUSE, _FUSE_STATE, _MINUTES_LOST, _NOT_CONVERGED, _ALL_FREE)


def shortcomings(result: Result, runs: Runs) -> list[str]:
    """Everything that could not be done or did not go as it should, one sentence each, from the data alone."""
    found: list[str] = []
    for _, label, run in runs.each():
        minutes = int(number(run.get("non_converged_minutes")) or 0)
        if minutes:
            found.append(
                f"{label}, the power flow did not converge in {plural(minutes, 'minute')}; the values shown for "
                "them are the last iteration's."
            )
    control = runs.with_
    if control is None:
        return found
    if control.get("fuse_blown_at"):
        found.append(f"Control did not keep the fuse: {_blow(control)}.")
    verdict = (result.get("household_only") or {}).get("verdict")
    found += [str(verdict)] if verdict else []
    reasons: dict[object, list[str]] = {}
    for row in control.get("escalations") or ():
        reasons.setdefault(row.get("intervention"), []).append(str(row.get("why") or ""))
    found += [
        f"{row.what}, with control: {row.with_}, outside its limit ({row.limit})."
        for row in summary_rows(result, runs)
        if "with" in row.bad and row.what not in _TOLD_OTHERWISE
    ]
    for intervention in control.get("interventions") or ():
        found += _intervention_shortcomings(intervention, "; ".join(reasons.get(intervention.get("id"), ())))
    found += _command_shortcomings(control)
    found += [
        f"An invariant was broken: {name}." for name, held in (control.get("invariants") or {}).items() if not held
    ]
    if control.get("chargers_free_at_end") is False:
        found.append("Not every charger was free again at the end.")
    return found


def _intervention_shortcomings(intervention: Result, why: str) -> list[str]:
    name = f"Intervention {intervention.get('id', '')}"
    short = [
        f"{amps:.0f} A on {phase}"
        for phase, value in zip(PHASE_NAMES, intervention.get("shortfall_a") or (), strict=False)
        if (amps := number(value) or 0.0) > 0.5
    ]
    found = []
    if short:
        found.append(f"{name} could not find enough load to hold: {joined(short)} remained uncovered.")
    if intervention.get("escalated"):
        found.append(
            f"{name} was escalated as an emergency that load control can not end{f' ({why})' if why else ''}: it asks "
            "for mobile generation or storage, and for the feeder's permanent solution to be brought forward."
        )
    return found


def _command_shortcomings(control: Result) -> list[str]:
    found = []
    failed = int(number((control.get("service_requests") or {}).get("failed")) or 0)
    if failed:
        found.append(
            f"{plural(failed, 'service request')} failed or timed out. "
            "Nothing is counted as held that no device confirmed."
        )
    unconfirmed = int(number(control.get("unconfirmed_holds")) or 0)
    if unconfirmed:
        found.append(
            f"{plural(unconfirmed, 'hold')} ended without an answer from the device: whether the charger was held is "
            "not known. The whole commanded time stays counted against the customer's quota."
        )
    unknown = [row for row in control.get("curtailments") or () if row.get("ended_by") == "unknown"]
    if unknown:
        homes = joined(sorted({str(row.get("customer")) for row in unknown}))
        found.append(
            f"Whether the charger was held is not known for {homes}: no answer came. The whole commanded time stays "
            "counted against the customer's quota; the device frees itself when that time is over."
        )
    return found
