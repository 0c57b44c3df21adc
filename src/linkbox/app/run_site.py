"""From ``service.toml`` and the files that it names to a Site: everything that is wrong with any of them, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path
from typing import ParamSpec, TypeVar

from linkbox.adapters.charger_table import Chargers, read_chargers
from linkbox.adapters.inbound_customers import Senders
from linkbox.adapters.letters import LetterHead, TemplateLetters
from linkbox.adapters.market_contracts import read_contracts
from linkbox.adapters.market_uftp import Peer, SigningKey, key_from_text
from linkbox.adapters.timestamp import HttpTimeStamper
from linkbox.app.consents_points import read_points
from linkbox.app.market_keys import read_key
from linkbox.app.open_store import AnyStore
from linkbox.app.records_key import read_records_key
from linkbox.app.run_config import MarketPart, RunConfig, control_policy
from linkbox.app.run_operators import read_operators
from linkbox.app.run_secrets import LEAST_OCTETS, secret
from linkbox.app.watch_fleet import read_fleet
from linkbox.app.wire_io import as_input, issues_of
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.identifiers import Eui64, FeederId
from linkbox.dcc.eligibility import profile_named
from linkbox.dcc.inventory import Installation, Inventory
from linkbox.dcc.inventory.table import read_table
from linkbox.dcc.smki import Role
from linkbox.dcc.smki.files import read_signer, read_trust
from linkbox.grid.network import ConnectionPoint, FeederModel
from linkbox.grid.policy import RiskPolicy
from linkbox.market import Contract, UftpIdentity
from linkbox.operation.checkpoint_desk import CheckpointPolicy
from linkbox.operation.letters import Seeking
from linkbox.operation.notice_setup import NoticeSetup, RecordsKey
from linkbox.operation.operator_access import Operators
from linkbox.operation.ports import RegisteredPoint, TimeStamper
from linkbox.operation.site import DccIdentity, Site
from linkbox.records.links import LinkSigner
from linkbox.records.notices import Sender
from linkbox.records.pseudonym import Pseudonymiser

P = ParamSpec("P")
T = TypeVar("T")
_WEBHOOK = "webhook"


class _Reader:
    """Reads one thing after the other, and keeps what is wrong."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def read(self, where: str, make: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> T | None:
        """What ``make`` gives; None, and its issues kept, where that is nothing."""
        try:
            return make(*given, **named)
        except InvalidInput as error:
            self.issues += error.issues
        except LinkboxError as error:
            self.issues += issues_of(error, where)
        except (OSError, ValueError) as error:
            self.issues.append(Issue(where=where, value="", rule=f"can not be used: {error}"))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Our place in the market: who we are, with whom we talk, and under which contracts."""

    domain: str
    key: SigningKey
    peers: tuple[Peer, ...]
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the file gives, checked."""

    site: Site
    market: Market | None
    operators: Operators
    senders: Senders | None
    links: LinkSigner | None
    stamper: TimeStamper | None


def prepare(config: RunConfig, folder: Path, store: AnyStore) -> Prepared:
    """Read everything; raise InvalidInput with all that is wrong."""
    reader = _Reader()
    network = config.network
    fleet = reader.read("network.fleet", read_fleet, folder / network.fleet)
    chargers = reader.read("network.chargers", read_chargers, folder / network.chargers)
    homes = reader.read("network.inventory", _homes, folder / network.inventory)
    points = [] if fleet is None else reader.read("network.points", _points, config, folder, store, fleet)
    dcc = reader.read("dcc", _dcc, config, folder)
    where = "network.pseudonym_key"
    pseudonyms = reader.read(where, secret, network.pseudonym_key, folder, where=where, least=LEAST_OCTETS)
    market = None
    if config.market is not None:
        known = [feeder.feeder_id for feeder in fleet or ()]
        market = reader.read("market", _market, config.market, folder, known)
    operators: Operators | None = Operators(())
    if config.operators is not None:
        operators = reader.read("operators.people", read_operators, folder / config.operators.people)
    senders = reader.read("door.senders", _senders, config, folder) if config.door.senders else None
    links = reader.read("page.link_key", _links, config, folder)
    records = reader.read("records.key", _records_key, config, folder)
    stamper = reader.read("records.tsa_url", _stamper, config)
    seeking = reader.read("seeking", _seeking, config, folder)
    if reader.issues or fleet is None or chargers is None or homes is None or dcc is None:
        raise InvalidInput("run", reader.issues)
    site = reader.read(
        "network",
        _site,
        config,
        feeders=_with_points(fleet, points or ()),
        chargers=chargers,
        homes=homes,
        dcc=dcc,
        contracts=() if market is None else market.contracts,
        operators=operators or Operators(()),
        pseudonym_key=pseudonyms or b"",
        notices=_notices(config, chargers, links, records),
        seeking=seeking,
    )
    if reader.issues or site is None:
        raise InvalidInput("run", reader.issues)
    return Prepared(
        site=site, market=market, operators=operators or Operators(()), senders=senders, links=links, stamper=stamper
    )


def _site(
    config: RunConfig,
    *,
    feeders: tuple[FeederModel, ...],
    chargers: Chargers,
    homes: tuple[Installation, ...],
    dcc: DccIdentity,
    contracts: tuple[Contract, ...],
    operators: Operators,
    pseudonym_key: bytes,
    notices: NoticeSetup,
    seeking: Seeking | None,
) -> Site:
    tariff = config.network.tariff_start
    return Site(
        feeders=feeders,
        chargers=chargers.points,
        inventory=Inventory(homes),
        contracts=contracts,
        dcc=dcc,
        pseudonym=Pseudonymiser(pseudonym_key).token,
        risk=RiskPolicy(**config.risk),
        control=control_policy(config),
        market=UftpIdentity() if config.market is None else UftpIdentity(domain=config.market.domain),
        tariff_start=None if tariff is None else time.fromisoformat(tariff),
        tariff_share=config.network.tariff_share,
        operators=operators.keys,
        seeking=seeking,
        overdue_clock_refuses=config.daily.clocks_refuse,
        checkpoints=_checkpoints(config),
        notices=notices,
    )


def _checkpoints(config: RunConfig) -> CheckpointPolicy:
    part = config.records
    if part is None:
        return CheckpointPolicy()
    return CheckpointPolicy(records=part.checkpoint_records, minutes=part.checkpoint_every_s / 60)


def _stamper(config: RunConfig) -> TimeStamper | None:
    part = config.records
    return None if part is None or part.tsa_url is None else HttpTimeStamper(part.tsa_url)


def _homes(file: Path) -> tuple[Installation, ...]:
    return tuple(read_table(file.read_text("utf-8"), name=str(file)))


def _points(config: RunConfig, folder: Path, store: AnyStore, fleet: list[FeederModel]) -> list[RegisteredPoint]:
    """Those of the file, or those of the store's register."""
    if config.network.points is not None:
        return list(read_points(folder / config.network.points))
    return [point for feeder in fleet for point in store.points_of(feeder.feeder_id)]


def _with_points(fleet: Iterable[FeederModel], points: Iterable[RegisteredPoint]) -> tuple[FeederModel, ...]:
    by_feeder: dict[FeederId, list[ConnectionPoint]] = {}
    for registered in points:
        by_feeder.setdefault(registered.feeder_id, []).append(registered.point)
    return tuple(replace(feeder, points=tuple(by_feeder.get(feeder.feeder_id, ()))) for feeder in fleet)


def _dcc(config: RunConfig, folder: Path) -> DccIdentity:
    part = config.dcc
    keys, password = folder / part.keys, secret(part.key_password, folder, where="dcc.key_password")
    with as_input("dcc.keys"):
        user, role = Eui64(part.user), Role.from_ou(part.certificate_role)
        return DccIdentity(
            user=user,
            role=part.user_role,
            xml_signer=read_signer(keys, user, Role.XML_SIGNING, password),
            gbcs_signer=read_signer(keys, user, role, password),
            trust=read_trust(keys),
            profile=profile_named(part.profile),
        )


def _market(part: MarketPart, folder: Path, known: list[FeederId]) -> Market:
    reader = _Reader()
    key = reader.read("market.key", read_key, folder / part.key)
    contracts = reader.read("market.contracts", read_contracts, folder / part.contracts, known)
    peers = []
    for place, provider in enumerate(part.provider):
        where = f"market.provider.{place}.public_key"
        public = reader.read(where, key_from_text, provider.public_key, where=where)
        if public is not None:
            peers.append(Peer(domain=provider.domain, public_key=public, url=provider.url))
    domains = {provider.domain for provider in part.provider}
    reader.issues += [
        Issue(where="market.provider", value=contract.domain, rule=f"must be there: {contract.contract_id} is with it")
        for contract in contracts or ()
        if contract.domain not in domains
    ]
    if reader.issues or key is None or contracts is None:
        raise InvalidInput("market", reader.issues)
    return Market(domain=part.domain, key=key, peers=tuple(peers), contracts=contracts)


def _senders(config: RunConfig, folder: Path) -> Senders:
    reader = _Reader()
    found = {
        name: reader.read(name, secret, named, folder, where=f"door.senders.{name}", least=LEAST_OCTETS)
        for name, named in config.door.senders.items()
    }
    if reader.issues:
        raise InvalidInput("door.senders", reader.issues)
    return Senders({name: octets for name, octets in found.items() if octets is not None})


def _links(config: RunConfig, folder: Path) -> LinkSigner | None:
    if config.page is None:
        return None
    return LinkSigner(secret(config.page.link_key, folder, where="page.link_key", least=LEAST_OCTETS))


def _records_key(config: RunConfig, folder: Path) -> RecordsKey | None:
    if config.records is None:
        return None
    named = config.records.key_password
    password = None if named is None else secret(named, folder, where="records.key_password")
    return read_records_key(folder / config.records.key, password=password, where="records.key")


def _notices(
    config: RunConfig, chargers: Chargers, links: LinkSigner | None, records: RecordsKey | None
) -> NoticeSetup:
    sender, ways = config.notices.sender, config.notices.supplier_channels
    return NoticeSetup(
        sender=Sender(name=sender.name, phone=sender.phone, website=sender.website),
        contacts=chargers.contacts,
        links=links,
        page_url="" if config.page is None else config.page.url.rstrip("/"),
        records_key=records,
        supplier_channels={n: _WEBHOOK if "://" in way else way for n, way in ways.items()},
        supplier_addresses={n: way for n, way in ways.items() if "://" in way},
    )


def _seeking(config: RunConfig, folder: Path) -> Seeking | None:
    part, sender = config.seeking, config.notices.sender
    if part is None:
        return None
    templates = None if part.templates is None else folder / part.templates
    if templates is not None and not templates.is_dir():
        rule = "must be a folder of templates"
        raise InvalidInput("seeking", [Issue(where="seeking.templates", value=str(templates), rule=rule)])
    letters = TemplateLetters(LetterHead(name=sender.name, phone=sender.phone, website=sender.website), templates)
    return Seeking(text_version=part.text_version, render=letters.render, channel=part.channel, language=part.language)
