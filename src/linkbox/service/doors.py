"""The doors of a controller, as web applications: what they lead to, and that somebody is woken when something came.

A simulated evening and a service in real time have the same doors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from linkbox.adapters.customer_page import PageSetup, create_customer_app
from linkbox.adapters.inbound_customers import Senders, customer_router
from linkbox.adapters.inbound_http import MAX_MESSAGE_BYTES, create_inbound_app
from linkbox.adapters.ingest.http import batch_router
from linkbox.grid.telemetry import Reading
from linkbox.market import RemoteProtocolError
from linkbox.operation.controller import Controller
from linkbox.operation.ingest import Sink
from linkbox.operation.objection_desk import CustomerLinks
from linkbox.operation.ports import Store
from linkbox.operation.rate_limit import RateLimit
from linkbox.records.links import LinkSigner

Nudge = Callable[[], None]
Health = Callable[[], Mapping[str, Any]]
HEALTH_PATH = "/health"


def nobody() -> None:
    """Nobody has to be woken: the simulation calls the controller to work by itself."""


class Arrivals:
    """What the doors lead to: the controller commits, then whoever does its work is woken."""

    def __init__(self, controller: Controller, nudge: Nudge) -> None:
        self._controller, self._nudge = controller, nudge

    def receive_dcc(self, body: bytes) -> str | None:
        """See Controller."""
        return self._woken(self._controller.receive_dcc(body))

    def receive_market(self, body: bytes) -> RemoteProtocolError | None:
        """See Controller."""
        refused = self._controller.receive_market(body)
        self._nudge()
        return refused

    def receive_reading(
        self, feeder: str, at: datetime, current_a: list[float], transformer_current_a: list[float] | None
    ) -> str | None:
        """See Controller."""
        return self._woken(self._controller.receive_reading(feeder, at, current_a, transformer_current_a))

    def receive_readings(self, readings: list[Reading]) -> list[str | None]:
        """See Controller."""
        refused = self._controller.receive_readings(readings)
        self._nudge()
        return refused

    def receive_customer(self, message: Mapping[str, Any]) -> str | None:
        """See Controller."""
        return self._woken(self._controller.receive_customer(message))

    def _woken(self, refused: str | None) -> str | None:
        self._nudge()
        return refused


def front_door(
    controller: Controller,
    *,
    senders: Senders | None = None,
    nudge: Nudge = nobody,
    limit: RateLimit | None = None,
    health: Health | None = None,
    readings: Sink | None = None,
) -> FastAPI:
    """For the DCC, the providers, the monitors and, where there are senders, other systems that tell of customers.
    ``readings`` is where concentrators' batches go."""
    arrivals = Arrivals(controller, nudge)
    app = create_inbound_app(arrivals)
    if readings is not None:
        app.include_router(batch_router(readings, max_body_bytes=MAX_MESSAGE_BYTES))
    if senders is not None:
        app.include_router(customer_router(arrivals, senders, limit=limit))
    if health is not None:
        add_health(app, health)
    return app


def page_door(
    controller: Controller,
    store: Store,
    links: LinkSigner,
    *,
    setup: PageSetup | None = None,
    nudge: Nudge = nobody,
    limit: RateLimit | None = None,
) -> FastAPI:
    """The customers' page."""
    front = CustomerLinks(controller, store, links, nudge=nudge)
    return create_customer_app(front, setup, limit=limit)


def add_health(app: FastAPI, health: Health) -> None:
    """``GET /health``: 200 while all is well, 503 where the service can not do its work; the same words in both."""

    @app.get(HEALTH_PATH)
    async def health_() -> Response:
        found = health()
        return JSONResponse(dict(found), status_code=200 if found["status"] == "ok" else 503)
