"""The store on SQLite and on PostgreSQL: the same tables, the same facts, one contract."""

from linkbox.adapters.store_sql.postgresql import PostgresqlStore
from linkbox.adapters.store_sql.schema import METADATA, SCHEMA_VERSION, StoreOwned, StoreUnusable
from linkbox.adapters.store_sql.sqlite import SqliteStore

__all__ = ["METADATA", "SCHEMA_VERSION", "PostgresqlStore", "SqliteStore", "StoreOwned", "StoreUnusable"]
