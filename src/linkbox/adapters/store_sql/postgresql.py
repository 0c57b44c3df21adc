"""The store in PostgreSQL: for a distributor that runs one already, and for registers of millions of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from linkbox.adapters.store_sql.register import ROWS_AT_ONCE, PointRow, SqlRegister
from linkbox.adapters.store_sql.schema import METADATA, SCHEMA_VERSION, StoreOwned, StoreUnusable
from linkbox.adapters.store_sql.statements import Statements
from linkbox.operation.stored_facts import StoredFact

OWNER_WAIT_S = 5
"""How long to wait for the owner before: the server takes a moment to see that a process has died."""
_MARK = f"Linkbox store, schema version {SCHEMA_VERSION}"
_OWNER, _FACTS = 0x4C424F58, 0x4C424F59
"""Keys of the advisory locks; the schema's name is the second half."""

_GUARD = """
CREATE OR REPLACE FUNCTION linkbox_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit is append-only'; END $$;
CREATE OR REPLACE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION linkbox_append_only();
"""
_MORE = {
    # As an array, so that the index is used also before the server has counted what was just loaded.
    "facts_of_feeder": "SELECT seq, body FROM customer_event"
    " WHERE mpan = ANY(ARRAY(SELECT mpan FROM connection_point WHERE feeder = :feeder))",
    "facts_of_points": "SELECT seq, body FROM customer_event WHERE mpan = ANY(:mpans)",
    "identities": "SELECT identity FROM customer_event WHERE mpan = ANY(CAST(:mpans AS bigint[]))",
    "order_facts": f"SELECT pg_advisory_xact_lock({_FACTS}, hashtext(current_schema()))",
    "merge_points": "INSERT INTO connection_point SELECT * FROM arriving_point"
    " ON CONFLICT (mpan) DO UPDATE SET feeder = excluded.feeder, phase = excluded.phase,"
    " domestic = excluded.domestic, priority_register = excluded.priority_register,"
    " postcode = excluded.postcode, supplier = excluded.supplier",
}
_POINT_COLUMNS = ("mpan", "feeder", "phase", "domestic", "priority_register", "postcode", "supplier")

# PostgreSQL's text can not hold the character NUL, which a peer may well put into an identifier.
_ESCAPE, _NUL = "\ue000", "\0"


def _storable(text: str) -> str:
    if _NUL not in text and _ESCAPE not in text:
        return text
    return text.replace(_ESCAPE, _ESCAPE + "1").replace(_NUL, _ESCAPE + "0")


class PostgresqlStore(SqlRegister):
    """Linkbox's store in the tables of one PostgreSQL schema (``search_path`` of the connection).

    ``owner``: be the only one who runs a controller on it; another one is refused until this process ends. Who only
    asks, or records what customers say, needs not own it."""

    def __init__(self, url: str, *, owner: bool = True) -> None:
        """Open or create the store; raise StoreUnusable where there is none, or where it is somebody else's."""
        try:
            parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
            engine = sa.create_engine(
                parsed, pool_size=1, max_overflow=0, pool_reset_on_return=None, hide_parameters=True
            )
        except ImportError as error:
            raise StoreUnusable("PostgreSQL", "the extra 'postgresql' is not installed") from error
        except (sa.exc.ArgumentError, ValueError) as error:
            raise StoreUnusable("PostgreSQL", "not a URL as postgresql://user@host/database") from error
        if owner:
            sa.event.listen(engine, "connect", _own)
        place = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
        super().__init__(engine, Statements(engine.dialect, _MORE, _storable), place)

    def _readable(self, text: str) -> str:
        if _ESCAPE not in text:
            return text
        return text.replace(_ESCAPE + "0", _NUL).replace(_ESCAPE + "1", _ESCAPE)

    def _prepare(self) -> None:
        run = self._connection.exec_driver_sql
        run(f"SELECT pg_advisory_xact_lock({_FACTS}, hashtext(current_schema()))")
        found = {name for (name,) in run("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}
        if not found:
            METADATA.create_all(self._connection)
            run(_GUARD)
            run(f"COMMENT ON TABLE entity IS '{_MARK}'")
        mark = run("SELECT obj_description(to_regclass('entity'), 'pg_class')").scalar()
        if mark != _MARK:
            what = f"{mark}, not {SCHEMA_VERSION}" if mark and str(mark).startswith("Linkbox") else sorted(found)[0]
            raise StoreUnusable(self._place, f"it holds something else: {what}")
        self._connection.commit()

    def scrub(self) -> None:
        """Leave nothing of what was taken away in the tables: dead rows are cleared out."""
        with self._failing_as_store():
            driver: Any = self._connection.connection.driver_connection
            self._connection.rollback()
            driver.autocommit = True
            try:
                driver.execute("VACUUM entity, reading, inbox")
            finally:
                driver.autocommit = False

    def _ask(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """As in the other store, but without a transaction around a question: each would be two more round trips."""
        driver: Any = None if self._writing else self._idle_driver()
        if driver is None:
            return super()._ask(name, **values)
        driver.autocommit = True
        try:
            found: list[tuple[Any, ...]] = driver.execute(self._statements.text(name), values).fetchall()
        except driver_errors():
            return super()._ask(name, **values)  # which says what is wrong, or connects anew
        finally:
            if not driver.closed:
                driver.autocommit = False
        return found

    def _idle_driver(self) -> Any:
        """The driver's connection, if it can be asked without a transaction; None where it can not."""
        try:
            driver: Any = self._connection.connection.driver_connection
        except sa.exc.SQLAlchemyError:
            return None
        idle = driver is not None and not driver.closed and driver.info.transaction_status == 0
        return driver if idle else None

    def _facts_of_points(self, mpans: Sequence[int]) -> list[tuple[Any, ...]]:
        return self._ask("facts_of_points", mpans=list(mpans))

    def _count(self, rows: int) -> None:
        if rows >= ROWS_AT_ONCE:
            with self._failing_as_store(), self._connection.begin():
                self._connection.exec_driver_sql("ANALYZE connection_point, customer_event")

    def _in_order(self, connection: sa.Connection) -> None:
        self._statements.run(connection, "order_facts", {})

    def _as_array(self, mpans: Sequence[int]) -> object:
        return f"{{{','.join(map(str, mpans))}}}"  # the driver would look at each of thousands of numbers

    def _insert_points(self, connection: sa.Connection, rows: Sequence[PointRow]) -> None:
        run = connection.exec_driver_sql
        run("CREATE TEMP TABLE IF NOT EXISTS arriving_point (LIKE connection_point) ON COMMIT DELETE ROWS")
        lines = ["\t".join(map(_field, row)) for row in rows]
        _copy(connection, "arriving_point", _POINT_COLUMNS, lines)
        self._statements.run(connection, "merge_points", {})

    def _insert_facts(self, connection: sa.Connection, facts: Sequence[StoredFact]) -> None:
        lines = [f"{mpan}\t\\\\x{identity.hex()}\t{body}" for mpan, identity, body in facts]
        if any("\\" in body for _, _, body in facts):  # JSON escapes what else the format minds
            lines = [f"{mpan}\t\\\\x{identity.hex()}\t{_escaped(body)}" for mpan, identity, body in facts]
        _copy(connection, "customer_event", ("mpan", "identity", "body"), lines)


def _own(dbapi_connection: Any, _: object) -> None:
    """Every new connection of an owner takes the lock, also the one after a connection was lost."""
    with dbapi_connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{OWNER_WAIT_S}s'")
        try:
            cursor.execute(f"SELECT pg_advisory_lock({_OWNER}, hashtext(current_schema()))")
        except Exception as error:
            dbapi_connection.close()
            if getattr(error, "sqlstate", None) != "55P03":  # lock_not_available
                raise
            raise StoreOwned("PostgreSQL") from error
        cursor.execute("SET lock_timeout = 0")
    dbapi_connection.commit()


def _copy(connection: sa.Connection, table: str, columns: Sequence[str], lines: Sequence[str]) -> None:
    """COPY, in PostgreSQL's text format, all lines as one block."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        copy.write("\n".join(lines) + "\n")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _field(value: object) -> str:
    match value:
        case None:
            return "\\N"
        case str():
            return _storable(_escaped(value))
        case _:
            return str(value)


def driver_errors() -> type[Exception]:
    """The root of what the driver raises."""
    import psycopg

    return psycopg.Error
