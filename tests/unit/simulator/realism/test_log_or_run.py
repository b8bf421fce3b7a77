"""A run is read as its log would be, with the prices of its world."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.errors import WindowshopError
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.realism import log_or_run
from tests import factories
from workers.local_workforce import LocalWorkforce


def test_a_run_stands_in_a_logs_place_and_its_prices_are_known(sqlite: Engine) -> None:
    """Every event of it, and a price and a category of each item."""
    played = factories.play(sqlite, LocalWorkforce(sqlite), policy="random")
    context = factories.context_of(sqlite)
    events, goods = log_or_run.read(
        context, Path(played.run.id), ReadOptions(), Notes("run"), catalogue="toy"
    )
    assert len(events) == played.events
    assert len(goods.price) == len(goods.category) == 160
    assert min(goods.price.values()) > 0


def test_what_is_neither_a_file_nor_a_log_nor_a_run_is_refused(sqlite: Engine) -> None:
    """In one line."""
    factories.stock(sqlite)
    context = factories.context_of(sqlite)
    with pytest.raises(WindowshopError, match="0123456789ab"):
        log_or_run.read(context, Path("0123456789ab"), ReadOptions(), Notes("run"), catalogue="toy")
