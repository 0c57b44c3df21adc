"""Frozen values, quickly: what ``dataclasses.replace`` does, for values that change thousands of times in a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass, replace
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")
_Parts = tuple[Callable[..., Any], Callable[[Any], Any]]
_known: dict[type, _Parts | None] = {}


def draft_of(kind: type) -> Callable[..., Any]:
    """A class with the fields of the frozen, slotted dataclass ``kind``, in their order, that is not frozen.

    A frozen dataclass sets each field through object.__setattr__, which takes most of the time of making one. So fill a
    draft, and only then turn it into the value, with ``draft.__class__ = kind``. Nothing is checked on the way.
    """
    return make_dataclass(f"_Draft{kind.__name__}", [(f.name, f.type) for f in fields(kind)], slots=True)


def changed(value: T, **changes: Any) -> T:
    """A copy of ``value``, a frozen, slotted dataclass, with ``changes``: ``dataclasses.replace``, faster.

    A class that checks its values when one is made checks them here too. Raise AttributeError or TypeError for a field
    that there is not.
    """
    kind = type(value)
    parts = _known[kind] if kind in _known else _learn(kind)
    if parts is None:
        return replace(value, **changes)  # type: ignore[type-var]  # a dataclass, as the caller promised
    draft, read = parts
    new = draft(*read(value))
    for name, change in changes.items():
        setattr(new, name, change)
    new.__class__ = kind
    copy: T = new
    return copy


def _learn(kind: type) -> _Parts | None:
    names = [f.name for f in fields(kind)]
    checks = hasattr(kind, "__post_init__") or len(names) < 2 or not all(f.init for f in fields(kind))
    _known[kind] = None if checks else (draft_of(kind), attrgetter(*names))
    return _known[kind]
