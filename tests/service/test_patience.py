"""A Postgres that vanishes without a goodbye is given up in seconds, a lock that nobody lets go
soon, too.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, TextClause, make_url, text

from db import engine as engines
from db import schema
from db.engine import PATIENCE, open_engine, read_transaction, write_transaction
from db.errors import DependencyError

pytestmark = pytest.mark.service


def told(address: str) -> dict[str, Any]:
    """What the driver of a connection was told, by libpq's names."""
    engine = open_engine(address)
    with read_transaction(engine) as conn:
        found: dict[str, Any] = conn.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()
    return found


def test_the_driver_is_told_how_long_to_wait(postgres: str) -> None:
    """Until the first answer, until the first question to a silent host, and between two of
    them.
    """
    found = told(postgres)
    assert {name: found.get(name) for name in PATIENCE} == {
        name: str(one) for name, one in PATIENCE.items()
    }


def test_an_address_may_say_otherwise(postgres: str) -> None:
    """What stands in the address wins."""
    address = make_url(postgres).update_query_dict({"keepalives_idle": "77"})
    assert told(address.render_as_string(hide_password=False))["keepalives_idle"] == "77"


def test_a_server_does_not_keep_what_its_clients_forgot(postgres: str) -> None:
    """It ends transactions that do nothing, and gives up waiting for a lock when SQLite would."""
    engine = open_engine(postgres)
    names = ("lock_timeout", "idle_in_transaction_session_timeout")
    asked = text("SELECT name, setting::int FROM pg_settings WHERE name = ANY(:names)")
    with read_transaction(engine) as conn:
        found = {row.name: row.setting for row in conn.execute(asked, {"names": list(names)})}
    engine.dispose()
    assert found == {
        "lock_timeout": engines.BUSY_MILLISECONDS,
        "idle_in_transaction_session_timeout": 1000 * engines.IDLE_SECONDS,
    }


def test_a_lock_that_is_never_let_go(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it is told so, and where to look, on both databases."""
    monkeypatch.setattr(engines, "BUSY_MILLISECONDS", 200)
    holder = open_engine(database_url)
    waiter = open_engine(database_url)
    schema.ensure(holder)
    touch = text("UPDATE alembic_version SET version_num = version_num")
    with write_transaction(holder) as conn:
        conn.execute(touch)
        with pytest.raises(
            DependencyError, match=r"somebody else has been writing .*windowshop doctor"
        ):
            write(waiter, touch)
    write(waiter, touch)
    for engine in (holder, waiter):
        engine.dispose()


def write(engine: Engine, statement: TextClause) -> None:
    """In a transaction of its own."""
    with write_transaction(engine) as conn:
        conn.execute(statement)
