"""What the store holds: the same tables in SQLite and in PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

from linkbox.base.errors import LinkboxError

METADATA = sa.MetaData()
SCHEMA_VERSION = 2

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Compared octet by octet, whatever the language of the database."""
_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64 bits in both; SQLite numbers its rows by the type INTEGER only."""

ENTITY = sa.Table(
    "entity",
    METADATA,
    sa.Column("seq", _LONG, primary_key=True, autoincrement=True),
    sa.Column("kind", _TEXT, nullable=False),
    sa.Column("key", _TEXT, nullable=False),
    sa.Column("state", _TEXT, nullable=False),
    sa.Column("owner", _TEXT, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("kind", "key"),
    sa.Index("entity_by_state", "kind", "state"),
)
SNAPSHOT = sa.Table(
    "snapshot",
    METADATA,
    sa.Column("name", _TEXT, primary_key=True),
    sa.Column("at", _TEXT, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
READING = sa.Table(
    "reading",
    METADATA,
    sa.Column("feeder", _TEXT, primary_key=True),
    sa.Column("at", _TEXT, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
INBOX = sa.Table(
    "inbox",
    METADATA,
    sa.Column("seq", _LONG, primary_key=True, autoincrement=True),
    sa.Column("kind", _TEXT, nullable=False),
    sa.Column("identity", _TEXT, nullable=False),
    sa.Column("received_at", _TEXT, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("outcome", _TEXT),
    sa.UniqueConstraint("kind", "identity"),
    sa.Index("inbox_pending", "outcome"),
)
AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", _LONG, primary_key=True, autoincrement=False),
    sa.Column("line", sa.Text, nullable=False),
)
CUSTOMER = sa.Table(
    "customer_event",
    METADATA,
    sa.Column("seq", _LONG, primary_key=True, autoincrement=True),
    sa.Column("mpan", sa.BigInteger),
    sa.Column("identity", sa.LargeBinary),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("customer_event_by_mpan", "mpan"),
)
POINT = sa.Table(
    "connection_point",
    METADATA,
    sa.Column("mpan", _LONG, primary_key=True, autoincrement=False),
    sa.Column("feeder", _TEXT, nullable=False),
    sa.Column("phase", sa.SmallInteger),
    sa.Column("domestic", sa.SmallInteger, nullable=False),
    sa.Column("priority_register", sa.SmallInteger, nullable=False),
    sa.Column("postcode", _TEXT, nullable=False),
    sa.Column("supplier", _TEXT, nullable=False),
    sa.Index("connection_point_by_feeder", "feeder"),
)
COUNTER = sa.Table(
    "counter",
    METADATA,
    sa.Column("originator", _TEXT, primary_key=True),
    sa.Column("next", _LONG, nullable=False),
)


class StoreUnusable(LinkboxError):
    """The place can not serve as Linkbox's store: it is something else, somebody else's, or it fails or is full."""

    def __init__(self, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} can not be used as a Linkbox store: {why}")


class StoreOwned(StoreUnusable):
    """Another process runs a controller on it, or writes into its chain."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "in use: another Linkbox works on it")
