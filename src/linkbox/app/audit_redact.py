"""``linkbox audit redact``: what there is of a person, and taking it away."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.app.retention_policy import read_policy
from linkbox.app.store_option import owned
from linkbox.app.wire_io import bad_input, say
from linkbox.base.identifiers import InvalidIdentifier, Mpan
from linkbox.operation.ports import Store
from linkbox.operation.redaction import Found, Request, find_customer, find_person
from linkbox.operation.redaction import redact as take_away


def redact_store(
    store: str,
    *,
    mpan: str | None,
    person: str | None,
    ground: str,
    reason: str,
    by: tuple[str, ...],
    policy: Path | None,
    yes: bool,
    at: datetime,
    as_json: bool,
) -> None:
    """Say what is found of the person, and with ``yes`` take it away. Raise InvalidInput for what makes no sense."""
    if (mpan is None) == (person is None):
        raise bad_input("--mpan", "", "either --mpan or --person must be given, not both")
    request = Request(ground=ground, reason=reason, by=by, names=read_policy(policy).names)
    with owned(store) as place:
        found = _find(place, mpan, person)
        record = None
        if found and yes:
            record = take_away(place, found, request, at=at).seq
            place.scrub()
    result: dict[str, Any] = {**found.counts(), "redacted": record is not None, "record": record}
    if not found:
        result["note"] = "nothing is held of this person"
    elif not yes:
        result["note"] = "nothing was changed; with --yes it is taken away for good"
    say(result, as_json=as_json)


def _find(store: Store, mpan: str | None, person: str | None) -> Found:
    if person is not None:
        if len(person.strip()) < 2:
            raise bad_input("--person", person, "must be a name")
        return find_person(store, person)
    try:
        return find_customer(store, Mpan(mpan or ""))
    except InvalidIdentifier as error:
        raise bad_input("--mpan", "", error.rule) from error
