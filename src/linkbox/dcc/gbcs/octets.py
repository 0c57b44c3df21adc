"""Reading octets strictly: a cursor that never reads past its end, and the length octets of GBCS, DLMS and DER."""

from __future__ import annotations

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError

_ONE_OCTET, _TWO_OCTETS = 0x81, 0x82
LENGTH_MAX = 0xFFFF


def encode_length(length: int) -> bytes:
    """One octet below 0x80, else ``81 nn`` or ``82 nnnn``: always the shortest form."""
    if length < 0x80:
        return bytes((length,))
    if length <= 0xFF:
        return bytes((_ONE_OCTET, length))
    if length <= LENGTH_MAX:
        return bytes((_TWO_OCTETS, length >> 8, length & 0xFF))
    raise LocalProtocolError("length", f"must not exceed {LENGTH_MAX} octets: {length}")


class Cursor:
    """A position in ``data``. Every method raises RemoteProtocolError naming ``what`` rather than read too far."""

    __slots__ = ("_at", "_data", "_end", "what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._end, self.what = data, 0, len(data), what

    @property
    def left(self) -> int:
        """How many octets are not read yet."""
        return self._end - self._at

    def fault(self, rule: str) -> RemoteProtocolError:
        """The error to raise for what stands here."""
        return RemoteProtocolError(f"{self.what}, octet {self._at}", rule)

    def take(self, count: int) -> bytes:
        """The next ``count`` octets."""
        stop = self._at + count
        if stop > self._end:
            raise self.fault(f"must hold {count} more octets, has {self.left}")
        taken = self._data[self._at : stop]
        self._at = stop
        return taken

    def uint(self, octets: int) -> int:
        """A big-endian unsigned integer."""
        return int.from_bytes(self.take(octets))

    def expect(self, octets: bytes) -> None:
        """Read exactly ``octets``."""
        found = self.take(len(octets))
        if found != octets:
            self._at -= len(octets)
            raise self.fault(f"must be {octets.hex().upper()}, is {found.hex().upper()}")

    def length(self) -> int:
        """A length in its shortest form; longer forms are refused, so that what is decoded encodes to the same."""
        first = self.uint(1)
        if first < 0x80:
            return first
        if first not in (_ONE_OCTET, _TWO_OCTETS):
            raise self.fault(f"length octet {first:#04x} must be below 0x80, 0x81 or 0x82")
        value = self.uint(first - 0x80)
        if value < (0x80 if first == _ONE_OCTET else 0x100):
            raise self.fault(f"length {value} must be in its shortest form")
        return value

    def block(self) -> bytes:
        """A length, and as many octets."""
        return self.take(self.length())

    def finish(self) -> None:
        """Require that everything has been read."""
        if self.left:
            raise self.fault(f"must end here, has {self.left} more octets")
