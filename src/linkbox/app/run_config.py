"""``service.toml``: everything that ``linkbox run`` needs. Paths in it are relative to the file.

Secrets are not written in it: a secret is named as ``env:VARIABLE`` or ``file:PATH``. ``docs/reference/service.md`` has
every setting with its default."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from linkbox.app.notice_channels import ChannelsConfig
from linkbox.app.watch_config import MqttPart
from linkbox.base.errors import InvalidInput, Issue
from linkbox.control.authorisation import POLICIES
from linkbox.control.candidates import MAX_HOLD_S, MIN_HOLD_S
from linkbox.control.policy import ControlPolicy
from linkbox.dcc.eligibility import PROFILES, UserRole
from linkbox.grid.policy import RiskPolicy

RISK_NAMES = frozenset(f.name for f in fields(RiskPolicy))


def _secret(text: str) -> str:
    if not text.startswith(("env:", "file:")) or text in ("env:", "file:"):
        raise ValueError("must name a secret, as env:VARIABLE or file:PATH")
    return text


def _civil_time(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be a time of day as 06:00") from error
    return text


Text = Annotated[str, Field(min_length=1, max_length=500)]
Secret = Annotated[str, AfterValidator(_secret)]
CivilTime = Annotated[str, AfterValidator(_civil_time)]
KEY_PASSWORD: Secret = "env:LINKBOX_KEY_PASSWORD"  # noqa: S105 - the name of a variable
Seconds = Annotated[float, Field(gt=0.0, le=86_400.0)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServicePart(_Part):
    """How often to look at the store, and when to give up; see Rhythm."""

    look_every_s: Seconds = 1.0
    retry_s: Seconds = 2.0
    give_up_s: Seconds = 60.0
    log: str | None = None


class StorePart(_Part):
    """A SQLite file, or ``postgresql://…``; where the address holds a password, ``place_secret`` instead."""

    place: Text = "linkbox.sqlite"
    place_secret: Secret | None = None


class NetworkPart(_Part):
    """Which feeders, who is on them, which chargers, which devices. Without ``points`` the store's register counts."""

    fleet: Text
    chargers: Text
    inventory: Text
    points: Text | None = None
    pseudonym_key: Secret
    tariff_start: CivilTime | None = None
    tariff_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0


class DccPart(_Part):
    """Where the DCC is, who we are there, and our keys: a folder as ``linkbox pki create`` lays it out."""

    url: Url
    keys: Text
    key_password: Secret = KEY_PASSWORD
    user: Text
    user_role: UserRole = UserRole.ELECTRICITY_DISTRIBUTOR
    certificate_role: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{2}$")] = "03"
    profile: Literal[tuple(PROFILES)] = "secmp0046"  # type: ignore[valid-type]  # the names are data
    timeout_s: Seconds = 10.0
    tls_certificate: Text | None = None
    tls_key: Text | None = None
    tls_ca: Text | None = None


class BrokerPart(MqttPart):
    """A broker for readings; its session is another one than that of ``linkbox watch``."""

    client_id: str = Field(default="linkbox-run", min_length=1, max_length=64)


class ProviderPart(_Part):
    """A provider: its domain, its public key, and the full address that it takes messages at."""

    domain: Text
    public_key: Text
    url: Url


class MarketPart(_Part):
    """Our name and key in the market, the contracts, and the providers."""

    domain: Text
    key: Text
    contracts: Text
    provider: tuple[ProviderPart, ...] = ()


def _address(text: str) -> str:
    ip_address(text)
    return text


class ServedPart(_Part):
    """Where to listen; port 0 takes a free one. Anything but loopback needs TLS where it says so. ``proxies``: whose
    word is believed on whom they ask for, so that each sender has a rate of its own."""

    host: Text = "127.0.0.1"
    port: Port
    tls_certificate: Text | None = None
    tls_key: Text | None = None
    proxies: tuple[Annotated[str, AfterValidator(_address)], ...] = ()


class DoorPart(ServedPart):
    """For the DCC, the providers, the monitors, and other systems (``senders``: name to secret)."""

    port: Port = 8080
    senders: dict[str, Secret] = Field(default_factory=dict)
    events_per_minute: Annotated[float, Field(gt=0.0, le=1e6)] = 1200.0


class PagePart(ServedPart):
    """The customers' page; ``url`` is how customers reach it, ``link_key`` signs the links in notices."""

    port: Port = 8081
    url: Url
    link_key: Secret


class OperatorsPart(ServedPart):
    """The operators' HTTP interface; ``people`` is a file that ``linkbox operators new`` writes lines for."""

    port: Port = 8082
    people: Text


class SenderPart(_Part):
    """Who writes to customers and suppliers."""

    name: Text = "Linkbox Networks"
    phone: Text = "105"
    website: Text = "the power cut website"


class NoticesPart(ChannelsConfig):
    """The ways out, as for ``linkbox notices try``; ``supplier_channels``: supplier to ``file``, ``sftp``, or the
    address of its webhook."""

    sender: SenderPart = SenderPart()
    supplier_channels: dict[str, Annotated[str, Field(pattern=r"^(file|sftp|https://\S+)$")]] = Field(
        default_factory=dict
    )


class DailyPart(_Part):
    """By British civil time: yesterday's files to the suppliers, the look at the clocks, whom to tell of warnings."""

    supplier_files_at: CivilTime | None = "06:00"
    clocks_at: CivilTime | None = "07:00"
    clocks_tell: str = ""
    clocks_refuse: bool = True


class RecordsPart(_Part):
    """The key of checkpoints and suppliers' files; after how long, and how many records, the chain's head is signed;
    the authority for time stamps (RFC 3161), if there is one."""

    key: Text
    key_password: Secret | None = None
    checkpoint_every_s: Seconds = 900.0
    checkpoint_records: Annotated[int, Field(ge=1)] = 1000
    tsa_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None


class SeekingPart(_Part):
    """How a new tenant is asked for consent."""

    text_version: Text
    channel: Literal["letter", "e-mail", "message"] = "letter"
    language: Literal["en", "cy"] = "en"
    templates: Text | None = None


class RunConfig(_Part):
    """The whole file."""

    service: ServicePart = ServicePart()
    store: StorePart = StorePart()
    network: NetworkPart
    dcc: DccPart
    market: MarketPart | None = None
    door: DoorPart = DoorPart()
    mqtt: BrokerPart | None = None
    page: PagePart | None = None
    operators: OperatorsPart | None = None
    notices: NoticesPart = NoticesPart()
    daily: DailyPart = DailyPart()
    records: RecordsPart | None = None
    seeking: SeekingPart | None = None
    authorisation: Literal[tuple(POLICIES)] = "two"  # type: ignore[valid-type]  # the names are data
    control: dict[str, int | bool | float] = Field(default_factory=dict)
    risk: dict[str, float] = Field(default_factory=dict)


def read_config(path: Path) -> RunConfig:
    """The configuration; raise InvalidInput with every issue, each with its place in the file."""
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise InvalidInput("run", [Issue(where=str(path), value=path.name, rule="file is missing")]) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput("run", [Issue(where=str(path), value=path.name, rule=f"is no TOML: {error}")]) from error
    try:
        config = RunConfig.model_validate(values)
    except ValidationError as error:
        raise InvalidInput("run", [_issue(path, found) for found in error.errors()]) from error
    issues = [Issue(where=f"{path} {where}", value=value, rule=rule) for where, value, rule in _beyond(config)]
    if issues:
        raise InvalidInput("run", issues)
    return config


def _issue(path: Path, found: Any) -> Issue:
    value = found["input"]
    shown = "" if found["type"] == "missing" or isinstance(value, dict) else str(value)[:60]
    rule = str(found["msg"]).removeprefix("Value error, ")
    return Issue(where=f"{path} {'.'.join(map(str, found['loc']))}", value=shown, rule=rule)


def _beyond(config: RunConfig) -> Iterator[tuple[str, str, str]]:
    """What the parts say of each other, and of the policies."""
    for name in ("door", "page", "operators"):
        part: ServedPart | None = getattr(config, name)
        if part is not None:
            yield from _served(name, part, needs_tls=name == "operators")
    dcc = config.dcc
    together = [dcc.tls_certificate, dcc.tls_key, dcc.tls_ca]
    if any(together) and not all(together):
        yield "dcc.tls_certificate", "", "tls_certificate, tls_key and tls_ca must be given together"
    for part_name, policy in (("control", ControlPolicy), ("risk", RiskPolicy)):
        known = {f.name for f in fields(policy)} - {"authorisation"}
        for setting, value in getattr(config, part_name).items():
            if setting not in known:
                yield f"{part_name}.{setting}", str(value), "is no such setting"
    wrong = list(_counts(config))
    yield from wrong or _holds(config)
    if config.records is None and config.notices.supplier_channels:
        yield "records", "", "must be there: what goes to suppliers is signed"


def _served(name: str, part: ServedPart, *, needs_tls: bool) -> Iterator[tuple[str, str, str]]:
    if (part.tls_certificate is None) is not (part.tls_key is None):
        yield f"{name}.tls_key", "", "tls_certificate and tls_key must be given together"
    elif needs_tls and part.tls_certificate is None and not _loopback(part.host):
        yield f"{name}.host", part.host, "must be loopback, or served over TLS: a token would go in clear"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _counts(config: RunConfig) -> Iterator[tuple[str, str, str]]:
    """Settings of the control policy: whole seconds and numbers above 0."""
    kinds = {f.name: f.type for f in fields(ControlPolicy)}
    for name, value in config.control.items():
        kind = kinds.get(name)
        if kind == "bool" and not isinstance(value, bool):
            yield f"control.{name}", str(value), "must be true or false"
        elif kind == "int" and (isinstance(value, bool) or value != int(value) or value < 0):
            yield f"control.{name}", str(value), "must be a whole number, not negative"
        elif kind == "float" and (isinstance(value, bool) or value < 0):
            yield f"control.{name}", str(value), "must be a number, not negative"


def _holds(config: RunConfig) -> Iterator[tuple[str, str, str]]:
    """The durations that planner and veto allow: a policy outside of them would fail at each plan."""
    usual = ControlPolicy()
    hold_s, least_s = (config.control.get(n, getattr(usual, n)) for n in ("hold_s", "min_hold_s"))
    if not MIN_HOLD_S <= hold_s <= MAX_HOLD_S:
        yield "control.hold_s", str(hold_s), f"must be within {MIN_HOLD_S}..{MAX_HOLD_S}"
    if not 60 <= least_s <= hold_s:
        yield "control.min_hold_s", str(least_s), "must be at least 60, and at most hold_s"
    if any(name in RISK_NAMES for name in config.risk) and all(name in RISK_NAMES for name in config.risk):
        try:
            RiskPolicy(**config.risk)
        except ValueError as error:
            yield "risk", str(config.risk)[:60], str(error)


def control_policy(config: RunConfig) -> ControlPolicy:
    """The policy that the file gives."""
    kinds = {f.name: f.type for f in fields(ControlPolicy)}
    values: dict[str, Any] = {n: int(v) if kinds[n] == "int" else v for n, v in config.control.items()}
    return ControlPolicy(authorisation=POLICIES[config.authorisation], **values)
