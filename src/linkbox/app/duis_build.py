"""Building and signing DUIS messages for the command line: options and JSON in, canonical XML out."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from linkbox.app.duis_messages import BODY_OF_SRV, build, is_response, read_any
from linkbox.app.wire_io import as_input, bad_input, moment
from linkbox.app.wire_json import parse_json
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.dcc.duis import canonical_unsigned, cautions, decode_request, encode_request, sign, version_at
from linkbox.dcc.duis.bodies import ReadInventory
from linkbox.dcc.eligibility import UserRole, profile_named, require_allowed
from linkbox.dcc.exchange.counters import reserve
from linkbox.dcc.exchange.services import signed_request
from linkbox.dcc.smki import Signer

_SLOTS = range(1, 6)
_COUNTER_DIGITS = 20


class RequestRefused(LinkboxError):
    """A request that can be built is not to be sent; the message says why."""


def from_options(srv: str | None, header: dict[str, Any], plain: dict[str, Any], body: bytes | None) -> bytes:
    """The canonical request that options and the JSON of a body ask for; raise InvalidInput with every issue."""
    if srv is None:
        raise bad_input("--srv", "", "must be given")
    given = {name: value for name, value in plain.items() if value is not None}
    content = _from_file(body) if body is not None else {}
    twice = sorted(given.keys() & content.keys())
    if twice:
        raise InvalidInput(
            "request", [Issue(where=name, value=str(given[name]), rule="is in the body's file too") for name in twice]
        )
    header["counter"] = _number(header["counter"])
    header["schema_version"] = header["schema_version"] or version_at(moment(None))
    return build(srv, header, {**content, **_shaped(srv, given)})


def next_counter(file: Path) -> str:
    """A counter that was never taken from ``file`` before; the new mark is on disk before anything is printed."""
    with as_input(str(file)), open(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="ascii") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        text = mark.read().strip()
        if text and not (text.isdigit() and len(text) <= _COUNTER_DIGITS):
            raise bad_input(str(file), text[:40], "must hold the last counter, or nothing")
        block, high_water = reserve(int(text or 0), count=1, at=moment(None))
        mark.seek(0)  # a mark only grows: nothing of the old one is left over
        mark.write(f"{high_water}\n")
        mark.flush()
        os.fsync(mark.fileno())
    return str(block.next)


def _number(text: str | None) -> Any:
    """A counter of up to 20 digits; what is none is left for the reader to refuse."""
    return (
        int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= _COUNTER_DIGITS else text
    )


def _from_file(data: bytes) -> dict[str, Any]:
    """A body, or that of a whole message as ``show --json`` prints it."""
    content = parse_json(data, "body")
    if isinstance(content, dict) and isinstance(content.get("body"), dict):
        content = content["body"]
    if not isinstance(content, dict):
        raise bad_input("body", str(content)[:80], "must be a JSON object")
    return content


def _shaped(srv: str, given: dict[str, Any]) -> dict[str, Any]:
    """Options whose fields are not plain, in the form that the body has them."""
    shaped = dict(given)
    if "slots" in shaped:
        marked = {part.strip() for part in str(shaped["slots"]).split(",")}
        if not marked <= {str(number) for number in _SLOTS}:
            raise bad_input("--slots", str(shaped["slots"]), "must be numbers within 1..5, as 1,3")
        shaped["slots"] = [{"index": number, "marked": str(number) in marked} for number in _SLOTS]
    if BODY_OF_SRV.get(srv) is ReadInventory:
        for option, kind in (("device", "ByDevice"), ("mpxn", "ByMpxn")):
            if option in shaped:
                shaped["search"] = {"type": kind, option: shaped.pop(option)}
    return shaped


def around_signed_pre_command(request: bytes, payload: bytes) -> bytes:
    """The request of command variant 5 that carries a Signed Pre-Command, for the critical request in ``request``."""
    with as_input("request"):
        return encode_request(signed_request(decode_request(request), payload))


def require_sendable(data: bytes, *, profile: str | None, role: str, allow_doubtful: bool) -> None:
    """Raise RequestRefused for a doubtful request, EligibilityRefused for one that the profile does not allow."""
    request = decode_request(data)
    if profile is not None:
        with as_input("--profile"):
            rules = profile_named(profile)
        if role not in set(UserRole):
            raise bad_input("--role", role, f"must be one of {', '.join(UserRole)}")
        require_allowed(rules, role=UserRole(role), srv=request.srv, at=moment(None))
    doubts = () if allow_doubtful else cautions(request)
    if doubts:
        listed = "".join(f"\n  {issue}" for issue in doubts)
        raise RequestRefused(f"doubtful request, not printed without --allow-doubtful: {len(doubts)} issue(s){listed}")


def signed(data: bytes, signer: Signer) -> bytes:
    """A valid message with a new signature. The signer of a request must be its originator."""
    with as_input("message"):
        message = read_any(data)
        canonical = canonical_unsigned(data)
    eui = signer.certificate.eui
    originator = message.request_id.originator if message.request_id is not None else None
    if not is_response(data) and eui != originator:
        raise RequestRefused(f"not signed: the certificate is of {eui}, the request of {originator}")
    return sign(canonical, signer)
