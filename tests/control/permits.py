"""Permits for tests: through the front door, since there is no other."""

from datetime import UTC, datetime, timedelta
from functools import cache

from linkbox.base.identifiers import Mpan
from linkbox.customers import Candidate, ConsentEvent, ConsentKind, CustomerFile, Permit, permit

T0 = datetime(2026, 1, 13, 18, tzinfo=UTC)


@cache
def mpan(number: int) -> Mpan:
    """The ``number``-th connection point of the tests' street."""
    return Mpan.from_core(f"12{number:010d}")


@cache
def permit_for(point: Mpan) -> Permit:
    """A permit on the strength of a consent given the day before."""
    given = ConsentEvent(
        mpan=point,
        at=T0 - timedelta(days=1),
        recorded_at=T0 - timedelta(days=1),
        kind=ConsentKind.GIVEN,
        text_version="1",
        channel="letter",
        evidence="scan",
        tenancy="t",
    )
    candidate = Candidate(mpan=point, domestic=True, priority_register=False)
    answer = permit(candidate, CustomerFile.of([given]), intervention_id="i1", at=T0)
    assert isinstance(answer, Permit)
    return answer
