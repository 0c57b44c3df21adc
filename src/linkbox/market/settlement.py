"""What an order is worth: ordered against delivered as measured on the feeder, and the amount.

    delivered = what the feeder is below its counterfactual, between 0 and what is ordered, where that is more than its
                standard deviation (else it is nothing); shared among a phase's orders in proportion
    amount    = delivered kW * hours in force * the contract's price

The drop is measured once, when the market is judged: later the counterfactual is too uncertain to tell a delivery from
anything else that a street does. It is credited from the end of the provider's own time to deliver until the order ends
or the event is closed, whichever is first; what is stated with it is how it was measured, and how surely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from linkbox.base.phases import Phase
from linkbox.base.time import format_utc
from linkbox.market.calloff import FlexRequest
from linkbox.market.counterfactual import METHOD
from linkbox.market.delivery import Effect
from linkbox.market.messages import Plain, conversation, header
from linkbox.market.uftp import CURRENCY, NOMINAL_V, UftpIdentity, isp_span

_MONEY = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order that was placed: ``ordered_a`` on its request's phase, from ``since`` on."""

    request: FlexRequest
    ordered_a: float
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One order's account. Currents in A on ``phase``, ``[start, end)`` when it was in force."""

    request: FlexRequest
    phase: Phase
    ordered_a: float
    delivered_a: float
    baseline_a: float
    measured_a: float
    sigma_a: float
    start: datetime
    end: datetime
    energy_kwh: float
    price_gbp_per_kwh: float
    amount_gbp: Decimal
    ordered_gbp: Decimal
    measured: bool

    def to_record(self) -> dict[str, Any]:
        """Plain values for the store and the record."""
        return {
            "order_reference": self.request.request_id,
            "provider": self.request.provider,
            "contract_id": self.request.contract_id,
            "phase": self.phase.name,
            "start": format_utc(self.start),
            "end": format_utc(self.end),
            "ordered_a": round(self.ordered_a, 2),
            "delivered_a": round(self.delivered_a, 2),
            "baseline_a": round(self.baseline_a, 1),
            "measured_a": round(self.measured_a, 1),
            "sigma_a": round(self.sigma_a, 1),
            "energy_kwh": round(self.energy_kwh, 3),
            "price_gbp_per_kwh": self.price_gbp_per_kwh,
            "amount_gbp": f"{self.amount_gbp:.4f}",
            "ordered_gbp": f"{self.ordered_gbp:.4f}",
            "method": METHOD if self.measured else "not measured: no complete reading after the acceptance",
        }


def settle(orders: Sequence[Ordered], effect: Effect | None) -> tuple[Settled, ...]:
    """The account of each order of one event, by what the feeder showed when the market was judged."""
    return tuple(_settled(order, orders, effect) for order in orders)


def _settled(order: Ordered, orders: Sequence[Ordered], effect: Effect | None) -> Settled:
    request, phase = order.request, order.request.phase
    rivals = sum(o.ordered_a for o in orders if o.request.phase is phase and o.request.start == request.start)
    proven = effect is not None and effect.reduction_a[phase] >= effect.sigma_a[phase]
    shown = max(0.0, effect.reduction_a[phase]) if effect is not None and proven else 0.0
    delivered = min(order.ordered_a, shown * order.ordered_a / rivals) if rivals else 0.0
    start = max(request.start, order.since + timedelta(seconds=request.deliver_within_s))
    end = max(start, request.end)
    hours = (end - start) / timedelta(hours=1)
    return Settled(
        request=request,
        phase=phase,
        ordered_a=order.ordered_a,
        delivered_a=delivered,
        baseline_a=0.0 if effect is None else effect.expected_a[phase],
        measured_a=0.0 if effect is None else effect.measured_a[phase],
        sigma_a=0.0 if effect is None else effect.sigma_a[phase],
        start=start,
        end=end,
        energy_kwh=_kwh(delivered, hours),
        price_gbp_per_kwh=request.price_gbp_per_kwh,
        amount_gbp=_money(_kwh(delivered, hours) * request.price_gbp_per_kwh),
        ordered_gbp=_money(_kwh(order.ordered_a, hours) * request.price_gbp_per_kwh),
        measured=effect is not None,
    )


def _kwh(current_a: float, hours: float) -> float:
    return current_a * NOMINAL_V / 1000.0 * hours


def _money(pounds: float) -> Decimal:
    return Decimal(str(round(pounds, 8))).quantize(_MONEY, ROUND_HALF_UP)


def flex_settlement(accounts: Sequence[Settled], me: UftpIdentity, at: datetime) -> Plain:
    """FlexSettlement for the orders of one event with one contract."""
    first = accounts[0].request
    days = sorted({_period(a, me) for a in accounts})
    begun = header("FlexSettlement", me, to=first.domain, name=f"{conversation(first)}/settlement",
                   conversation=conversation(first), at=at)  # fmt: skip
    return begun | {
        # The library has the message as a response: the specification has no such attributes, so none is given.
        "result": "Accepted",
        "period_start": days[0],
        "period_end": days[-1],
        "currency": CURRENCY,
        "flex_order_settlements": [_order_settlement(a, me) for a in accounts],
        "contract_settlements": [
            {"contract_id": first.contract_id, "periods": [_contract_period(day, accounts, me) for day in days]}
        ],
    }


def _period(account: Settled, me: UftpIdentity) -> str:
    request = account.request
    return isp_span(request.start, request.end, me.time_zone, me.isp_minutes).period.isoformat()


def _order_settlement(account: Settled, me: UftpIdentity) -> Plain:
    request = account.request
    span = isp_span(request.start, request.end, me.time_zone, me.isp_minutes)
    ordered, delivered = _watts(account.ordered_a), _watts(account.delivered_a)
    isp = {
        "start": span.start,
        "duration": span.duration,
        "baseline_power": _watts(account.baseline_a),
        "ordered_flex_power": -ordered,
        "actual_power": _watts(account.measured_a),
        "delivered_flex_power": -delivered,
        "power_deficiency": max(0, ordered - delivered),
    }
    return {
        "order_reference": request.request_id,
        "period": span.period.isoformat(),
        "contract_id": request.contract_id,
        "baseline_reference": "feeder counterfactual, damped trend",
        "congestion_point": me.congestion_point(request.congestion_point, request.phase),
        "price": f"{account.ordered_gbp:.4f}",
        "penalty": f"{account.ordered_gbp - account.amount_gbp:.4f}",
        "net_settlement": f"{account.amount_gbp:.4f}",
        "isps": [isp],
    }


def _contract_period(day: str, accounts: Sequence[Settled], me: UftpIdentity) -> Plain:
    mine = [a for a in accounts if _period(a, me) == day]
    spans = [isp_span(a.request.start, a.request.end, me.time_zone, me.isp_minutes) for a in mine]
    asked = sum(_watts(a.request.current_a) for a in mine)
    isp = {
        "start": min(s.start for s in spans),
        "duration": max(s.duration for s in spans),
        "reserved_power": -asked,
        "requested_power": -asked,
        "offered_power": -sum(_watts(a.ordered_a) for a in mine),
        "ordered_power": -sum(_watts(a.ordered_a) for a in mine),
    }
    return {"period": day, "isps": [isp]}


def _watts(current_a: float) -> int:
    return round(current_a * NOMINAL_V)
