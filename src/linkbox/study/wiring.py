"""A controller for a simulated street: the production code, with the scenario's feeder, people and identities."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from linkbox.adapters.letters import LetterHead, TemplateLetters
from linkbox.adapters.market_contracts import read_contracts
from linkbox.adapters.market_uftp import PATH, Correspondent, Peer, SigningKey, UftpMarketGateway, UftpWire, signing_key
from linkbox.adapters.network_opendss import read_opendss_feeder
from linkbox.adapters.network_pandapower import read_pandapower
from linkbox.adapters.network_tables import default_street, read_network_tables
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Eui64, FeederId, Mpan
from linkbox.base.phases import Phase
from linkbox.control.authorisation import POLICIES
from linkbox.control.policy import ControlPolicy
from linkbox.dcc.eligibility import PROFILES, UserRole
from linkbox.dcc.inventory import Inventory
from linkbox.dcc.smki import KeyUsage, Role, TestPki
from linkbox.grid.network import FUSES, TRANSFORMERS, FeederModel, cable_for
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.topology import FeederNetwork
from linkbox.market import Contract, UftpIdentity
from linkbox.market.contract_file import contracts_from_toml
from linkbox.operation.letters import Seeking
from linkbox.operation.notice_setup import NoticeSetup, RecordsKey
from linkbox.operation.site import DccIdentity, Site
from linkbox.records.links import LinkSigner
from linkbox.records.pseudonym import derived_salts, salted_token
from linkbox.records.signing import fingerprint, signer
from linkbox.study.operators import keys_of
from linkbox.study.population import CONSENT_TEXT, Home, populate
from linkbox.study.scenario import Scenario
from linkbox.twin.assets import fuse_for_cable

USER = Eui64("90-B3-D5-1F-30-02-00-00")
"""The distributor: the network operator of the reference test data."""

CONTRACT_ID = "FLEX-1"
PROVIDER_NAME = "Dawn Flexibility"
PROVIDER_DOMAIN = "dawn-flexibility.example"
MARKET = UftpIdentity()
PROVIDER = UftpIdentity(domain=PROVIDER_DOMAIN)
PAGE_URL = "https://no.linkbox.invalid"
"""Where the links in the notices of a simulated evening lead: nowhere."""


def read_street(feeder: str | None) -> FeederNetwork:
    """The network that a scenario names: the package's own street, Linkbox tables, pandapower JSON, or OpenDSS text.

    Raise InvalidInput with everything that is wrong with it."""
    if feeder is None:
        return default_street()
    path = Path(feeder)
    if path.is_dir() and (path / "feeder.toml").exists():
        return read_network_tables(path)
    if path.suffix == ".json":
        return read_pandapower(path)
    return read_opendss_feeder(feeder)


def feeder_id_of(network: FeederNetwork) -> FeederId:
    """The name under which contracts and records know a simulated street's feeder."""
    return FeederId("-".join(network.name.split()))


def model_of(scenario: Scenario, network: FeederNetwork) -> FeederModel:
    """Fuse, head cable and transformer of the street; the fuse is fitted to the cable unless one is named."""
    code = network.head_line_code()
    cable = cable_for(code, network.line_codes[code].r1_ohm_per_km)
    rated = scenario.fuse_a or network.fuse_rated_a or round(fuse_for_cable(cable).rated_current_a)
    if rated not in FUSES:
        known = ", ".join(str(amps) for amps in sorted(FUSES))
        raise InvalidInput("fuse", [Issue(where="--fuse", value=str(rated), rule=f"must be one of {known}")])
    kva = network.transformer_kva if network.transformer_kva in TRANSFORMERS else 800
    return FeederModel(
        feeder_id=feeder_id_of(network),
        substation=network.name,
        fuse=FUSES[rated],
        cable=cable,
        transformer=TRANSFORMERS[kva or 800],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everything and everybody of a scenario, before time begins."""

    scenario: Scenario
    network: FeederNetwork
    feeder: FeederModel
    homes: tuple[Home, ...]
    pki: TestPki
    secret: bytes


def cast(scenario: Scenario, network: FeederNetwork, has_charger: list[bool]) -> Cast:
    """Populate the street."""
    bare = model_of(scenario, network)
    phases = [Phase(int(p)) for p in network.load_phase]
    homes = populate(scenario, phases, has_charger)
    points = tuple(home.point for home in homes)
    feeder = FeederModel(
        feeder_id=bare.feeder_id,
        substation=bare.substation,
        fuse=bare.fuse,
        cable=bare.cable,
        transformer=bare.transformer,
        points=points,
    )
    first = scenario.start - timedelta(days=365)
    pki = TestPki(f"linkbox demo {scenario.seed}", first, scenario.end + timedelta(days=365))
    secret = hashlib.sha256(f"linkbox demo pseudonyms {scenario.seed}".encode()).digest()
    return Cast(
        scenario=scenario,
        network=network,
        feeder=feeder,
        homes=homes,
        pki=pki,
        secret=secret,
    )


def site_of(people: Cast, provider_capacity_a: tuple[float, float, float]) -> Site:
    """The controller's set-up for this cast. It holds nothing that a real distributor would not know."""
    scenario, pki = people.scenario, people.pki
    xml_signer = pki.signer(USER, Role.XML_SIGNING)
    gbcs_signer = pki.signer(USER, Role.NETWORK_OPERATOR)
    if scenario.profile not in PROFILES:
        rule = f"must be one of {', '.join(PROFILES)}"
        raise InvalidInput("scenario", [Issue(where="--profile", value=scenario.profile, rule=rule)])
    contracts = _contracts(people, provider_capacity_a)
    salts = derived_salts(people.secret)
    return Site(
        feeders=(people.feeder,),
        chargers={home.charger.mpan: home.charger for home in people.homes if home.charger is not None},
        inventory=Inventory(home.installation for home in people.homes if home.installation is not None),
        contracts=contracts,
        dcc=DccIdentity(
            user=USER,
            role=UserRole.ELECTRICITY_DISTRIBUTOR,
            xml_signer=xml_signer,
            gbcs_signer=gbcs_signer,
            trust=pki.trust_store(),
            profile=PROFILES[scenario.profile],
        ),
        pseudonym=lambda mpan: salted_token(mpan, salts)[0],
        salts=salts,
        risk=RiskPolicy(),
        control=ControlPolicy(authorisation=POLICIES[scenario.authorisation]),
        operators=keys_of(scenario.seed),
        market=MARKET,
        seeking=Seeking(text_version=CONSENT_TEXT, render=TemplateLetters(LetterHead()).render),
        notices=_notices(people),
    )


def _notices(people: Cast) -> NoticeSetup:
    """How the street's customers want to be told, the links' key, and the key of records."""
    scenario = people.scenario
    key = people.pki.private_key(USER, Role.OTHER, KeyUsage.DIGITAL_SIGNATURE)
    links = hashlib.sha256(f"linkbox demo links {scenario.seed}".encode()).digest()
    return NoticeSetup(
        contacts={home.point.mpan: home.contact for home in people.homes if home.contact is not None},
        links=LinkSigner(links),
        page_url=PAGE_URL,
        records_key=RecordsKey(key_id=fingerprint(key.public_key())[:16], sign=signer(key)),
    )


def _contracts(people: Cast, capacity_a: tuple[float, float, float]) -> tuple[Contract, ...]:
    """The demo's contracts, through the readers that a distributor's own file goes through."""
    scenario, feeder_id = people.scenario, people.feeder.feeder_id
    if scenario.contracts is not None:
        return contracts_of_file(scenario.contracts, feeder_id)
    if scenario.provider == "none" or not any(capacity_a):
        return ()
    text = _CONTRACT_FILE.format(feeder=feeder_id, capacity_a=list(capacity_a))
    return contracts_from_toml(text, [feeder_id])


def contracts_of_file(file: str, feeder_id: FeederId) -> tuple[Contract, ...]:
    """The contracts of a file, all with the one provider that is simulated.

    Raise InvalidInput with everything that is wrong with the file."""
    found = read_contracts(Path(file), [feeder_id])
    rule = f"must be {PROVIDER_DOMAIN} or left out: nobody else answers in a simulated evening"
    issues = [
        Issue(where=f"--contracts {file}: contract {c.contract_id}: domain", value=c.domain, rule=rule)
        for c in found
        if c.domain not in ("", PROVIDER_DOMAIN)
    ]
    if issues:
        raise InvalidInput("contracts", issues)
    return tuple(replace(c, domain=PROVIDER_DOMAIN) for c in found)


_CONTRACT_FILE = f"""
[[contract]]
contract_id = "{CONTRACT_ID}"
provider = "{PROVIDER_NAME}"
domain = "{PROVIDER_DOMAIN}"
feeders = ["{{feeder}}"]
capacity_a = {{capacity_a}}
answer_within_s = 60
deliver_within_s = 120
price_gbp_per_kwh = 0.3
"""


def market_keys(scenario: Scenario) -> tuple[SigningKey, SigningKey]:
    """The signing keys of the distributor and of the provider, the same for the same seed."""
    ours, theirs = (
        signing_key(hashlib.sha256(f"linkbox demo market {who} {scenario.seed}".encode()).digest())
        for who in (MARKET.domain, PROVIDER_DOMAIN)
    )
    return ours, theirs


def provider_wire(scenario: Scenario) -> UftpWire:
    """The provider's end of the wire."""
    ours, theirs = market_keys(scenario)
    distributor = Correspondent(domain=MARKET.domain, role="DSO", public_key=ours.public)
    return UftpWire(PROVIDER_DOMAIN, "AGR", theirs, (distributor,))


def market_gateway(scenario: Scenario, provider_url: str) -> UftpMarketGateway:
    """Our end of it."""
    ours, theirs = market_keys(scenario)
    peer = Peer(domain=PROVIDER_DOMAIN, public_key=theirs.public, url=f"{provider_url}{PATH}")
    return UftpMarketGateway(MARKET.domain, ours, [peer])


def name_of(people: Cast, mpan: Mpan) -> str:
    """A customer's name in reports that leave the distributor's house: never the MPAN."""
    return next(home.name for home in people.homes if home.point.mpan == mpan)
