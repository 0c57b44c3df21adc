from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64, FeederId, InvalidIdentifier, Mpan, RequestId

euis = st.binary(min_size=8, max_size=8).map(Eui64.from_octets)


def test_check_digit_of_a_published_example_mpan() -> None:
    # Worked by hand: digits 2 0 0 0 0 0 0 0 0 0 0 0 times primes 3 5 7 ... = 2*3 = 6; 6 mod 11 mod 10 = 6.
    assert Mpan.from_core("200000000000") == "2000000000006"


def test_check_digit_ten_becomes_zero() -> None:
    # 1*3 + 1*7 = 10 with digits at positions 1 and 3; 10 mod 11 mod 10 = 0.
    assert Mpan.from_core("101000000000") == "1010000000000"


@pytest.mark.parametrize("bad", ["", "200000000000", "20000000000060", "2000000000007", "200000000000x", "\uff12" * 13])
def test_a_text_that_is_no_mpan_is_refused_with_the_rule(bad: str) -> None:
    with pytest.raises(InvalidIdentifier, match="MPAN"):
        Mpan(bad)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(1, 9))
def test_every_core_has_exactly_one_check_digit(core: str, by: int) -> None:
    right = Mpan.from_core(core)
    wrong = core + str((int(right[12]) + by) % 10)
    with pytest.raises(InvalidIdentifier, match=f"check digit is {wrong[12]}, should be {right[12]}"):
        Mpan(wrong)


@given(euis)
def test_eui64_text_and_octets_are_two_forms_of_one_value(eui: Eui64) -> None:
    assert Eui64.from_octets(eui.octets) == eui == Eui64(eui.lower())


@pytest.mark.parametrize("bad", ["", "90-B3-D5-1F-30-02-00", "90B3D51F30020000", "90-B3-D5-1F-30-02-00-0G"])
def test_a_text_that_is_no_eui64_is_refused(bad: str) -> None:
    with pytest.raises(InvalidIdentifier):
        Eui64(bad)


@given(euis, euis, st.integers(0, 2**64 - 1))
def test_request_id_survives_its_text_form(originator: Eui64, target: Eui64, counter: int) -> None:
    request_id = RequestId(originator, target, counter)
    assert RequestId.parse(str(request_id)) == request_id


@pytest.mark.parametrize("counter", ["-1", "01", "18446744073709551616", "1e3", "", "٣"])
def test_request_id_refuses_counters_that_the_schema_refuses(counter: str) -> None:
    with pytest.raises(InvalidIdentifier):
        RequestId.parse(f"90-B3-D5-1F-30-02-00-00:00-DB-12-34-56-78-90-A0:{counter}")


@pytest.mark.parametrize("bad", ["", "a b", " a", "a\n"])
def test_a_feeder_id_holds_no_white_space(bad: str) -> None:
    with pytest.raises(InvalidIdentifier):
        FeederId(bad)
