"""What opens the commitments and tokens of the audit chain, kept beside it: rows that can be taken away for good."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.operation.ports import Row, Store, Transaction
from linkbox.records.commitments import SALT_OCTETS, Opening, Salts
from linkbox.records.pseudonym import salted_token

PERSONAL, PSEUDONYM = "personal", "pseudonym"
HELD, REDACTED = "held", "redacted"


def random_salt(name: str) -> bytes:
    """A salt that nobody can guess or make again; the name does not matter."""
    return secrets.token_bytes(SALT_OCTETS)


def keep_openings(tx: Transaction, seq: int, openings: Sequence[Opening], at: datetime) -> None:
    """Keep what opens the commitments of record ``seq``."""
    for opening in openings:
        body = {
            "seq": seq,
            "at": format_utc(at),
            "where": opening.where,
            "kind": opening.kind,
            "commitment": opening.commitment,
            "salt": opening.salt.hex(),
            "value": opening.value,
        }
        tx.put(PERSONAL, Row(key=f"{seq}/{opening.where}", state=HELD, owner=opening.subject, body=body))


def keep_token(tx: Transaction, mpan: Mpan, salts: Salts, generation: int, at: datetime) -> str:
    """A customer's new token, with what shows whose it is. ``generation``: how many tokens were redacted so far."""
    token, salt = salted_token(mpan, salts, generation)
    body = {"mpan": str(mpan), "salt": salt.hex(), "at": format_utc(at)}
    tx.put(PSEUDONYM, Row(key=token, state=HELD, owner=str(mpan), body=body))
    return token


def load_tokens(store: Store) -> tuple[dict[Mpan, str], int]:
    """The tokens in use by MPAN, and how many were redacted."""
    tokens = {Mpan(row.owner): row.key for row in store.rows(PSEUDONYM, states=[HELD])}
    return tokens, len(store.rows(PSEUDONYM, states=[REDACTED]))


def values_of(store: Store) -> dict[int, dict[str, str]]:
    """The values that can still be read, by the number of their record and their place in it."""
    found: dict[int, dict[str, str]] = {}
    for row in store.rows(PERSONAL, states=[HELD]):
        found.setdefault(int(row.body["seq"]), {})[str(row.body["where"])] = str(row.body["value"])
    return found


def redacted_row(row: Row, told: Mapping[str, Any]) -> Row:
    """What stays of a row whose salt and value were taken away: that it was, when, why, and by which record."""
    kept = {name: row.body[name] for name in ("seq", "where", "kind", "commitment") if name in row.body}
    return Row(key=row.key, state=REDACTED, owner="", body={**kept, "redacted": dict(told)})
