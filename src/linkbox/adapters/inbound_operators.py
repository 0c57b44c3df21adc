"""The operators' HTTP interface: look, approve, refuse, stop, and keep what an investigation found.

Each operator has a bearer token with scopes of its own. It belongs on loopback or behind TLS: a token is all that is
asked for. Customers stand under their tokens, never by MPAN."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Protocol

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from linkbox.base.errors import InvalidInput, LinkboxError
from linkbox.operation.operator_access import Operators, Person, Scope
from linkbox.operation.operator_words import UnknownIntervention
from linkbox.operation.operators import WordKind
from linkbox.operation.rate_limit import RateLimit

MAX_BODY_BYTES = 10_000
_BEARER = HTTPBearer(auto_error=False, description="The operator's own token.")
Why = Annotated[str, Field(min_length=1, max_length=500, description="The reason; it is recorded.")]
Plan = Annotated[str, Field(min_length=12, max_length=64, description="12 or more characters of the plan's SHA-256.")]


class OperatorFront(Protocol):
    """What the interface leads to."""

    def interventions(self, *, everything: bool) -> list[dict[str, Any]]:
        """Those under way, or all."""

    def intervention(self, intervention_id: str) -> dict[str, Any]:
        """One with its story; raise UnknownIntervention."""

    def say(
        self, person: Person, kind: WordKind, intervention_id: str, *, why: str, plan: str = "", finding: str = ""
    ) -> str | None:
        """Say a word; why it does not count, if it does not. Raise InvalidInput for one that never could."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Stop(_Body):
    """A stop of one intervention or of all."""

    why: Why


class AboutAPlan(_Body):
    """A yes or a no to the plan that was looked at."""

    why: Why
    plan: Plan


class FoundOut(_Body):
    """What an investigation of a market found."""

    finding: Annotated[str, Field(min_length=1, max_length=40)]
    note: Why


Status = Callable[[], Mapping[str, Any]]


def create_operators_app(
    front: OperatorFront,
    operators: Operators,
    *,
    status: Status,
    status_text: Callable[[], str],
    limit: RateLimit | None = None,
    steady_s: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The endpoints; ``/openapi.json`` describes them. 401 without a good token, 403 where it has not the scope,
    404 for an intervention that there is not, 409 for a word that does not count, 422 for a body that is none, 429 from
    an address that asks too often."""
    app = FastAPI(title="Linkbox operators", docs_url=None, redoc_url=None)
    allowed = limit or RateLimit(burst=60, per_minute=120.0)

    @app.middleware("http")
    async def guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        address = request.client.host if request.client else ""
        if not allowed.allows(address, steady_s()):
            return _told(429, "too many requests from this address", {"Retry-After": "60"})
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES or "transfer-encoding" in request.headers:
            return _told(413, f"a body has at most {MAX_BODY_BYTES} bytes, and says how many")
        if request.url.path != app.openapi_url:  # before anything else is looked at, the body least of all
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            request.state.person = operators.who(token) if scheme.lower() == "bearer" else None
            if request.state.person is None:
                return _told(401, "a token is needed", {"WWW-Authenticate": "Bearer"})
        return await proceed(request)

    @app.exception_handler(UnknownIntervention)
    async def unknown(_: Request, error: Exception) -> Response:
        return _told(404, _issues(error))

    @app.exception_handler(InvalidInput)
    async def never(_: Request, error: Exception) -> Response:
        return _told(409, _issues(error))

    @app.exception_handler(LinkboxError)
    async def unable(_: Request, error: Exception) -> Response:
        return _told(503, str(error), {"Retry-After": "5"})

    def with_scope(scope: Scope) -> Callable[..., Person]:
        def person_of(request: Request, _: Annotated[object, Depends(_BEARER)]) -> Person:
            person: Person = request.state.person
            if scope not in person.scopes:
                raise HTTPException(403, f"your token has not the scope {scope.value!r}")
            return person

        return person_of

    viewer, authoriser, stopper = (Depends(with_scope(scope)) for scope in (Scope.VIEW, Scope.AUTHORISE, Scope.STOP))

    def say(person: Person, kind: WordKind, about: str, why: str, *, plan: str = "", finding: str = "") -> Response:
        refused = front.say(person, kind, about, why=why, plan=plan, finding=finding)
        if refused is not None:
            return _told(409, refused)
        return JSONResponse({"taken": kind.value, "intervention": about or None, "by": person.name})

    @app.get("/interventions")
    async def interventions(_: Person = viewer, everything: bool = False) -> list[dict[str, Any]]:
        """Those under way; with ``everything=true`` also those that are over."""
        return front.interventions(everything=everything)

    @app.get("/interventions/{intervention}")
    async def intervention(intervention: str, _: Person = viewer) -> dict[str, Any]:
        """One, with its story and the plan that waits for people."""
        return front.intervention(intervention)

    @app.post("/interventions/{intervention}/approve")
    async def approve(intervention: str, said: AboutAPlan, person: Person = authoriser) -> Response:
        """Yes to exactly this plan."""
        return say(person, WordKind.APPROVE, intervention, said.why, plan=said.plan)

    @app.post("/interventions/{intervention}/refuse")
    async def refuse(intervention: str, said: AboutAPlan, person: Person = authoriser) -> Response:
        """No: nobody is held for it, and nothing further is planned in this intervention."""
        return say(person, WordKind.REFUSE, intervention, said.why, plan=said.plan)

    @app.post("/interventions/{intervention}/stop")
    async def stop(intervention: str, said: Stop, person: Person = stopper) -> Response:
        """Free everybody of this intervention at once."""
        return say(person, WordKind.STOP, intervention, said.why)

    @app.post("/stop")
    async def stop_all(said: Stop, person: Person = stopper) -> Response:
        """Stop every intervention that is under way, in one commit."""
        return say(person, WordKind.STOP_ALL, "", said.why)

    @app.post("/interventions/{intervention}/finding")
    async def found(intervention: str, said: FoundOut, person: Person = authoriser) -> Response:
        """Keep why the market failed; earlier findings stay."""
        return say(person, WordKind.FINDING, intervention, said.note, finding=said.finding)

    @app.get("/status")
    async def status_(request: Request, _: Person = viewer) -> Response:
        """How the service is doing: one screen of text, or JSON to who accepts it."""
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(dict(status()))
        return PlainTextResponse(status_text())

    return app


def _told(status: int, why: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": why}, status_code=status, headers=dict(headers or {}))


def _issues(error: Exception) -> str:
    issues = error.issues if isinstance(error, InvalidInput) else ()
    return "; ".join(f"{issue.where}: {issue.rule}" for issue in issues)
