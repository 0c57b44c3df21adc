"""Write docs/reference/state-tables.md from the state tables in the code.

Run: ``python scripts/state_tables.py``. A test fails when the page is not what this script writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from linkbox.base.statetable import StateTable
from linkbox.control import intervention
from linkbox.dcc.exchange import dsp, table
from linkbox.dcc.inventory import joining
from linkbox.emulator import slots
from linkbox.operation import entities
from linkbox.records import clocks

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "state-tables.md"

HEAD = """\
# State tables

What may happen to the things that live longer than a moment. Each is a table in the code; this page is written from
the tables by `scripts/state_tables.py`, and a test compares the two. An event that a state's row does not have is
impossible in that state: it raises `ImpossibleEvent` and changes nothing. A table can not be built in which a waiting
state has no row for an event that every waiting state must handle (a time-out and an error, mostly), nor one with a
state that can not be reached.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One table with what is said about it."""

    title: str
    where: str
    text: str
    table: StateTable[Any, Any]


CHAPTERS = (
    Chapter(
        title="Intervention",
        where="linkbox.control.intervention.TABLE",
        text="One overload on one feeder, from its detection until everybody is free again. `more_needed` leads to "
        "*rotating*: further chargers, or the next turn of those held. A failure while releasing changes nothing: "
        "every hold ends by itself at the device.",
        table=intervention.TABLE,
    ),
    Chapter(
        title="Command",
        where="linkbox.operation.entities.COMMAND_TABLE",
        text="A hold (SRV 7.6), a reset (7.8) or a read (7.7), as the operation sees it. *Confirmed* means that the "
        "device itself said so, under its signature. *Unknown* means that the device may have acted: its minutes "
        "count until the last moment at which it could still hold.",
        table=entities.COMMAND_TABLE,
    ),
    Chapter(
        title="Clock of a feeder",
        where="linkbox.records.clocks.TABLE",
        text="NF10: from the end of the first month of consistent use six months to a market-led solution or the "
        "decision to reinforce, from the decision twelve to do it. An override has a reason, two names and an end.",
        table=clocks.TABLE,
    ),
    Chapter(
        title="Service request, at the user",
        where="linkbox.dcc.exchange.table.TABLE",
        text="From *signed* on the command may take effect. The device's answer may overtake the acknowledgement: two "
        "connections keep no order. A quarantined command may be delivered much later, so time ends nothing there.",
        table=table.TABLE,
    ),
    Chapter(
        title="Service request, at the DSP",
        where="linkbox.dcc.exchange.dsp.DSP_TABLE",
        text="The other side of the same request, in the emulator.",
        table=dsp.DSP_TABLE,
    ),
    Chapter(
        title="Installation of a switch",
        where="linkbox.dcc.inventory.joining.STEP_TABLE",
        text="From the notice that a HAN connected switch (HCALCS) is to come, to a slot that is labelled and read "
        "back. A step that timed out is done again; a join window that closed has to be opened again.",
        table=joining.STEP_TABLE,
    ),
    Chapter(
        title="A meter's load control slot",
        where="linkbox.emulator.slots.SLOT_TABLE",
        text="What the emulated meter does with a slot: a hold ends by itself. A slot is always there, so nothing is "
        "final.",
        table=slots.SLOT_TABLE,
    ),
)


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_chapter(chapter) for chapter in CHAPTERS)])


def _chapter(chapter: Chapter) -> str:
    machine = chapter.table
    waiting = ", ".join(str(state) for state in machine.rows if state in machine.waiting)
    final = ", ".join(str(state) for state in machine.rows if state in machine.final) or "none"
    return "\n".join(
        [
            f"## {chapter.title}\n",
            f"`{chapter.where}`. {chapter.text}\n",
            f"Begins: {machine.initial}. Waiting: {waiting}. Final: {final}.\n",
            "```mermaid",
            diagram(machine),
            "```\n",
            "| in state | event | leads to |",
            "| --- | --- | --- |",
            *_rows(machine),
            "",
        ]
    )


def _rows(machine: StateTable[Any, Any]) -> list[str]:
    return [f"| {state} | {event} | {after} |" for state, row in machine.rows.items() for event, after in row.items()]


def diagram(machine: StateTable[Any, Any]) -> str:
    """The table for mermaid: one arrow between two states, with all events that lead along it."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state}" as {_name(state)}' for state in machine.rows]
    lines.append(f"    [*] --> {_name(machine.initial)}")
    for state, row in machine.rows.items():
        along: dict[StrEnum, list[str]] = {}
        for event, after in row.items():
            along.setdefault(after, []).append(str(event))
        lines += [f"    {_name(state)} --> {_name(after)}: {', '.join(events)}" for after, events in along.items()]
    lines += [f"    {_name(state)} --> [*]" for state in machine.rows if state in machine.final]
    return "\n".join(lines)


def _name(state: StrEnum) -> str:
    """A name without spaces and hyphens, which mermaid would not take."""
    return str(state).replace(" ", "_").replace("-", "_")


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
