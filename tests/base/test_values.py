"""Values that change often, and quickly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.values import changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    size: int = 3
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not be above high")


@dataclass(frozen=True, slots=True)
class Single:
    only: int


@given(st.fixed_dictionaries({}, optional={"name": st.text(), "size": st.integers(), "more": st.just((1,))}))
def test_a_changed_value_is_what_replace_gives(changes: dict[str, object]) -> None:
    value = Plain(name="a")
    after = changed(value, **changes)
    assert after == replace(value, **changes)  # type: ignore[arg-type]  # the names are those of the fields
    assert (type(after), hash(after), repr(after)) == (Plain, hash(after), repr(replace(value, **changes)))  # type: ignore[arg-type]
    assert value == Plain(name="a")
    with pytest.raises(AttributeError):
        after.size = 1  # type: ignore[misc]  # frozen: that is the point


def test_a_class_that_checks_its_values_checks_changed_ones() -> None:
    assert changed(Checked(1, 2), high=5) == Checked(1, 5)
    with pytest.raises(ValueError, match="low must not be above high"):
        changed(Checked(1, 2), low=3)
    assert changed(Single(1), only=2) == Single(2)


@pytest.mark.parametrize("value", [Plain(name="a"), Checked(1, 2)])
def test_a_field_that_there_is_not_can_not_be_changed(value: object) -> None:
    with pytest.raises((AttributeError, TypeError)):
        changed(value, colour="red")
