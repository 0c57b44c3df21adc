"""What others wrote, made fit for our records: bounded in length, encodable, and without any customer's MPAN."""

from __future__ import annotations

import json
import re

from linkbox.base.identifiers import InvalidIdentifier, Mpan

MAX_LENGTH = 200
_MAYBE_MPAN = re.compile(r"(?<!\d)\d{13}(?!\d)")


def said(value: object) -> str | None:
    """``value`` as text of at most MAX_LENGTH characters; None stays None. MPANs are replaced by ``<MPAN>``."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    text = _MAYBE_MPAN.sub(_masked, text.encode("utf-8", "replace").decode())
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def _masked(found: re.Match[str]) -> str:
    try:
        return "<MPAN>" if Mpan(found[0]) else found[0]
    except InvalidIdentifier:
        return found[0]
