"""The rows of Open Bandit Pipeline: one an item shown, with its click and its propensity."""

from __future__ import annotations

import csv

import pytest

from db.errors import UsageError
from tests.unit.simulator.playing.export_formats.day import IDS, SHOWN, log, written

COLUMNS = ["", "timestamp", "item_id", "position", "click", "propensity_score"]


def test_an_item_shown_is_a_row_with_its_click() -> None:
    """The place that was clicked, in that impression alone; items are counted by their ids."""
    chances = {(70, 0): [0.5, 0.25], (71, 0): [0.125, 1.0], (72, 0): [0.5, 0.5]}
    rows = list(csv.DictReader(written(log(chances=chances), "obp").decode().splitlines()))
    assert list(rows[0])[: len(COLUMNS)] == COLUMNS
    assert [row["item"] for row in rows] == [IDS[item] for slate in SHOWN for item in slate]
    assert [int(row["item_id"]) for row in rows] == [item for slate in SHOWN for item in slate]
    assert [row["click"] for row in rows] == ["0", "1"] * 3
    assert [row["position"] for row in rows] == ["1", "2"] * 3
    said = [float(row["propensity_score"]) for row in rows]
    assert said == [0.5, 0.25, 0.125, 1.0, 0.5, 0.5]
    assert rows[0]["timestamp"] == "1970-01-01T00:00:02.001Z"


def test_items_of_unknown_propensity_are_left_out() -> None:
    """They cannot be weighed; a log without any is refused with what has them."""
    chances = {(70, 0): [None, 0.25]}
    rows = written(log(chances=chances), "obp").decode().splitlines()  # type: ignore[arg-type]
    assert len(rows) == 2
    with pytest.raises(UsageError, match="says no propensities, and obp needs them"):
        written(log(), "obp")
