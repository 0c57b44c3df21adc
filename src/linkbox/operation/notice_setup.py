"""How one installation of Linkbox tells people: who it is, how customers want to be told, its links, its signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from linkbox.base.identifiers import Mpan
from linkbox.records.checkpoints import Sign
from linkbox.records.contact import Contact
from linkbox.records.links import LinkSigner
from linkbox.records.notices import Sender

SENDER = Sender(name="Linkbox Networks", phone="105", website="the power cut website")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsKey:
    """The key under which checkpoints and suppliers' files are signed; ``key_id`` names it to those who check."""

    key_id: str
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSetup:
    """What notices need. ``contacts`` is what was known at the start: what a customer chose since is in the store.

    ``page_url`` is where the customers' page is reached from outside, without a slash at its end; without ``links``
    notices name the telephone only. ``supplier_channels`` says how each supplier gets its files (``file`` otherwise),
    ``supplier_addresses`` where to, for channels that have to know it.
    """

    sender: Sender = SENDER
    contacts: Mapping[Mpan, Contact] = field(default_factory=dict)
    links: LinkSigner | None = None
    page_url: str = ""
    records_key: RecordsKey | None = None
    supplier_channels: Mapping[str, str] = field(default_factory=dict)
    supplier_addresses: Mapping[str, str] = field(default_factory=dict)
