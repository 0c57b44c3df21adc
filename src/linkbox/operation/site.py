"""What one installation of Linkbox is set up with: feeders, chargers, identities, contracts and policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Eui64, FeederId, Mpan
from linkbox.control.policy import ControlPolicy
from linkbox.dcc.eligibility import Profile, UserRole
from linkbox.dcc.inventory import Inventory
from linkbox.dcc.smki import Signer, TrustStore
from linkbox.grid.network import ConnectionPoint, FeederModel
from linkbox.grid.risk import RiskPolicy
from linkbox.market import Contract, UftpIdentity
from linkbox.operation.checkpoint_desk import CheckpointPolicy
from linkbox.operation.entities import ChargerPoint
from linkbox.operation.letters import Seeking
from linkbox.operation.notice_setup import NoticeSetup
from linkbox.operation.personal import random_salt
from linkbox.records.commitments import Salts


@dataclass(frozen=True, slots=True, kw_only=True)
class DccIdentity:
    """How Linkbox stands before the DCC: its EUI-64 and role, its signers, whom it trusts, the rules in force."""

    user: Eui64
    role: UserRole
    xml_signer: Signer
    gbcs_signer: Signer
    trust: TrustStore
    profile: Profile
    schema_version: str = "5.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that does not change while Linkbox runs.

    ``tariff_start`` is the local time at which a common night tariff begins, ``tariff_share`` the share of chargers
    that are believed to be on it: a prior only, the feeder's own current corrects it. ``operators`` are the people
    whose word counts, each with the key that seals it (``operators.key_of``). ``seeking`` says how a new
    tenant is asked for consent; None: the property waits for a campaign. ``pseudonym`` names customers in messages
    about this set-up; in the records they stand under tokens with ``salts`` of their own (``operation.personal``).
    ``overdue_clock_refuses``: no last resort on a feeder whose clock (NF10) has run out, unless people have overridden
    it. ``checkpoints`` says how often the chain is signed, where there is a key of records."""

    feeders: tuple[FeederModel, ...]
    chargers: Mapping[Mpan, ChargerPoint]
    inventory: Inventory
    contracts: tuple[Contract, ...]
    dcc: DccIdentity
    pseudonym: Callable[[Mpan], str]
    risk: RiskPolicy
    control: ControlPolicy
    market: UftpIdentity = field(default_factory=UftpIdentity)
    tariff_start: time | None = None
    tariff_share: float = 0.0
    operators: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    seeking: Seeking | None = None
    salts: Salts = field(default=random_salt, repr=False)
    overdue_clock_refuses: bool = True
    checkpoints: CheckpointPolicy = field(default_factory=CheckpointPolicy)
    notices: NoticeSetup = field(default_factory=NoticeSetup)

    def __post_init__(self) -> None:
        """Raise InvalidInput with every charger that stands on no feeder or has no devices to be reached by."""
        on_feeders = {point.mpan for feeder in self.feeders for point in feeder.points}
        reachable = {installation.mpan for installation in self.inventory}
        issues = [
            Issue(where="charger", value=self.pseudonym(mpan), rule=rule)
            for rule, known in (
                ("must stand at a connection point of a feeder", on_feeders),
                ("must have an installation in the inventory", reachable),
            )
            for mpan in self.chargers
            if mpan not in known
        ]
        if issues:
            raise InvalidInput("site", issues)

    @property
    def mpans(self) -> frozenset[Mpan]:
        """The connection points of all feeders."""
        return frozenset(point.mpan for feeder in self.feeders for point in feeder.points)

    def feeder(self, feeder_id: FeederId) -> FeederModel:
        """The feeder of this name; raise KeyError for one that is not watched."""
        for feeder in self.feeders:
            if feeder.feeder_id == feeder_id:
                return feeder
        raise KeyError(feeder_id)

    def points(self, feeder_id: FeederId) -> tuple[ConnectionPoint, ...]:
        """The connection points of one feeder."""
        return self.feeder(feeder_id).points

    def beside(self, feeder_id: FeederId) -> tuple[FeederId, ...]:
        """The feeders under the same transformer, this one among them."""
        substation = self.feeder(feeder_id).substation
        return tuple(f.feeder_id for f in self.feeders if f.substation == substation)
