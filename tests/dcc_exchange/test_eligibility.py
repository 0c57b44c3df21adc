"""Who may send what, and what a device executes, by profile and date."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.time import NaiveTime
from linkbox.dcc.eligibility import (
    PROFILES,
    Allowed,
    EligibilityRefused,
    Refused,
    UserRole,
    may_execute,
    may_send,
    profile_named,
    require_allowed,
)
from linkbox.dcc.eligibility.profiles import UnknownProfile
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import Role

NOW = datetime(2026, 1, 13, 18, tzinfo=UTC)
ED = UserRole.ELECTRICITY_DISTRIBUTOR
ALL_SRVS = (
    "7.5",
    "7.6",
    "7.7",
    "7.8",
    "7.9",
    "7.10",
    "7.11",
    "7.13",
    "7.14",
    "7.15",
    "7.16",
    "6.13",
    "6.14.1",
    "6.14.2",
    "6.14.3",
    "8.2",
    "8.4",
    "8.7.1",
    "8.7.2",
    "8.11",
    "12.2",
)


def sendable_by_distributor(profile: str) -> set[str]:
    return {srv for srv in ALL_SRVS if isinstance(may_send(PROFILES[profile], role=ED, srv=srv, at=NOW), Allowed)}


# reference dcc.md section 0 point 1: of our requests ED has 7.7, 7.14, 7.15, 8.2, 8.4, 6.13, 12.2
PUBLISHED_ED = {"7.7", "7.14", "7.15", "8.2", "8.4", "6.13", "12.2"}


@pytest.mark.parametrize(
    ("profile", "added"),
    [
        ("duis-5.4", set()),
        ("secmp0046", {"7.6", "7.8"}),
        ("secmp0046-boost", {"7.6", "7.8", "7.9", "7.10", "7.11"}),
        ("secmp0046-proportional", {"7.6", "7.8", "7.13", "7.16"}),
        ("secmp0046-installation", {"7.6", "7.8", "8.11", "8.7.1", "8.7.2", "6.14.1", "6.14.2", "6.14.3"}),
    ],
)
def test_each_profile_gives_a_distributor_exactly_what_its_source_says(profile: str, added: set[str]) -> None:
    assert sendable_by_distributor(profile) == PUBLISHED_ED | added


def test_distributor_reads_switches_only_since_mp120() -> None:
    day_before, day = datetime(2020, 11, 28, 23, 59, tzinfo=UTC), datetime(2020, 11, 29, tzinfo=UTC)
    before = may_send(PROFILES["duis-5.4"], role=ED, srv="7.7", at=day_before)
    assert isinstance(before, Refused)
    assert "MP120" in before.rule
    assert "2020-11-29" in before.rule
    assert isinstance(may_send(PROFILES["duis-5.4"], role=ED, srv="7.7", at=day), Allowed)


def test_refusal_names_the_profile_the_rule_and_who_would_be_allowed() -> None:
    verdict = may_send(PROFILES["duis-5.4"], role=ED, srv="7.6", at=NOW)
    assert isinstance(verdict, Refused)
    assert verdict.rule == "duis-5.4: SRV 7.6 is for IS (import supplier switches load), not for ED"


def test_nobody_may_limit_an_apc_as_published() -> None:
    assert all(isinstance(may_send(PROFILES["duis-5.4"], role=r, srv="7.16", at=NOW), Refused) for r in UserRole)


def test_require_allowed_raises_a_local_error_with_the_rule() -> None:
    with pytest.raises(EligibilityRefused) as caught:
        require_allowed(PROFILES["duis-5.4"], role=ED, srv="7.6", at=NOW)
    assert isinstance(caught.value, LocalProtocolError)
    assert (caught.value.srv, caught.value.role) == ("7.6", ED)
    assert "import supplier switches load" in str(caught.value)
    assert "SECMP0046" in require_allowed(PROFILES["secmp0046"], role=ED, srv="7.6", at=NOW)


# reference dcc.md section 5.10
@pytest.mark.parametrize(
    ("code", "roles"),
    [
        (0x0055, {Role.SUPPLIER}),
        (0x011E, {Role.SUPPLIER}),
        (0x005F, {Role.SUPPLIER}),
        (0x00BB, {Role.SUPPLIER, Role.ACCESS_CONTROL_BROKER}),
        (0x011D, {Role.SUPPLIER, Role.NETWORK_OPERATOR, Role.ACCESS_CONTROL_BROKER, Role.LOAD_CONTROLLER}),
        (0x00FD, {Role.SUPPLIER, Role.NETWORK_OPERATOR, Role.LOAD_CONTROLLER}),
        (0x011F, {Role.LOAD_CONTROLLER}),
        (0x0001, {Role.ACCESS_CONTROL_BROKER}),
        (0x9999, set()),
    ],
)
def test_published_device_rules_are_those_of_the_use_case_tables(code: int, roles: set[Role]) -> None:
    published = PROFILES["duis-5.4"]
    allowed = {
        role
        for role in Role
        if isinstance(may_execute(published, certificate_role=role, message_code=code, at=NOW), Allowed)
    }
    assert allowed == roles


def test_a_device_refuses_a_command_from_a_device() -> None:
    verdict = may_execute(PROFILES["secmp0046"], certificate_role=None, message_code=0x0055, at=NOW)
    assert isinstance(verdict, Refused)
    assert "no role" in verdict.rule


def test_naive_time_is_refused() -> None:
    with pytest.raises(NaiveTime):
        may_send(PROFILES["duis-5.4"], role=ED, srv="7.7", at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_unknown_profile_lists_the_known_ones() -> None:
    with pytest.raises(UnknownProfile, match=r"secmp0046-boost"):
        profile_named("secmp46")


@given(st.sampled_from(sorted(PROFILES)), st.sampled_from(list(UserRole)), st.sampled_from(ALL_SRVS))
def test_every_hypothesis_allows_at_least_what_is_published(profile: str, role: UserRole, srv: str) -> None:
    if isinstance(may_send(PROFILES["duis-5.4"], role=role, srv=srv, at=NOW), Allowed):
        assert isinstance(may_send(PROFILES[profile], role=role, srv=srv, at=NOW), Allowed)


@given(st.sampled_from(sorted(PROFILES)), st.text(max_size=8))
def test_what_no_rule_speaks_of_is_refused(profile: str, srv: str) -> None:
    if srv not in ALL_SRVS:
        verdict = may_send(PROFILES[profile], role=ED, srv=srv, at=NOW)
        assert isinstance(verdict, Refused)
        assert "nobody" in verdict.rule
