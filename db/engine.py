"""Opens the database: one engine a process, SQLite or Postgres, and the two ways to hold a
transaction.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Float, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from db.errors import DataError, DependencyError, UsageError, WindowshopError
from db.nearest import nearest

BUSY_MILLISECONDS = 30_000
OLDEST_POSTGRES = 13
"""The oldest that its makers still mended when this was written is 13; ours are tested on 15 to
18.
"""

DAMAGED = ("malformed", "not a database", "Could not decode to UTF-8")
"""What SQLite says of a file whose bytes are not those that it wrote."""

BAD_VALUES = ("bad value for ", "invalid sslmode value", "invalid integer value", "invalid channel")
"""What libpq says of a parameter's value before it connects."""

RECOVER = (
    "move it away, with -wal and -shm, and call again to begin with an empty one; "
    "`sqlite3 FILE .recover` saves what can be read"
)

PATIENCE = {
    "connect_timeout": 10,  # s, until it says anything
    "keepalives_idle": 10,  # s; who vanished says no goodbye, and the system waits for two hours
    "keepalives_interval": 5,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # ms, for what was sent and never acknowledged
}
"""With a Postgres, unless its address says otherwise; libpq's names."""

FORMS = "give sqlite:///FILE or postgresql://USER@HOST/NAME"
LAST_PORT = 65_535
IDLE_SECONDS = 120
"""How long a transaction on Postgres may do nothing: that of a stopped process keeps locks from
others.
"""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql://...` (`postgres://` too).

    Raises UsageError when the address is neither.
    """
    address = _normalised(url)
    if address.get_backend_name() == "postgresql":
        patience = {name: value for name, value in PATIENCE.items() if name not in address.query}
        engine = create_engine(address, pool_pre_ping=True, connect_args=patience)
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    if address.database and address.database != ":memory:":
        _make_room(Path(address.database).parent)
    engine = create_engine(address, connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: one consistent picture of the database."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with _plain_errors(engine), engine.connect().execution_options(**options) as conn, conn.begin():
        yield conn


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it or nothing.

    On SQLite it takes the write lock at once. A plain BEGIN takes it at the first write, where
    SQLite fails with SQLITE_BUSY without waiting when somebody else has written since.
    """
    with (
        _plain_errors(engine),
        engine.connect().execution_options(writes=True) as conn,
        conn.begin(),
    ):
        yield conn


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """A connection without a transaction, for what lasts as long as somebody is connected."""
    options = {"isolation_level": "AUTOCOMMIT"}
    with _plain_errors(engine), engine.connect().execution_options(**options) as conn:
        yield conn


def damage(conn: Connection) -> str | None:
    """The first thing that SQLite finds wrong with its file; None where there is nothing, or no
    file.
    """
    if conn.dialect.name != "sqlite":
        return None
    found = str(conn.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if found == "ok" else " ".join(found.split())


class now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function it is
    """Seconds since 1970 by the clock of the database, so that hosts with wrong clocks agree."""

    type = Float()
    inherit_cache = True


@compiles(now, "sqlite")
# SQLAlchemy's signature.
def _now_sqlite(element: now, compiler: Any, **kw: Any) -> str:  # noqa: ARG001
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
# SQLAlchemy's signature.
def _now_postgres(element: now, compiler: Any, **kw: Any) -> str:  # noqa: ARG001
    return "extract(epoch from clock_timestamp())::float8"


def _normalised(url: str) -> URL:
    try:
        address = make_url(url)
    except (
        ArgumentError,
        ValueError,
    ):  # the latter for a port that is no number, which it would show
        raise UsageError(f"DATABASE_URL is not an address; {FORMS}") from None
    backend = address.drivername.split("+")[0]
    if backend in {"postgres", "postgresql"}:
        _check_parts(address)
        _check_parameters(address)
        return address.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        if address.host or address.username:
            raise UsageError(f"DATABASE_URL names a host for SQLite, which is a file; {FORMS}")
        if address.query:
            raise UsageError(
                f"DATABASE_URL has parameters ({', '.join(address.query)}), SQLite takes none; "
                "write ? in a file's name as %3F, and % as %25"
            )
        return address
    raise UsageError(
        f"DATABASE_URL names {backend!r}; Windowshop knows sqlite:/// and postgresql://"
    )


def sqlite_address(file: Path) -> str:
    """The address of a database in a file, whatever its path is called."""
    return f"sqlite:///{str(file).replace('%', '%25').replace('?', '%3F')}"


def _check_parts(address: URL) -> None:
    """Raise UsageError where a password was taken apart, before a part of it is shown as host or
    name.
    """
    if "@" in f"{address.host}{address.database}":
        raise UsageError(
            "DATABASE_URL has an @ after that before its host; "
            "in a user's name or password write @ as %40, / as %2F, : as %3A, # as %23"
        )
    if address.port is not None and not 1 <= address.port <= LAST_PORT:
        raise UsageError(f"DATABASE_URL wants a port from 1 to {LAST_PORT}, found {address.port}")


def _check_parameters(address: URL) -> None:
    """Raise UsageError for a parameter that libpq does not know; its value may be a secret."""
    if not address.query:
        return
    from psycopg import pq  # noqa: PLC0415 - which SQLite does not need

    known = [one.keyword.decode() for one in pq.Conninfo.get_defaults()]
    for name in address.query:
        if name not in known:
            raise UsageError(
                f"DATABASE_URL has a parameter that Postgres does not know ({name}); "
                f"{nearest(name, known)}take it out, or in a password write ? as %3F"
            )


def shown(address: URL) -> str:
    """An address for people: without its password, wherever that stands."""
    hidden = {name: "hidden" for name in address.query if "password" in name}
    return address.update_query_dict(hidden).render_as_string(hide_password=True)


def _make_room(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WindowshopError(
            f"the database's folder {folder} cannot be made ({error.strerror}); "
            "set DATABASE_URL or WINDOWSHOP_HOME to a place you may write"
        ) from None


# SQLAlchemy's signature.
def _prepare_postgres(dbapi_connection: Any, record: object) -> None:  # noqa: ARG001
    version = dbapi_connection.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        dbapi_connection.close()
        raise DependencyError(
            f"the database is Postgres {version}; at least {OLDEST_POSTGRES} is wanted: update it, "
            "or unset DATABASE_URL to use SQLite"
        )
    from db.arrays import teach  # noqa: PLC0415 - psycopg, which SQLite does not need

    teach(dbapi_connection)
    _limit_waiting(dbapi_connection)


def _limit_waiting(dbapi_connection: Any) -> None:
    """Who waits for a lock gives up when SQLite would; and the server, too, notices that a client
    is gone.

    Until it does, it keeps the locks of what that client had begun, by default for two hours.
    """
    asked = dbapi_connection.info.get_parameters()
    limits = {
        "lock_timeout": BUSY_MILLISECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000,
        **{f"tcp_{name}": asked.get(name) for name in PATIENCE if name.startswith("keepalives")},
        "tcp_user_timeout": asked.get("tcp_user_timeout"),
    }
    names = list(limits)
    values = [str(value) for value in limits.values()]
    dbapi_connection.execute(
        "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS asked (name,"
        " value)",
        [names, values],
    )
    dbapi_connection.commit()


# SQLAlchemy's signature.
def _prepare_sqlite(dbapi_connection: Any, record: object) -> None:  # noqa: ARG001
    dbapi_connection.isolation_level = None  # the driver must not open transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    writes = conn.get_execution_options().get("writes", False)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _plain_errors(engine: Engine) -> Iterator[None]:
    """What the driver says, as one line with its cure; a Ctrl-C that it stumbled over goes on as
    one.
    """
    under_way = sys.exception()  # who tidies up after a Ctrl-C hears what fails, as everybody
    try:
        yield
    # sqlite3's own where rows are fetched as they are; AssertionError when a commit is cut short.
    except (DBAPIError, sqlite3.Error, AssertionError) as error:
        interrupt = _interrupt_beneath(error, under_way)
        if interrupt is not None:
            raise interrupt from error
        if isinstance(error, DBAPIError | sqlite3.Error):
            raise _plain(error, engine) from error
        raise


def _interrupt_beneath(
    error: Exception, under_way: BaseException | None
) -> KeyboardInterrupt | None:
    """What interrupted the driver: it may fail while it tidies up, and then says only that."""
    beneath: BaseException | None = error
    while beneath is not None and beneath is not under_way:
        if isinstance(beneath, KeyboardInterrupt):
            return beneath
        beneath = beneath.__context__
    return None


def _plain(error: DBAPIError | sqlite3.Error, engine: Engine) -> WindowshopError:
    where = shown(engine.url)
    reason = _first_line(error)
    if misuse := _misuse(reason):
        return UsageError(misuse)
    if any(sign in reason for sign in DAMAGED):
        return DataError(f"the database {where} is damaged ({reason}); {RECOVER}")
    if isinstance(error, OperationalError | sqlite3.OperationalError):
        if "disk is full" in reason or "No space left" in reason:
            return DependencyError(f"no room left for {where}; free some space and call again")
        return DependencyError(
            f"the database {where} does not answer as it should ({reason}); {_cure(reason)}"
        )
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return DependencyError(f"the database went away ({reason}); {_cure('')}")
    return WindowshopError(f"the database refused: {reason}")


def _misuse(reason: str) -> str:
    """What somebody gave that cannot be; empty where it is no such thing."""
    if any(sign in reason for sign in BAD_VALUES):
        said = reason.removeprefix("connection is bad: ")
        return f"DATABASE_URL has a parameter without sense ({said}); correct it"
    if "prepared statement" in reason and "exist" in reason:
        return (
            "DATABASE_URL leads to a pool that changes servers between transactions; "
            "set pool_mode=session in PgBouncer, or name Postgres itself"
        )
    if "NUL (0x00)" in reason:  # Postgres; SQLite takes such a text, and finds nothing by it
        return "no name or text may hold a NUL character; leave it out"
    return ""


def _cure(reason: str) -> str:
    """What helps against what the driver says."""
    if "password" in reason:
        return "give the right password in DATABASE_URL or in the file that PGPASSFILE names"
    if "locked" in reason or "lock timeout" in reason:
        return (
            f"somebody else has been writing for {BUSY_MILLISECONDS // 1000} s: call again, or see "
            "`windowshop doctor`, which names processes that stand still"
        )
    if "disk I/O" in reason:
        return "look whether its disk is full or may not be written, then call again"
    if "does not exist" in reason:
        return "create it (`createdb`), or correct DATABASE_URL"
    return "start it, or correct DATABASE_URL; `windowshop doctor` looks at everything"


def _first_line(error: DBAPIError | sqlite3.Error) -> str:
    orig = error.orig if isinstance(error, DBAPIError) else error
    return str(orig).strip().splitlines()[0] if str(orig).strip() else type(orig).__name__
