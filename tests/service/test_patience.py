"""A Postgres that vanishes without a goodbye is given up in seconds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import make_url

from db.engine import PATIENCE, open_engine, reading

pytestmark = pytest.mark.service


def told(address: str) -> dict[str, Any]:
    """What the driver of a connection was told, by libpq's names."""
    engine = open_engine(address)
    with reading(engine) as conn:
        found: dict[str, Any] = conn.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()
    return found


def test_the_driver_is_told_how_long_to_wait(postgres: str) -> None:
    """Until the first answer, until the first question to a silent host, and between two of them."""
    found = told(postgres)
    assert {name: found.get(name) for name in PATIENCE} == {name: str(one) for name, one in PATIENCE.items()}


def test_an_address_may_say_otherwise(postgres: str) -> None:
    """What stands in the address wins."""
    address = make_url(postgres).update_query_dict({"keepalives_idle": "77"})
    assert told(address.render_as_string(hide_password=False))["keepalives_idle"] == "77"
