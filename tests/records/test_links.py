"""Tokens of the customers' links: made here, for one purpose, for a while; anything else is nothing."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.records.links import TOKEN_LENGTH, LinkSigner, Purpose
from linkbox.records.pseudonym import WeakKey

NOW = datetime(2026, 1, 13, 18, 0, tzinfo=UTC)
MPAN = Mpan.from_core("200000000001")
SIGNER = LinkSigner(b"k" * 32)
minutes = st.integers(1, 60 * 24 * 30)


def token(purpose: Purpose = Purpose.REJECT, minutes: int = 30, signer: LinkSigner = SIGNER) -> str:
    reference = signer.reference("LB-1", MPAN)
    return signer.token(purpose, reference, expires_at=NOW + timedelta(minutes=minutes))


@given(st.sampled_from(Purpose), minutes)
def test_a_token_is_good_for_its_purpose_until_it_expires(purpose: Purpose, wait: int) -> None:
    claim = SIGNER.read(purpose, token(purpose, wait))
    assert claim.reference == SIGNER.reference("LB-1", MPAN)
    assert claim.good_at(NOW + timedelta(minutes=wait) - timedelta(milliseconds=1))
    assert not claim.good_at(NOW + timedelta(minutes=wait))
    other = next(p for p in Purpose if p is not purpose)
    assert not SIGNER.read(other, token(purpose, wait)).good_at(NOW)


@given(st.integers(0, TOKEN_LENGTH - 1), st.sampled_from("ABCxyz019-_"))
def test_no_changed_character_is_accepted(at: int, character: str) -> None:
    good = token()
    changed = good[:at] + character + good[at + 1 :]
    assert SIGNER.read(Purpose.REJECT, changed).good_at(NOW) == (changed == good)


@given(st.text(max_size=60) | st.text("AB-_=+/ 9", min_size=48, max_size=48))
def test_anything_else_is_nothing_and_never_fails(text: str) -> None:
    claim = SIGNER.read(Purpose.REJECT, text)
    assert not claim.good_at(NOW)
    assert len(claim.reference) == 32


def test_another_installations_token_is_nothing() -> None:
    assert not SIGNER.read(Purpose.REJECT, token(signer=LinkSigner(b"x" * 32))).good_at(NOW)


def test_a_token_tells_neither_customer_nor_intervention() -> None:
    assert len(token()) == TOKEN_LENGTH
    assert str(MPAN) not in token()
    assert "LB-1" not in token()
    assert SIGNER.reference("LB-1", MPAN) != SIGNER.reference("LB-2", MPAN)


def test_the_key_can_neither_be_weak_nor_shown_nor_packed() -> None:
    with pytest.raises(WeakKey):
        LinkSigner(b"short")
    assert "k" * 32 not in repr(SIGNER)
    with pytest.raises(TypeError):
        pickle.dumps(SIGNER)
