"""Customer tokens."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.records.pseudonym import Pseudonymiser, WeakKey

KEY = bytes(range(32))
mpans = st.from_regex(r"[0-9]{12}", fullmatch=True).map(Mpan.from_core)


def test_the_token_is_the_one_that_openssl_computes() -> None:
    # printf "linkbox customer token 1\\0001200000000011" | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102(...)1f
    #   -binary | head -c 10 | base32
    mpan = Mpan.from_core("120000000001")
    assert mpan == "1200000000011"
    assert Pseudonymiser(KEY).token(mpan) == "c-hhwskwctgdakbslw"


@given(mpans, mpans)
def test_tokens_are_stable_and_tell_customers_apart(one: Mpan, other: Mpan) -> None:
    pseudonymiser = Pseudonymiser(KEY)
    assert pseudonymiser.token(one) == Pseudonymiser(KEY).token(one)
    assert (pseudonymiser.token(one) == pseudonymiser.token(other)) == (one == other)


@given(mpans)
def test_a_token_does_not_show_the_mpan_and_depends_on_the_installation(mpan: Mpan) -> None:
    token = Pseudonymiser(KEY).token(mpan)
    assert mpan not in token
    assert token != Pseudonymiser(KEY[::-1]).token(mpan)


def test_a_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(WeakKey) as caught:
        Pseudonymiser(b"secret")
    assert "secret" not in str(caught.value)


def test_the_key_can_not_be_printed_or_pickled() -> None:
    pseudonymiser = Pseudonymiser(b"0123456789abcdef0123456789abcdef")
    assert "0123" not in repr(pseudonymiser)
    with pytest.raises(TypeError):
        pickle.dumps(pseudonymiser)
