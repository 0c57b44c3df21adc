"""Which formats this installation can read: JSON always, Arrow with the extra."""

from __future__ import annotations

from linkbox.adapters.ingest.readings_json import decode_columns, decode_reading
from linkbox.operation.ingest import Decoder, Format


def decoders() -> dict[Format, Decoder]:
    """A decoder for each format that can be read here."""
    found: dict[Format, Decoder] = {Format.READING: decode_reading, Format.COLUMNS: decode_columns}
    try:
        from linkbox.adapters.ingest.readings_arrow import decode_arrow
    except ImportError:
        return found
    return found | {Format.ARROW: decode_arrow}
