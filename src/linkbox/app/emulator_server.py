"""The emulator from options and files, served until it is interrupted."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from linkbox.app.event_loop import run_serving
from linkbox.app.pki_folder import read_homes, reopen
from linkbox.app.wire_io import bad_input, read_octets, say_at_once
from linkbox.app.wire_json import from_json, parse_json
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.identifiers import Eui64, InvalidIdentifier
from linkbox.dcc.eligibility import UserRole
from linkbox.dcc.smki import Role, TestPki
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.faults import FaultPlan, FaultRule
from linkbox.emulator.latency import DEFAULT_HAN, DEFAULT_WAN, Latency, LatencyPlan
from linkbox.emulator.standalone import StandaloneConfig, Tls, run_standalone

_COLLECTOR_THRESHOLDS = (50_000, 20, 50)
_SPREAD = 1.2
_HOPS = 2


class CanNotServe(LinkboxError):
    """A port is in use, or may not be taken."""


def settings(
    config: Path | None,
    faults: Path | None,
    *,
    seed: int | None,
    profile: str | None,
    device_profile: str | None,
    latency_s: float | None,
) -> EmulatorConfig:
    """The emulator's settings: those of the file, with the options' in their place. Raise InvalidInput."""
    found = EmulatorConfig() if config is None else _from_file(config, EmulatorConfig)
    given: dict[str, Any] = {"seed": seed, "profile": profile, "device_profile": device_profile}
    if faults is not None:
        rules = _from_file(faults, tuple[FaultRule, ...])
        given["faults"] = FaultPlan(rules=(*found.faults.rules, *rules))
    if latency_s is not None:
        given["latency"] = even_latency(latency_s)
    return replace(found, **{name: value for name, value in given.items() if value is not None})


def _from_file(file: Path, hint: Any) -> Any:
    return from_json(parse_json(read_octets(file), str(file)), hint, str(file))


def even_latency(one_way_s: float) -> LatencyPlan:
    """About this long one way, in every region: half of it in the WAN, half in the HAN."""
    if not 0.0 < one_way_s <= 300.0:
        raise bad_input("--latency", str(one_way_s), "must be above 0 and at most 300 s")
    half = one_way_s / _HOPS
    hop = Latency(median_s=half, p95_s=half * _SPREAD, minimum_s=half / _SPREAD, maximum_s=half * _SPREAD)
    return LatencyPlan(wan=dict.fromkeys(DEFAULT_WAN, hop), han=dict.fromkeys(DEFAULT_HAN, hop), other_region=hop)


def tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    """TLS, if the options ask for it; raise InvalidInput where a file is missing."""
    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        raise bad_input("--tls-certificate, --tls-key", "", "must be given together")
    missing = [f for f in (certificate, key, client_ca) if f is not None and not f.is_file()]
    if missing:
        raise InvalidInput("TLS", [Issue(where=str(file), value="", rule="must be a file") for file in missing])
    return Tls(certificate=certificate, key=key, client_ca=client_ca)


def standalone(
    settings: EmulatorConfig,
    inventory: Path,
    pki: Path,
    *,
    user: str | None,
    user_role: str,
    endpoint: str,
    host: str,
    ports: dict[str, int],
    tls: Tls | None,
) -> tuple[StandaloneConfig, TestPki]:
    """What to serve, and the keys of the folder ``pki``. Raise InvalidInput with what is wrong."""
    homes, plan = read_homes(inventory), reopen(pki)
    issues = [
        Issue(where=f"--{name.removeprefix('dcc_').replace('_', '-')}", value=str(port), rule="must be within 0..65535")
        for name, port in ports.items()
        if not 0 <= port <= 65535
    ]
    if user_role not in set(UserRole):
        issues.append(Issue(where="--user-role", value=user_role, rule=f"must be one of {', '.join(UserRole)}"))
    if not endpoint.startswith(("http://", "https://")):
        issues.append(Issue(where="--endpoint", value=endpoint, rule="must be an http or https address"))
    if user is None and not plan.users:
        issues.append(Issue(where="--user", value="", rule="must be given: the folder has no user"))
    if issues:
        raise InvalidInput("emulator", issues)
    found = StandaloneConfig(
        emulator=replace(settings, broker=plan.broker),
        installations=homes,
        user=_eui(user) if user is not None else plan.users[0],
        user_endpoint=endpoint,
        pki_seed=plan.seed,
        user_role=UserRole(user_role),
        certificate_role=Role(plan.user_role),
        host=host,
        tls=tls,
        **ports,
    )
    return found, plan.organisations()


def _eui(text: str) -> Eui64:
    try:
        return Eui64(text)
    except InvalidIdentifier as error:
        raise bad_input("--user", text, error.rule) from error


@contextmanager
def lasting_objects() -> Iterator[None]:
    """Within, the garbage collector takes what is there for lasting, and looks less often.

    It takes a fifth of the time of a process that keeps tens of thousands of exchanges in memory.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def serve(config: StandaloneConfig, pki: TestPki, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM. Raise CanNotServe where a port can not be taken."""

    async def started(addresses: dict[str, str]) -> None:
        stack.enter_context(lasting_objects())
        said = json.dumps(addresses) if as_json else "\n".join(f"{name} {url}" for name, url in addresses.items())
        say_at_once(said)

    async def run() -> None:
        serving = asyncio.ensure_future(run_standalone(config, pki=pki, started=started))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        await asyncio.gather(serving, return_exceptions=False)

    with ExitStack() as stack:
        try:
            run_serving(run())
        except asyncio.CancelledError:
            return
        except OSError as error:
            raise CanNotServe(f"can not serve: {error}") from error
