"""What the judge expected of slates, on both databases."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db import runs, schema, slate_outcomes
from db.engine import read_transaction, write_transaction

pytestmark = pytest.mark.service

SESSIONS = np.array([9, 4])
CLICKS = np.array([[0.3, 0.2, 0.0], [0.1, 0.05, 0.25]])


def test_carts_and_purchases_come_back_beside_the_clicks(engine: Engine) -> None:
    """Bit for bit, by session, whatever the order in which they were stored."""
    with write_transaction(engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        slate_outcomes.add(conn, run, SESSIONS, 0, CLICKS, later=(CLICKS / 3, CLICKS / 7))
    with read_transaction(engine) as conn:
        session, _, clicks = slate_outcomes.of_run(conn, run, k=3)
        carts, purchases = slate_outcomes.later_of_run(conn, run, k=3)
    assert session.tolist() == [4, 9]
    assert clicks.tolist() == CLICKS[::-1].tolist()
    assert carts.tolist() == (CLICKS / 3)[::-1].tolist()
    assert purchases.tolist() == (CLICKS / 7)[::-1].tolist()


def test_a_run_stored_before_them_has_none_and_keeps_its_clicks(engine: Engine) -> None:
    """A database of version 0007 comes up to date; what it never held is missing, not 0."""
    with write_transaction(engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        schema.migrate(conn, "0007")
        slate_outcomes.add(conn, run, SESSIONS, 0, CLICKS)
    assert schema.ensure(engine)
    with read_transaction(engine) as conn:
        _, _, clicks = slate_outcomes.of_run(conn, run, k=3)
        carts, purchases = slate_outcomes.later_of_run(conn, run, k=3)
    assert clicks.tolist() == CLICKS[::-1].tolist()
    assert np.isnan(carts).all()
    assert np.isnan(purchases).all()
    assert carts.shape == purchases.shape == (2, 3)


def test_a_run_without_readings_has_no_rows(engine: Engine) -> None:
    """Nobody was judged: nothing, in the shape of what would be there."""
    with write_transaction(engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
    with read_transaction(engine) as conn:
        carts, purchases = slate_outcomes.later_of_run(conn, run, k=3)
    assert carts.shape == purchases.shape == (0, 3)
