"""The order of what happens in the emulated world."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.emulator.timeline import Event, MeterWakes, SwitchPolls, Timeline

from .world import START

METERS = [Eui64.from_octets(bytes([0, 0, 0, 0, 0, 0, 0, n])) for n in range(4)]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3).map(lambda s: START + timedelta(seconds=s)),
        st.one_of(
            st.builds(SwitchPolls, esme=st.sampled_from(METERS)), st.builds(MeterWakes, esme=st.sampled_from(METERS))
        ),
    ),
    max_size=30,
)
LATE = START + timedelta(hours=1)


def entered(events: list[tuple[datetime, Event]]) -> Timeline:
    timeline = Timeline()
    for at, event in events:
        timeline.enter(at, event)
    return timeline


@given(EVENTS, st.randoms(use_true_random=False))
def test_events_come_by_time_and_text_however_they_were_entered_each_once(
    events: list[tuple[datetime, Event]], chance: object
) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    expected = sorted(set(events), key=lambda pair: (pair[0], repr(pair[1])))
    assert list(entered(events).until(LATE)) == list(entered(shuffled).until(LATE)) == expected


@given(EVENTS, st.integers(-1, 4))
def test_what_is_later_stays(events: list[tuple[datetime, Event]], seconds: int) -> None:
    timeline, at = entered(events), START + timedelta(seconds=seconds)
    assert all(moment <= at for moment, _ in timeline.until(at))
    assert timeline.next_at() == min((moment for moment, _ in events if moment > at), default=None)


def test_what_is_entered_while_a_moment_happens_belongs_to_it() -> None:
    first, second, third = (SwitchPolls(esme=meter) for meter in METERS[:3])
    for waiting in ([], [(START, third)]):
        timeline, happened = entered([(START, first), *waiting]), []
        for _, event in timeline.until(START):
            happened.append(event)
            if event == first:
                timeline.enter(START, second)
                timeline.enter(START, second)
        assert happened == [first, second, *(event for _, event in waiting)]
