"""In which segment each slate lies, on a diary of five visits with six slates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.report.numbers.panel import Panel, lay_out
from simulator.report.numbers.segments import divisions as divided
from simulator.report.numbers.segments.divisions import MOST_CATEGORIES, NONE, divisions
from tests.unit.simulator.report.diary import JEANS, SHIRTS, hand_made


def _panel() -> Panel:
    return lay_out(replace(hand_made(), price_sensitivity=np.array([0.1, 0.9])))


def _of(panel: Panel, name: str) -> list[int]:
    [found] = [one for one in divisions(panel) if one.name == name]
    return found.of_slates(panel).tolist()


def test_only_a_shoppers_first_visit_is_new() -> None:
    """All slates of the first session of each; two shoppers begin on day 0."""
    assert _of(_panel(), "visit") == [0, 0, 1, 1, 1, 1]


def test_a_search_is_cold_until_somebody_searched_with_its_picture_on_an_earlier_day() -> None:
    """On day 0 nobody had; each picture was searched with once before day 1, and seldom after."""
    assert _of(_panel(), "query") == [0, 0, 1, 1, 1, 1]


def test_more_than_twenty_earlier_searches_are_hot_and_those_of_today_do_not_count() -> None:
    """20 and 21 searches on day 0; what she opened has no temperature."""
    panel = _panel()
    query = np.array([JEANS] * 20 + [SHIRTS] * 21 + [JEANS, SHIRTS, 0])
    day = np.array([0] * 41 + [1] * 3)
    found = divided.by_query(replace(panel, slates=replace(panel.slates, query=query, day=day)))
    assert found.tolist() == [0] * 41 + [1, 2, NONE]


def test_shoppers_are_in_thirds_by_what_a_price_costs_them() -> None:
    """The one who cares least, and the one who cares most."""
    assert _of(_panel(), "price") == [0, 2, 0, 0, 0, 2]


def test_nobody_is_sorted_by_what_is_not_known() -> None:
    """A run that came without the judge's shoppers has no such division."""
    names = [one.name for one in divisions(lay_out(hand_made()))]
    assert names == ["visit", "query", "category"]


def test_a_slate_has_the_category_of_its_query() -> None:
    """Jeans, shirts, and so on."""
    assert _of(_panel(), "category") == [0, 1, 0, 1, 0, 1]


def test_categories_that_nobody_named_are_marked() -> None:
    """Clusters are not labels."""
    *_, found = divisions(lay_out(replace(hand_made(), are_clusters=True)))
    assert found.title == "Searches by category (from clusters)"


def test_of_many_categories_the_largest_are_told() -> None:
    """One of thirteen has no item more than the others and comes last: it lies in no segment."""
    run = hand_made()
    n = MOST_CATEGORIES + 1
    many = replace(
        run,
        class_names=[f"class {number}" for number in range(n)],
        categories=np.array([*range(n), *range(n - 1)], np.int16),
    )
    panel = lay_out(many)
    [found] = [one for one in divisions(panel) if one.name == "category"]
    assert found.segments == tuple(f"class {number}" for number in range(MOST_CATEGORIES))
    asked = replace(panel.slates, query=np.array([0, n - 1, n]))
    assert found.of_slates(replace(panel, slates=asked)).tolist() == [0, NONE, 0]
