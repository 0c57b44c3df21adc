"""Operators over HTTP: who may do what, what counts, and that a word takes the same way as one from a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_operators import create_operators_app
from linkbox.control.authorisation import TWO_OPERATORS
from linkbox.operation.operator_access import Operators, Person, Scope, token_digest
from linkbox.operation.operator_front import OperatorFront
from linkbox.operation.operators import key_of
from linkbox.operation.rate_limit import RateLimit
from tests.app_wire.tool import linkbox
from tests.docs.guides import DOCS
from tests.docs.test_store_and_http import cells, code, paths
from tests.operation.conftest import MakeRig
from tests.operation.rig import Rig, mpan, patched, provider
from tests.operation.test_authorisation import AWAITING, HOT, QUICK, request_of, sound

SCOPES = {"Asha": {Scope.VIEW, Scope.AUTHORISE}, "Ben": set(Scope), "Cleo": {Scope.VIEW}, "Dan": {Scope.STOP}}
WHY = {"why": "looked at it"}


def token(name: str) -> str:
    return f"a long token of {name} that nobody guesses"


def people() -> Operators:
    return Operators(
        Person(
            name=name,
            scopes=frozenset(scopes),
            token_sha256=token_digest(token(name)),
            key=key_of(name, f"code of {name}"),
        )
        for name, scopes in SCOPES.items()
    )


class Desk:
    """The interface over a rig's controller, over real HTTP."""

    def __init__(self, rig: Rig, limit: RateLimit | None = None) -> None:
        self.rig, self.nudges = rig, 0
        front = OperatorFront(rig.controller, rig.store, nudge=self._nudge)
        self.app = create_operators_app(
            front,
            people(),
            status=lambda: {"status": "ok"},
            status_text=lambda: "all is well\n",
            limit=limit,
            steady_s=lambda: 0.0,
        )
        self._host = Hosted(self.app)

    def _nudge(self) -> None:
        self.nudges += 1

    async def __aenter__(self) -> Desk:
        self._http = aiohttp.ClientSession(base_url=await self._host.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await self._host.stop()

    async def ask(
        self, path: str, body: Any = None, *, who: str | None = "Ben", header: str | None = None
    ) -> tuple[int, Any]:
        """GET without a body, else POST; who asks, or the whole header."""
        headers = {} if who is None else {"Authorization": f"Bearer {token(who)}"}
        headers |= {} if header is None else {"Authorization": header}
        method = "GET" if body is None else "POST"
        async with self._http.request(method, path, json=body, headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.text()


@pytest.fixture
async def desk(make_rig: MakeRig) -> AsyncIterator[Desk]:
    """A plan for two people waits."""
    rig = make_rig(base_a=HOT, drawing={0, 3}, control=replace(QUICK, authorisation=TWO_OPERATORS))
    patched(rig, operators=people().keys)
    rig.start()
    await rig.run(1.5)
    assert rig.intervention.state is AWAITING
    async with Desk(rig, RateLimit(burst=1000)) as made:
        yield made


def about(desk: Desk, what: str) -> str:
    return f"/interventions/{desk.rig.intervention.id}/{what}"


def plan(desk: Desk) -> dict[str, str]:
    return {**WHY, "plan": request_of(desk.rig).digest}


async def test_what_is_under_way_is_listed_and_shown_without_any_mpan(desk: Desk) -> None:
    status, (one,) = await desk.ask("/interventions", who="Cleo")
    assert (status, one["id"], one["waits_for_people"]) == (200, desk.rig.intervention.id, 2)
    status, whole = await desk.ask(f"/interventions/{one['id']}", who="Cleo")
    assert status == 200
    assert whole["waiting_plan"]["sha256"] == request_of(desk.rig).digest
    assert [step["state"] for step in whole["story"]][-1] == "awaiting_authorisation"
    shown = str(whole["waiting_plan"]["plan"]["holds"][0]["customer"])
    assert shown == desk.rig.site.pseudonym(mpan(0)) or shown == desk.rig.site.pseudonym(mpan(3))
    assert await desk.ask("/status", who="Cleo") == (200, "all is well\n")


async def test_two_different_people_approve_and_the_word_is_sealed_and_kept_in_the_inbox(desk: Desk) -> None:
    status, said = await desk.ask(about(desk, "approve"), plan(desk), who="Asha")
    assert (status, said) == (200, {"taken": "approve", "intervention": desk.rig.intervention.id, "by": "Asha"})
    assert await desk.ask(about(desk, "approve"), plan(desk), who="Asha") == (200, said), "the same word came twice"
    status, refused = await desk.ask(about(desk, "approve"), plan(desk) | {"why": "once more"}, who="Asha")
    assert status == 409
    assert "another person must" in refused["detail"]
    assert desk.rig.commands() == []
    assert (await desk.ask(about(desk, "approve"), plan(desk), who="Ben"))[0] == 200
    assert desk.nudges == 4
    await desk.rig.run(2)
    assert desk.rig.held_in_truth() == {0, 3}
    assert {f["who"] for f in desk.rig.facts("operator", "approve")} == {"Asha", "Ben"}
    assert {row.state for row in desk.rig.store.rows("word")} <= {"approve", "not taken"}
    sound(desk.rig)


async def test_a_no_is_enough_from_one(desk: Desk) -> None:
    assert (await desk.ask(about(desk, "refuse"), plan(desk), who="Asha"))[0] == 200
    await desk.rig.run(2)
    assert desk.rig.commands() == []
    sound(desk.rig)


async def test_who_has_no_good_token_learns_nothing(desk: Desk) -> None:
    good = token("Ben")
    for header in (None, "", "Bearer", "Bearer ", f"Basic {good}", f"Bearer {good}x", "Bearer é"):
        for path, body in (("/interventions", None), (about(desk, "stop"), WHY), ("/no-such-path", None)):
            status, told = await desk.ask(path, body, who=None, header=header)
            assert (status, told) == (401, {"detail": "a token is needed"}), header
    assert desk.rig.store.rows("word") == []


@pytest.mark.parametrize(
    ("who", "what", "body"),
    [
        ("Cleo", "approve", {**WHY, "plan": "0" * 64}),
        ("Cleo", "refuse", {**WHY, "plan": "0" * 64}),
        ("Cleo", "stop", WHY),
        ("Cleo", "finding", {"finding": "one-off", "note": "x"}),
        ("Asha", "stop", WHY),
        ("Dan", "approve", {**WHY, "plan": "0" * 64}),
    ],
)
async def test_a_token_is_good_for_its_scopes_only(desk: Desk, who: str, what: str, body: Any) -> None:
    status, told = await desk.ask(about(desk, what), body, who=who)
    assert status == 403
    assert "scope" in told["detail"]
    assert desk.rig.store.rows("word") == []
    assert (await desk.ask("/interventions", who="Dan"))[0] == 403, "to stop is not to look"
    assert (await desk.ask("/stop", WHY, who="Asha"))[0] == 403


async def test_an_intervention_that_there_is_not_and_words_that_never_could_count(desk: Desk) -> None:
    assert (await desk.ask("/interventions/LB-1"))[0] == 404
    for what, body in (("stop", WHY), ("approve", plan(desk)), ("finding", {"finding": "one-off", "note": "x"})):
        assert (await desk.ask(f"/interventions/LB-1/{what}", body))[0] == 404
    status, told = await desk.ask(about(desk, "approve"), {**WHY, "plan": "0" * 64})
    assert status == 409
    assert "look at it again" in told["detail"]
    status, told = await desk.ask(about(desk, "finding"), {"finding": "bad luck", "note": "x"})
    assert status == 409
    assert "one-off" in told["detail"]
    for body in ({}, {"why": ""}, {**WHY, "who": "Asha"}, [], {**WHY, "plan": "short"}):
        assert (await desk.ask(about(desk, "approve"), body))[0] == 422, body
    assert (await desk.ask(about(desk, "stop"), {"why": "x" * 20_000}))[0] == 413
    assert desk.rig.store.rows("word") == []


async def test_stop_frees_everybody_and_says_who_and_why(desk: Desk) -> None:
    for who in ("Asha", "Ben"):
        await desk.ask(about(desk, "approve"), plan(desk), who=who)
    await desk.rig.run(2)
    assert desk.rig.held_in_truth() == {0, 3}
    assert (await desk.ask("/stop", {"why": "a crew is there"}, who="Dan"))[0] == 200
    await desk.rig.run(1.5)
    assert desk.rig.held_in_truth() == set()
    (told,) = desk.rig.facts("operator", "stop_all")
    assert (told["who"], told["why"]) == ("Dan", "a crew is there")
    sound(desk.rig)


async def test_stop_all_from_a_terminal_is_the_same_word(desk: Desk, tmp_path: Path) -> None:
    for who in ("Asha", "Ben"):
        await desk.ask(about(desk, "approve"), plan(desk), who=who)
    await desk.rig.run(2)
    assert desk.rig.held_in_truth() == {0, 3}
    words = ("--as", "Dan", "--code", "code of Dan", "--why", "a crew is there")
    done = linkbox("interventions", "stop-all", "--store", tmp_path / "0.sqlite", *words)
    assert (done.code, done.text.startswith("stop_all for every intervention by Dan")) == (0, True), done.err
    await desk.rig.controller.work()
    await desk.rig.run(1.5)
    assert desk.rig.held_in_truth() == set()
    assert [row.state for row in desk.rig.store.rows("word")][-1] == "stop_all"


async def test_a_stop_of_everything_where_nothing_is_under_way_does_not_count(make_rig: MakeRig) -> None:
    rig = make_rig()
    patched(rig, operators=people().keys)
    rig.start()
    async with Desk(rig) as desk:
        status, told = await desk.ask("/stop", WHY)
    assert (status, told["detail"]) == (409, "no intervention is under way")


async def test_a_finding_is_kept_once_a_market_has_failed_also_when_all_is_over(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    patched(rig, operators=people().keys)
    rig.start()
    await rig.run(1)
    async with Desk(rig) as desk:
        found = {"finding": "provider-system-fault", "note": "its gateway was down"}
        status, told = await desk.ask(about(desk, "finding"), found, who="Asha")
        assert status == 409
        assert "did not fail" in told["detail"]
        await rig.run(3)
        assert (await desk.ask(about(desk, "finding"), found, who="Asha"))[0] == 200
        status, told = await desk.ask(about(desk, "finding"), {**found, "note": "x" * 501}, who="Asha")
        assert status == 422
    (row,) = rig.store.rows("market_finding")
    assert (row.state, row.body["who"], row.body["note"]) == ("provider-system-fault", "Asha", "its gateway was down")
    assert rig.facts("market", "finding")[0]["finding"] == "provider-system-fault"
    sound(rig)


async def test_one_address_may_ask_so_often_whatever_it_asks(make_rig: MakeRig) -> None:
    async with Desk(make_rig(), RateLimit(burst=3, per_minute=1.0)) as desk:
        answers = [await desk.ask("/interventions", who=who) for who in ("Ben", None, "Ben", "Ben", None)]
    assert [status for status, _ in answers] == [200, 401, 200, 429, 429]


async def test_it_describes_itself_and_the_page_describes_it(make_rig: MakeRig) -> None:
    async with Desk(make_rig()) as desk:
        status, described = await desk.ask("/openapi.json", who=None)
        assert status == 200
        assert "bearer" in str(described["components"]["securitySchemes"]).lower()
        page = (DOCS / "reference" / "http.md").read_text("utf-8")
        told = {code(row[0])[0] for row in cells(page, "For operators")}
        served = {path for path in paths(desk.app) if not path.startswith("HEAD")}
        assert told == served
        assert set(described["paths"]) == {line.split()[1] for line in served if "openapi" not in line}


def test_who_it_is_is_found_by_the_token_alone_and_nothing_secret_is_shown() -> None:
    found = people().who(token("Ben"))
    assert found is not None
    assert found.name == "Ben"
    assert people().who("") is None
    assert token_digest(token("Ben")) not in repr(found)
    assert found.key.hex() not in repr(found)
