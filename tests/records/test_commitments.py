"""Personal values as commitments: what they are, that they hide and bind, and what a dossier says of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.records.audit import AuditEvent, AuditRecord, append_all, head_of, make_checkpoint
from linkbox.records.beside import Beside, CustomerOpening, Redacted, SealedValue, read_beside
from linkbox.records.canonical import canonical_json
from linkbox.records.chain import NotARecord
from linkbox.records.commitments import NAME, Opening, Personal, commit, readable, seal, sealed_in
from linkbox.records.diagnosis import ProblemKind
from linkbox.records.dossier import DossierVerdict, export_dossier, verify_dossier
from linkbox.records.pseudonym import derived_salts, salted_token
from tests.records.conftest import START
from tests.records.test_dossier import KEY, signer

SALTS = derived_salts(b"tests of commitments, 32 octets!")
GROUND = "a request for erasure"
MPAN = Mpan.from_core("200000000001")
TOKEN, SALT = salted_token(MPAN, SALTS)
TOLD = Redacted(at="2026-01-14T09:00:00.000Z", ground=GROUND, record=3)


def test_a_commitment_is_the_one_that_openssl_computes() -> None:
    salt, message = bytes(range(32)), b"linkbox commitment 1\0name\0Asha \xc3\xa9"
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{salt.hex()}"]
    said = subprocess.run(command, input=message, capture_output=True, check=True).stdout.decode()
    assert said.split()[-1] == commit("name", "Asha é", salt)


leaves = st.none() | st.integers() | st.text() | st.text().map(lambda t: Personal(t, NAME))
names = st.text("abcdefgh_", min_size=1)
facts = st.dictionaries(
    names, st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20)
)


@given(facts)
def test_what_is_sealed_shows_no_value_and_can_be_read_with_what_is_beside(said: dict[str, Any]) -> None:
    sealed, openings = seal(said, SALTS)
    assert all(opening.good for opening in openings)
    assert [(o.where, o.kind, o.commitment) for o in openings] == list(sealed_in(sealed))
    assert readable(sealed, {o.where: o.value for o in openings}) == json.loads(json.dumps(said))


def test_the_same_value_looks_different_each_time_and_another_value_does_not_open_it() -> None:
    sealed, openings = seal({"by": [Personal("Asha", NAME), Personal("Asha", NAME)]}, SALTS)
    assert sealed["by"][0] != sealed["by"][1]
    assert "Asha" not in json.dumps(sealed)
    assert not replace(openings[0], value="Ben").good
    assert not replace(openings[0], kind="free text").good
    assert not replace(openings[0], salt=openings[1].salt).good


# -- in a dossier ---------------------------------------------------------------------------------------------


def chain(*, redaction: dict[str, Any] | None = None) -> tuple[tuple[AuditRecord, ...], list[Opening]]:
    """Two records with a person in each, and a third that redacts (or something else)."""
    first, one = seal({"who": Personal("Asha", NAME), "customer": TOKEN}, lambda at: SALTS(f"1/{at}"))
    second, two = seal({"why": Personal("she saw smoke"), "n": 2}, lambda at: SALTS(f"2/{at}"))
    usual = {"ground": GROUND, "values": [[1, "who"]], "customers": [TOKEN]}
    third = usual if redaction is None else redaction
    kinds = [("operator", first), ("operator", second), ("redaction", third)]
    events = [
        AuditEvent(at=START + timedelta(seconds=n), stream=stream, kind="said", facts=facts)
        for n, (stream, facts) in enumerate(kinds)
    ]
    return append_all(None, events)[0], [*one, *two]


WHO, WHY = chain()[1]
VALUES = (
    SealedValue(seq=1, where="who", kind=WHO.kind, salt=WHO.salt, value=WHO.value),
    SealedValue(seq=2, where="why", kind=WHY.kind, salt=WHY.salt, value=WHY.value),
)
GONE = SealedValue(seq=1, where="who", kind="name", redacted=TOLD)


def judged(*beside: Beside, withhold: bool = False, first: int = 0, **chained: Any) -> DossierVerdict:
    """The verdict on a dossier with these lines beside the chain, sealed by who may seal."""
    records, sign = chain(**chained)[0], signer(KEY)
    checkpoint = make_checkpoint(head_of(records), at=START, key_id="k", sign=sign)
    data = export_dossier(
        {},
        records[first:],
        [checkpoint],
        public_key=KEY.public_key(),
        sign=sign,
        at=START,
        beside=beside,
        withhold_values=withhold,
    )
    return verify_dossier(data)


def test_values_that_open_their_commitments_are_counted() -> None:
    verdict = judged(*VALUES)
    assert verdict.ok
    assert (verdict.beside.shown, verdict.beside.redacted) == (2, 0)
    assert "2 personal values open their commitments, 0 were redacted" in verdict.describe()


def test_a_redacted_value_is_accepted_counted_and_said_with_its_day_and_ground() -> None:
    verdict = judged(GONE, VALUES[1], CustomerOpening(token=TOKEN, redacted=TOLD))
    assert verdict.ok
    assert (verdict.beside.shown, verdict.beside.redacted, verdict.beside.customers_redacted) == (1, 1, 1)
    assert "1 values redacted on 2026-01-14 for a request for erasure" in verdict.describe()


@pytest.mark.parametrize(
    "wrong",
    [
        replace(VALUES[0], value="Ben"),
        replace(VALUES[0], salt=VALUES[1].salt),
        replace(VALUES[0], kind="free text"),
        replace(VALUES[0], where="nobody"),
    ],
    ids=["value", "salt", "kind", "place"],
)
def test_a_value_that_was_altered_instead_of_deleted_is_named_as_altered(wrong: SealedValue) -> None:
    verdict = judged(wrong, VALUES[1])
    assert not verdict.ok
    assert verdict.chain.ok
    named = verdict.beside.problems[0]
    assert (named.kind, named.seq) in {(ProblemKind.ALTERED, 1), (ProblemKind.DROPPED, 1)}
    assert any(p.kind is ProblemKind.ALTERED for p in verdict.beside.problems)
    assert "record 1" in verdict.describe()


def test_a_value_that_is_gone_without_a_record_is_named_as_missing() -> None:
    verdict = judged(VALUES[1])
    assert [(p.kind, p.seq) for p in verdict.beside.problems] == [(ProblemKind.DROPPED, 1)]
    assert "no record says that it was redacted" in verdict.describe()


@pytest.mark.parametrize(
    ("beside", "record"),
    [
        ((GONE, VALUES[1]), {"ground": GROUND, "values": [[2, "why"]], "customers": []}),
        ((GONE, VALUES[1]), {"ground": "another", "values": [[1, "who"]], "customers": []}),
        ((replace(GONE, redacted=replace(TOLD, record=2)), VALUES[1]), None),
        ((*VALUES, CustomerOpening(token="c-aaaaaaaaaaaaaaaa", redacted=TOLD)), None),
    ],
    ids=["another value", "another ground", "another record", "another customer"],
)
def test_a_redaction_that_its_record_does_not_tell_of_is_named(
    beside: tuple[Beside, ...], record: dict[str, Any] | None
) -> None:
    verdict = judged(*beside, redaction=record)
    assert not verdict.ok
    assert [p.kind for p in verdict.beside.problems] == [ProblemKind.ALTERED]


def test_withheld_values_are_counted_and_a_redaction_is_still_told() -> None:
    verdict = judged(GONE, VALUES[1], withhold=True)
    assert verdict.ok
    assert (verdict.beside.shown, verdict.beside.redacted, verdict.beside.withheld) == (0, 1, 1)


def test_a_token_is_shown_to_be_a_customers_by_its_salt_alone() -> None:
    assert judged(*VALUES, CustomerOpening(token=TOKEN, salt=SALT, value=MPAN)).ok
    other = Mpan.from_core("200000000002")
    for wrong in ({"value": other}, {"value": "x"}, {"salt": bytes(32)}, {"salt": b""}):
        said = {"token": TOKEN, "salt": SALT, "value": MPAN} | wrong
        verdict = judged(*VALUES, CustomerOpening(**said))  # type: ignore[arg-type]  # two kinds of members
        assert [p.kind for p in verdict.beside.problems] == [ProblemKind.ALTERED]


def test_a_redaction_outside_the_stretch_stands_under_the_seal() -> None:
    records, sign = chain()[0][:2], signer(KEY)
    data = export_dossier({}, records, [], public_key=KEY.public_key(), sign=sign, at=START, beside=(GONE, VALUES[1]))
    assert verify_dossier(data).ok


@given(st.binary() | st.sampled_from([VALUES[0], GONE]).map(lambda v: v.line()).flatmap(
    lambda line: st.tuples(st.integers(0, len(line) - 1), st.integers(0, 255)).map(
        lambda change: line[: change[0]] + bytes([change[1]]) + line[change[0] + 1 :]
    )
))  # fmt: skip
def test_a_line_beside_the_chain_is_read_whole_or_refused(line: bytes) -> None:
    try:
        assert read_beside(line).line() == line
    except NotARecord:
        return


def test_canonical_lines_only() -> None:
    told = json.loads(VALUES[0].line())
    assert canonical_json(told) == VALUES[0].line()
    with pytest.raises(NotARecord):
        read_beside(json.dumps(told, indent=1).encode())
