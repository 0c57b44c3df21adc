"""``watch.toml``: which fleet, from where, how it is judged. Paths in it are relative to the file."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linkbox.base.errors import InvalidInput, Issue
from linkbox.grid.nightly import RefitPolicy
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.telemetry import QualityPolicy

Seconds = Annotated[float, Field(gt=0.0, le=86_400.0)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FleetPart(_Part):
    """``table``: the fleet table, CSV, or a folder of a network."""

    table: str = Field(min_length=1)


class WatchPart(_Part):
    """How often to look, what to keep, how much may wait."""

    every_s: Seconds = 1.0
    state: str | None = None
    save_every_s: Seconds = 60.0
    hold_s: Seconds = 900.0
    worst: Annotated[int, Field(ge=1, le=1000)] = 20
    queue_readings: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    overflow: Literal["slow", "shed"] = "slow"
    log: str | None = None


class MqttPart(_Part):
    """A broker, MQTT 5."""

    host: str = Field(min_length=1)
    port: Port = 1883
    prefix: str = Field(default="linkbox", pattern=r"^[^#+\s/][^#+\s]*$")
    client_id: str = Field(default="linkbox-watch", min_length=1, max_length=64)
    username: str | None = None
    password_file: str | None = None
    tls: bool = False
    ca_file: str | None = None
    receive_maximum: Annotated[int, Field(ge=1, le=65_535)] = 500


class HttpPart(_Part):
    """Where to listen; port 0 takes a free one, and says which."""

    host: str = "127.0.0.1"
    port: Port = 8088


class ReplayPart(_Part):
    """Files instead of the present; ``speed`` 0: as fast as it can."""

    files: Annotated[list[str], Field(min_length=1)]
    speed: Annotated[float, Field(ge=0.0, le=1e6)] = 0.0


class RefitPart(_Part):
    """When the forecast learns from the day, local time, or ``never``; from how many feeders."""

    at: str = Field(default="03:30", pattern=r"^(([01]\d|2[0-3]):[0-5]\d|never)$")
    feeders: Annotated[int, Field(ge=1, le=1000)] = 100

    def policy(self) -> RefitPolicy:
        """The night work's policy."""
        return RefitPolicy(at=None if self.at == "never" else time.fromisoformat(self.at), feeders=self.feeders)


class WatchConfig(_Part):
    """The whole file. At least one of ``mqtt``, ``http`` and ``replay``; ``replay`` alone."""

    fleet: FleetPart
    watch: WatchPart = WatchPart()
    mqtt: MqttPart | None = None
    http: HttpPart | None = None
    replay: ReplayPart | None = None
    refit: RefitPart = RefitPart()
    quality: dict[str, float] = Field(default_factory=dict)
    risk: dict[str, float] = Field(default_factory=dict)

    def quality_policy(self) -> QualityPolicy:
        """The checks' policy."""
        counts = {f.name for f in fields(QualityPolicy) if isinstance(f.default, int)}
        settings: dict[str, Any] = {n: int(v) if n in counts else v for n, v in self.quality.items()}
        return QualityPolicy(**settings)

    def risk_policy(self) -> RiskPolicy:
        """The judgement's policy."""
        return RiskPolicy(**self.risk)


def read_config(path: Path) -> WatchConfig:
    """The configuration. Raises InvalidInput with every issue, each with its place in the file."""
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise _invalid(path, "", path.name, "file is missing") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(path, "", path.name, f"is no TOML: {error}") from error
    try:
        config = WatchConfig.model_validate(values)
    except ValidationError as error:
        places = (".".join(map(str, issue["loc"])) for issue in error.errors())
        found = zip(places, error.errors(), strict=True)
        issues = [Issue(where=f"{path} {p}", value=_shown(i["input"]), rule=i["msg"]) for p, i in found]
        raise InvalidInput("watch", issues) from error
    issues = [Issue(where=f"{path} {where}", value=value, rule=rule) for where, value, rule in _beyond(config)]
    if issues:
        raise InvalidInput("watch", issues)
    return config


def _beyond(config: WatchConfig) -> list[tuple[str, str, str]]:
    """What the parts say of each other."""
    wrong = []
    live = [name for name in ("mqtt", "http") if getattr(config, name) is not None]
    if not live and config.replay is None:
        wrong.append(("", "no source", "at least one of mqtt, http and replay must be there"))
    if live and config.replay is not None:
        wrong.append(
            ("replay", ", ".join(live), "files are played back under a time of their own, with no other source")
        )
    for part, policy in (("quality", QualityPolicy), ("risk", RiskPolicy)):
        known = {f.name for f in fields(policy)}
        wrong += [(f"{part}.{n}", n, "is no such setting") for n in getattr(config, part) if n not in known]
    if not wrong:
        try:
            config.risk_policy()
        except ValueError as error:
            wrong.append(("risk", _shown(config.risk), str(error)))
    return wrong


def _shown(value: Any) -> str:
    return "a table" if isinstance(value, dict) and len(value) > 3 else str(value)[:60]


def _invalid(path: Path, where: str, value: str, rule: str) -> InvalidInput:
    return InvalidInput("watch", [Issue(where=f"{path} {where}".strip(), value=value, rule=rule)])
