"""``linkbox consents seek``: a campaign from a selection to letters, each recorded as sought before it goes out."""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from linkbox.adapters.notices_files import FileNoticeChannel
from linkbox.app.open_store import AnyStore
from linkbox.app.wire_io import as_input
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, InvalidIdentifier, Mpan
from linkbox.customers import CustomerFile
from linkbox.customers.rows import masked_mpan
from linkbox.operation.letters import Asked, Letter, Render, record_campaign, was_asked
from linkbox.operation.ports import NoticeChannel, Row

AT_ONCE = 500
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is asked, how and by whom. ``name`` makes the references, so that a campaign can be gone on with."""

    name: str
    text_version: str
    channel: str
    language: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A property of a selection, and what the selection says of it besides."""

    mpan: Mpan
    postcode: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a campaign did, or would do: asked now; passed over, by reason."""

    asked: int
    passed_over: Mapping[str, int]


def from_feeder(store: AnyStore, feeder: str) -> list[Chosen]:
    """Everybody domestic on one feeder of the register, but those on the Priority Services Register."""
    found = store.points_of(FeederId(feeder))
    if not found:
        raise InvalidInput("selection", [Issue(where="--feeder", value=feeder, rule="must be in the register")])
    points = [registered.point for registered in found]
    return [
        Chosen(mpan=p.mpan, postcode=p.postcode, fields={}) for p in points if p.domestic and not p.priority_register
    ]


def from_file(store: AnyStore, file: Path) -> list[Chosen]:
    """A CSV file with a column ``mpan`` and whatever the templates need besides: name, address, language …"""
    chosen, issues = [], []
    with as_input(str(file)), file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if "mpan" not in (rows.fieldnames or ()):
            raise InvalidInput("selection", [Issue(where=f"{file}:1", value="", rule="must have a column 'mpan'")])
        for row in rows:
            fields = {str(name): str(value or "") for name, value in row.items() if name not in (None, "mpan")}
            try:
                mpan = Mpan(row["mpan"] or "")
            except InvalidIdentifier as error:
                where = f"{file}:{rows.line_num}:mpan"
                issues.append(Issue(where=where, value=masked_mpan(row["mpan"]), rule=error.rule))
                continue
            known = store.point_of(mpan)
            postcode = fields.pop("postcode", "") or ("" if known is None else known.point.postcode)
            chosen.append(Chosen(mpan=mpan, postcode=postcode, fields=fields))
    if issues:
        raise InvalidInput("selection", issues)
    return chosen


def from_waiting(store: AnyStore) -> list[Chosen]:
    """The new tenants who wait to be asked."""
    mpans = [Mpan(row.body["mpan"]) for row in store.rows("seeking", states=["open"])]
    points = [(mpan, store.point_of(mpan)) for mpan in dict.fromkeys(mpans)]
    return [Chosen(mpan=m, postcode="" if p is None else p.point.postcode, fields={}) for m, p in points]


def seek(store: AnyStore, chosen: Iterable[Chosen], campaign: Campaign, render: Render, *, dry_run: bool) -> Sought:
    """Record and queue a letter for everybody of a selection who was not asked and has said nothing."""
    asked, passed = 0, dict[str, int]()
    for some in _parts(list(_each_once(chosen))):
        facts = store.customer_facts(mpans=[c.mpan for c in some])
        file = CustomerFile.of(event for _, event in facts)
        letters = []
        for choice in some:
            reason, letter = _letter(choice, file, campaign, render)
            if letter is None:
                passed[reason] = passed.get(reason, 0) + 1
            else:
                letters.append(letter)
        asked += len(letters)
        if not dry_run:
            _record(store, letters, campaign)
    return Sought(asked=asked, passed_over=passed)


def _each_once(chosen: Iterable[Chosen]) -> Iterator[Chosen]:
    """Each property once."""
    seen: set[Mpan] = set()
    for choice in chosen:
        if choice.mpan not in seen:
            seen.add(choice.mpan)
            yield choice


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    asked: Asked
    tenancy: str
    letter: Letter


def _letter(choice: Chosen, file: CustomerFile, campaign: Campaign, render: Render) -> tuple[str, _Written | None]:
    change = file.tenancy(choice.mpan, campaign.at)
    tenancy = "" if change is None else change.tenancy
    if file.consent(choice.mpan, campaign.at).valid:
        return "has consented", None
    if was_asked(file, choice.mpan, None if change is None else tenancy):
        return "was asked, or has said no", None
    asked = Asked(
        mpan=choice.mpan,
        postcode=choice.postcode,
        reference=_reference(campaign.name, choice.mpan, tenancy),
        text_version=campaign.text_version,
        language=choice.fields.get("language") or campaign.language,
        at=campaign.at,
        fields=choice.fields,
    )
    return "", _Written(asked=asked, tenancy=tenancy, letter=render(asked, campaign.channel))


def _reference(name: str, mpan: Mpan, tenancy: str) -> str:
    """Short enough to be read out on the telephone, the same when the campaign is gone on with, and no MPAN."""
    digest = hashlib.blake2b(f"{name}/{mpan}/{tenancy}".encode(), digest_size=6).hexdigest().upper()
    return f"{name}-{digest[:4]}-{digest[4:8]}-{digest[8:]}"


def _record(store: AnyStore, letters: list[_Written], campaign: Campaign) -> None:
    with store.transaction() as tx:
        for w in letters:
            record_campaign(tx, w.asked, campaign.channel, w.letter, w.tenancy, w.asked.reference)
            for row in store.rows("seeking", states=["open"], owner=str(w.asked.mpan)):
                tx.put("seeking", Row(key=row.key, state="sought", owner=row.owner, body=row.body))


def deliver(store: AnyStore, folder: Path) -> int:
    """Hand over what campaigns have queued, also one that was cut off, to the folder; how many."""
    return asyncio.run(_deliver(store, FileNoticeChannel(folder)))


async def _deliver(store: AnyStore, channel: NoticeChannel) -> int:
    queued = store.rows("notice", states=["queued"], owner="consent")
    for some in _parts(queued):
        for row in some:
            await channel.deliver(row.body)
        with store.transaction() as tx:
            for row in some:
                tx.put("notice", Row(key=row.key, state="delivered", owner=row.owner, body=row.body))
    return len(queued)


def _parts(items: list[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
