"""An immutable map that is cheap to change one entry at a time: what the ledger stands on."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")
_SHARDS = 256


@dataclass(frozen=True, slots=True)
class ShardedMap(Generic[V]):
    """``str -> V`` in 256 small dicts: setting one key copies one of them and shares the other 255.

    With 100,000 keys a change copies some 400 entries instead of all. No method changes ``self``.
    """

    _shards: tuple[dict[str, V], ...] = tuple({} for _ in range(_SHARDS))

    @classmethod
    def of(cls, entries: Mapping[str, V]) -> ShardedMap[V]:
        """The map that holds ``entries``, built in one pass."""
        shards: tuple[dict[str, V], ...] = tuple({} for _ in range(_SHARDS))
        for key, value in entries.items():
            shards[_shard_of(key)][key] = value
        return cls(shards)

    def get(self, key: str, default: V) -> V:
        """The value of ``key``, or ``default``."""
        return self._shards[_shard_of(key)].get(key, default)

    def find(self, key: str) -> V | None:
        """The value of ``key``, or None."""
        return self._shards[_shard_of(key)].get(key)

    def with_(self, key: str, value: V) -> ShardedMap[V]:
        """This map with ``key`` set to ``value``."""
        at = _shard_of(key)
        changed = {**self._shards[at], key: value}
        return ShardedMap((*self._shards[:at], changed, *self._shards[at + 1 :]))

    def items(self) -> Iterator[tuple[str, V]]:
        """Every entry, sorted by key, so that no order depends on history."""
        return iter(sorted(self._unsorted(), key=lambda entry: entry[0]))

    def _unsorted(self) -> Iterable[tuple[str, V]]:
        for shard in self._shards:
            yield from shard.items()

    def __len__(self) -> int:
        return sum(map(len, self._shards))


def _shard_of(key: str) -> int:
    return zlib.crc32(key.encode()) % _SHARDS
