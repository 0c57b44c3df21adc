"""The audit chain: what is appended, how it reads, what verification finds."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.records.audit import (
    EMPTY_CHAIN,
    ZERO_DIGEST,
    AuditEvent,
    AuditRecord,
    Checkpoint,
    Coverage,
    NotARecord,
    ProblemKind,
    Unrecordable,
    append,
    append_all,
    head_of,
    make_checkpoint,
    verify,
    verify_lines,
)
from tests.records.conftest import START, event, make_chain

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
fact_sets = st.dictionaries(st.text(max_size=8), json_values, max_size=4)


def sign(message: bytes) -> bytes:
    return hashlib.sha256(b"secret" + message).digest()


def check(message: bytes, signature: bytes) -> bool:
    return sign(message) == signature


def test_digests_are_those_that_sha256_gives_over_the_published_layout() -> None:
    record = append(None, AuditEvent(at=START, stream="risk", kind="assessed", facts={"b": 1, "a": "x"}))
    facts = b'{"a":"x","b":1}'
    entry = (
        b'{"at":"2026-01-13T17:00:00.000Z","facts_digest":"' + hashlib.sha256(facts).hexdigest().encode() + b'",'
        b'"previous":"' + b"0" * 64 + b'","seq":1,"stream":"risk","stream_previous":"' + b"0" * 64 + b'",'
        b'"stream_seq":1,"type":"assessed"}'
    )
    digest = hashlib.sha256(entry).hexdigest()
    assert record.digest == digest
    assert record.line() == b'{"digest":"' + digest.encode() + b'","entry":' + entry + b',"facts":' + facts + b"}"


def test_records_link_to_the_one_before_in_the_chain_and_in_their_stream(chain: tuple[AuditRecord, ...]) -> None:
    assert [r.seq for r in chain] == list(range(1, 13))
    assert chain[0].previous == ZERO_DIGEST
    assert all(b.previous == a.digest for a, b in itertools.pairwise(chain))
    risk = [r for r in chain if r.stream == "risk"]
    assert [r.stream_seq for r in risk] == [1, 2, 3, 4]
    assert all(b.stream_previous == a.digest for a, b in itertools.pairwise(risk))


@given(st.lists(fact_sets, max_size=6))
def test_any_json_facts_survive_the_line_and_the_chain_verifies(many: list[dict[str, Any]]) -> None:
    events = [AuditEvent(at=START, stream="s", kind="k", facts=facts) for facts in many]
    records, head = append_all(None, events)
    assert tuple(AuditRecord.from_line(r.line()) for r in records) == records
    assert [json.loads(r.line())["facts"] for r in records] == many
    assert verify(records).ok
    assert head == head_of(records)


def test_appending_one_by_one_and_all_at_once_give_the_same_chain() -> None:
    head, one_by_one = EMPTY_CHAIN, []
    for number in range(12):
        one_by_one.append(append(head, event(number)))
        head = head.after(one_by_one[-1])
    assert tuple(one_by_one) == make_chain(12)


def test_times_are_kept_to_the_millisecond() -> None:
    at = datetime(2026, 1, 13, 0, 0, 0, 123999, tzinfo=UTC)
    record = append(None, AuditEvent(at=at, stream="s", kind="k", facts={}))
    assert record.at == datetime(2026, 1, 13, 0, 0, 0, 123000, tzinfo=UTC)


def test_changing_the_callers_facts_afterwards_does_not_change_the_record() -> None:
    amps = [1.0]
    record = append(None, AuditEvent(at=START, stream="s", kind="k", facts={"amps": amps}))
    amps.append(2.0)
    assert record.facts == {"amps": [1.0]}


def test_facts_that_can_not_be_recorded_are_named_all_at_once() -> None:
    facts: Any = {"a": float("nan"), "b": {"c": [1, object()]}, "mpan": Mpan.from_core("120000000001")}
    with pytest.raises(Unrecordable) as caught:
        append(None, AuditEvent(at=START, stream="s", kind="k", facts=facts))
    assert [issue.where for issue in caught.value.issues] == ["facts.a", "facts.b.c[1]", "facts.mpan"]
    assert Mpan.from_core("120000000001") not in str(caught.value)


def test_stream_and_kind_must_be_plain_names() -> None:
    with pytest.raises(Unrecordable, match="stream") as caught:
        AuditEvent(at=START, stream='a"b', kind="", facts={})
    assert [issue.where for issue in caught.value.issues] == ["stream", "kind"]


def test_an_empty_chain_is_intact() -> None:
    assert verify([]).ok
    assert verify([]).coverage is Coverage.NONE


def test_an_altered_fact_is_named(chain: tuple[AuditRecord, ...]) -> None:
    lines = [r.line() for r in chain]
    lines[4] = lines[4].replace(b"212.5", b"112.5")
    verdict = verify_lines(lines)
    assert [(p.kind, p.seq, p.line) for p in verdict.problems] == [(ProblemKind.ALTERED, 5, 5)]
    assert "facts" in verdict.problems[0].detail


def test_an_altered_time_is_named(chain: tuple[AuditRecord, ...]) -> None:
    lines = [r.line() for r in chain]
    lines[4] = lines[4].replace(b"17:00:04", b"17:00:03")
    assert [(p.kind, p.seq) for p in verify_lines(lines).problems] == [(ProblemKind.ALTERED, 5)]


def test_a_record_rewritten_with_fresh_digests_is_named(chain: tuple[AuditRecord, ...]) -> None:
    forged = append(head_of(chain[:4]), replace_facts(event(4), {"number": 99}))
    verdict = verify([*chain[:4], forged, *chain[5:]])
    assert [(p.kind, p.seq) for p in verdict.problems] == [(ProblemKind.ALTERED, 5)]


def replace_facts(old: AuditEvent, facts: dict[str, int]) -> AuditEvent:
    return replace(old, facts=facts)


@given(st.integers(0, 11))
def test_any_dropped_record_but_the_last_is_named(index: int) -> None:
    chain = make_chain(12)
    verdict = verify([*chain[:index], *chain[index + 1 :]])
    expected = [] if index == 11 else [(ProblemKind.DROPPED, index + 1)]
    assert [(p.kind, p.seq) for p in verdict.problems] == expected


@given(st.integers(0, 11), st.integers(0, 11))
def test_a_moved_record_is_named_and_nothing_else(source: int, target: int) -> None:
    records = list(make_chain(12))
    moved = records.pop(source)
    records.insert(target, moved)
    problems = verify(records).problems
    assert {p.kind for p in problems} <= {ProblemKind.REORDERED}
    assert len(problems) == (source != target)
    if abs(source - target) > 1:
        assert problems[0].seq == moved.seq


@given(st.integers(0, 11), st.integers(0, 12))
def test_a_copied_record_is_named_as_inserted(source: int, target: int) -> None:
    records = list(make_chain(12))
    records.insert(target, records[source])
    problems = verify(records).problems
    assert (ProblemKind.INSERTED, source + 1) in [(p.kind, p.seq) for p in problems]


def test_a_forged_record_between_two_is_named_as_inserted(chain: tuple[AuditRecord, ...]) -> None:
    forged = append(head_of(chain[:4]), event(77))
    verdict = verify([*chain[:4], forged, *chain[4:]])
    assert [(p.kind, p.seq, p.line) for p in verdict.problems] == [(ProblemKind.INSERTED, 5, 5)]


def test_a_line_of_rubbish_is_named_as_inserted(chain: tuple[AuditRecord, ...]) -> None:
    lines = [r.line() for r in chain]
    verdict = verify_lines([*lines[:3], b"{}", *lines[3:]])
    assert [(p.kind, p.line) for p in verdict.problems] == [(ProblemKind.INSERTED, 4)]


def test_all_problems_are_listed_in_the_order_of_the_chain(chain: tuple[AuditRecord, ...]) -> None:
    lines = [r.line() for r in chain]
    lines[9] = lines[9].replace(b"212.5", b"0.5")
    del lines[6]
    lines.insert(3, lines[0])
    kinds = [(p.kind, p.seq) for p in verify_lines(lines).problems]
    assert kinds == [(ProblemKind.INSERTED, 1), (ProblemKind.DROPPED, 7), (ProblemKind.ALTERED, 10)]
    assert verify_lines(lines).first == verify_lines(lines).problems[0]


@given(st.data())
def test_no_single_byte_can_change_unseen(data: st.DataObject) -> None:
    lines = [r.line() for r in make_chain(5)]
    row = data.draw(st.integers(0, 4))
    at = data.draw(st.integers(0, len(lines[row]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != lines[row][at]))
    lines[row] = lines[row][:at] + bytes([byte]) + lines[row][at + 1 :]
    head = head_of(make_chain(5))
    checkpoint = make_checkpoint(head, at=START, key_id="k", sign=sign)
    verdict = verify_lines(lines, checkpoints=[checkpoint], check=check)
    assert not verdict.ok
    assert row + 1 in [p.seq for p in verdict.problems]


def test_a_tail_that_was_cut_off_shows_against_a_checkpoint(chain: tuple[AuditRecord, ...]) -> None:
    checkpoint = make_checkpoint(head_of(chain), at=START, key_id="k", sign=sign)
    verdict = verify(chain[:-2], checkpoints=[checkpoint], check=check)
    assert [(p.kind, p.seq) for p in verdict.problems] == [(ProblemKind.DROPPED, 12)]


def test_a_chain_rewritten_to_its_end_shows_against_a_checkpoint(chain: tuple[AuditRecord, ...]) -> None:
    checkpoints = [make_checkpoint(head_of(chain[:n]), at=START, key_id="k", sign=sign) for n in (4, 8, 12)]
    forged, _ = append_all(head_of(chain[:5]), [event(n + 100) for n in range(7)])
    verdict = verify([*chain[:5], *forged], checkpoints=checkpoints, check=check)
    assert [(p.kind, p.seq) for p in verdict.problems] == [(ProblemKind.ALTERED, 8), (ProblemKind.ALTERED, 12)]
    assert verdict.covered_until == 4


def test_a_checkpoint_with_a_bad_signature_is_named(chain: tuple[AuditRecord, ...]) -> None:
    checkpoint = replace(make_checkpoint(head_of(chain), at=START, key_id="k", sign=sign), signature=b"no")
    verdict = verify(chain, checkpoints=[checkpoint], check=check)
    assert [p.kind for p in verdict.problems] == [ProblemKind.BAD_SIGNATURE]


def test_a_checkpoint_can_not_be_moved_in_time_or_to_another_record(chain: tuple[AuditRecord, ...]) -> None:
    good = make_checkpoint(head_of(chain), at=START, key_id="k", sign=sign)
    for bad in (replace(good, at=START + timedelta(days=1)), replace(good, key_id="other"), replace(good, seq=11)):
        assert not verify(chain, checkpoints=[bad], check=check).ok


def test_coverage_says_how_far_signatures_reach(chain: tuple[AuditRecord, ...]) -> None:
    half = make_checkpoint(head_of(chain[:6]), at=START, key_id="k", sign=sign)
    full = make_checkpoint(head_of(chain), at=START, key_id="k", sign=sign)
    assert verify(chain).coverage is Coverage.NONE
    assert verify(chain, checkpoints=[half], check=check).coverage is Coverage.PART
    assert verify(chain, checkpoints=[half, full], check=check).coverage is Coverage.FULL


def test_a_checkpoint_survives_its_line(chain: tuple[AuditRecord, ...]) -> None:
    checkpoint = make_checkpoint(head_of(chain), at=START, key_id="k", sign=sign)
    assert Checkpoint.from_line(checkpoint.line()) == checkpoint
    with pytest.raises(NotARecord):
        Checkpoint.from_line(checkpoint.line() + b" ")


def test_an_empty_chain_can_not_be_signed() -> None:
    with pytest.raises(ValueError, match="empty chain"):
        make_checkpoint(EMPTY_CHAIN, at=START, key_id="k", sign=sign)


def test_withheld_facts_leave_the_chain_whole_and_are_listed(chain: tuple[AuditRecord, ...]) -> None:
    shown = [r if r.seq % 2 else r.withheld() for r in chain]
    verdict = verify(shown)
    assert verdict.ok
    assert verdict.withheld == (2, 4, 6, 8, 10, 12)
    assert "withheld in 6 records" in verdict.describe()


def test_an_extract_verifies_from_its_own_start_and_from_the_head_before_it(chain: tuple[AuditRecord, ...]) -> None:
    assert verify(chain[5:], start=None).ok
    assert verify(chain[5:], start=head_of(chain[:5])).ok
    assert not verify(chain[5:]).ok
    assert not verify(chain[5:], start=head_of(chain[:4])).ok


@pytest.mark.parametrize("count", [9, 10, 99, 100, 101])
def test_chains_verify_where_numbers_get_another_digit(count: int) -> None:
    assert verify(make_chain(count)).ok
    assert verify(make_chain(count + 2)[count - 1 :], start=None).ok


def test_a_writer_that_misnumbers_a_stream_is_found(chain: tuple[AuditRecord, ...]) -> None:
    head = head_of(chain)
    wrong = append(replace(head, streams={}), event(0))
    verdict = verify([*chain, wrong])
    assert [(p.kind, p.seq) for p in verdict.problems] == [(ProblemKind.MISNUMBERED, 13)]


@given(st.binary(max_size=200))
def test_rubbish_is_refused_as_a_record(data: bytes) -> None:
    with pytest.raises(NotARecord):
        AuditRecord.from_line(data)
    assert not verify_lines([data]).ok


def test_a_verdict_describes_itself(chain: tuple[AuditRecord, ...]) -> None:
    assert verify(chain).describe().endswith("The record is intact.")
    text = verify([chain[0], *chain[2:]]).describe()
    assert "record 2 was dropped" in text
    assert "NOT INTACT: 1 problem(s)" in text
