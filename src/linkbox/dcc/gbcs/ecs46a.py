"""ECS46a: write the labels of the auxiliary load switches (SRV 6.14.1). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.controllers import encode_label, read_label
from linkbox.dcc.gbcs.dlms import Choice, RequestItem, decode_request, encode_request, put
from linkbox.dcc.gbcs.objects import LABELS, SLOTS, require_slots
from linkbox.dcc.gbcs.outcome import Results, encode_results, read_results, require_items
from linkbox.dcc.gbcs.usecase import UseCase

_CHOICES = tuple((Choice.SET,) * count for count in range(1, SLOTS + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLabels:
    """The new labels of slots 1 to 5 (at index 0 to 4), None for one that stays; one at least changes."""

    labels: tuple[str | None, ...]

    def __post_init__(self) -> None:
        require_slots(self.labels)
        if not any(label is not None for label in self.labels):
            raise LocalProtocolError("labels", "must change one at least")


def _items(command: WriteLabels) -> tuple[RequestItem, ...]:
    pairs = zip(LABELS, command.labels, strict=True)
    return tuple(put(target, encode_label(label)) for target, label in pairs if label is not None)


def _read_command(payload: bytes, counter: int) -> WriteLabels:
    items = decode_request(payload, counter=counter)
    written = {item.target: read_label(item.data) for item in items}
    labels = tuple(written.get(target) for target in LABELS)
    if all(label is None for label in labels):
        raise RemoteProtocolError("ECS46a command", "must write a label")
    command = WriteLabels(labels=labels)
    require_items(items, _items(command))
    return command


def _encode_response(results: Results, counter: int) -> bytes:
    if not 1 <= len(results.results) <= SLOTS:
        raise LocalProtocolError("ECS46a response", f"must have 1..{SLOTS} results")
    return encode_results(results, _CHOICES[len(results.results) - 1], counter)


USE_CASE: UseCase[WriteLabels, Results] = UseCase(
    name="ECS46a",
    message_code=0x0053,
    srvs=("6.14.1",),
    critical=True,
    encode_command=lambda command, counter: encode_request(_items(command), counter=counter),
    read_command=_read_command,
    encode_response=_encode_response,
    read_response=lambda payload, counter: read_results(payload, counter, *_CHOICES),
)
