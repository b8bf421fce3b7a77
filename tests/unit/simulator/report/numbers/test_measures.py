"""Every measure that a report holds has a row, and what the row says of it is true of its
numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from simulator.report.numbers.comparison import compare_runs
from simulator.report.numbers.measure_row import Unit
from simulator.report.numbers.measures import MEASURES, known, measure
from simulator.report.numbers.panel import RunData, lay_out
from simulator.report.pages.runs import best_of
from simulator.report.text import labels
from tests.unit.simulator.report.diary import ITEMS, hand_made
from tests.unit.simulator.report.many_days import long_panel

every_measure = pytest.mark.parametrize("name", MEASURES)
IN_ONE_RUN = [name for name, row in MEASURES.items() if row.formula]


def arriving(policy: str, seed: int) -> RunData:
    """A run of the diary into which an item comes on the second day."""
    run = hand_made(policy, seed=seed)
    return replace(run, config={**run.config, "arrivals": {"day": 1, "items": [2]}})


def test_every_name_in_a_report_has_a_row() -> None:
    """Series by position and day, new items and the share of the oracle's lead among them."""
    runs = [arriving(policy, seed) for policy in ("visual", "blend", "oracle") for seed in (1, 2)]
    found = compare_runs([lay_out(run) for run in runs])
    names = {name for metrics in found.policies.values() for name in metrics}
    names |= set(measure(long_panel(14)))
    assert {row.name.format(k=3) for row in MEASURES.values()} <= names
    assert [name for name in sorted(names) if known(name) is None] == []


def test_what_nobody_defined_is_called_by_its_name() -> None:
    """A `metrics.json` of another version may hold it."""
    assert known("of_tomorrow@10") is None
    assert labels.of("of_tomorrow@10").title == "of_tomorrow@10"


@every_measure
def test_a_row_says_what_is_measured_in_a_title_and_a_sentence(name: str) -> None:
    """The title is its own, the sentence ends; its unit is one that can be written."""
    row = MEASURES[name]
    assert [one.title for one in MEASURES.values()].count(row.title) == 1
    assert row.title[0].isupper()
    assert row.meaning[0].isupper()
    assert row.meaning.endswith(".")
    assert row.unit in get_args(Unit)
    assert row.better in {"more", "less", None}


@pytest.mark.parametrize("unit", get_args(Unit))
def test_every_unit_can_be_written(unit: str) -> None:
    """Two units are told apart where they mean different things."""
    written = labels.number(0.25, unit)
    assert written == {"share": "25.0\u00a0%", "seconds": "0.2\u00a0s", "index": "0.250"}.get(
        unit, "0.25"
    )


@pytest.mark.parametrize("name", IN_ONE_RUN)
def test_a_share_is_a_share(name: str) -> None:
    """What is written in per cent lies between 0 and 1 and has the interval of a share."""
    found = measure(lay_out(hand_made()))[name.format(k=3)]
    if MEASURES[name].unit == "share":
        assert found.is_share
        assert 0 <= found.value <= 1


@pytest.mark.parametrize("name", IN_ONE_RUN)
def test_measures_by_class_are_those_that_categories_change(name: str) -> None:
    """They alone are marked where categories are clusters."""
    run = hand_made()
    others = np.array([0, 1, 0, 1, 1, 0, 1], run.categories.dtype)
    assert len(others) == ITEMS + 2
    before = measure(lay_out(run))[name.format(k=3)].value
    after = measure(lay_out(replace(run, categories=others)))[name.format(k=3)].value
    assert (before != after) == MEASURES[name].by_class
    assert (
        labels.title(name, are_clusters=True).endswith("(from clusters)") == MEASURES[name].by_class
    )


def test_the_short_table_holds_measures_that_exist() -> None:
    """Each of its names is a row, and more of it is better: the best is marked."""
    rows = {row.stem: row for row in MEASURES.values()}
    assert [stem for stem in labels.HEADLINES if rows[stem].better != "more"] == []


def test_the_best_is_the_most_or_the_least_as_the_row_says() -> None:
    """Nobody is the best where neither is better, or where nobody else is there."""
    bounces = {"visual": 0.4, "blend": 0.3}
    assert best_of(bounces, "less") == "blend"
    assert best_of(bounces, "more") == "visual"
    assert best_of(bounces, None) is None
    assert best_of({"visual": 0.4}, "less") is None
