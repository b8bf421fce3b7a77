"""Differences by segment: their values, their p, and what segments.json holds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from simulator.report.numbers.formulas import ctr_expected
from simulator.report.numbers.panel import Panel, lay_out
from simulator.report.numbers.segments.gaps import SegmentGap, compare_segments, dump
from tests.unit.simulator.report.diary import hand_made


def _panel(policy: str, *, seed: int = 1, times: float = 1.0) -> Panel:
    """The diary, whose judge expects some times as many clicks."""
    run = hand_made(policy, seed=seed)
    told = replace(run.expectations, expected=run.expectations.expected * times)
    return lay_out(replace(run, expectations=told, price_sensitivity=np.array([0.1, 0.9])))


def _by_name(found: list[SegmentGap]) -> dict[str, SegmentGap]:
    return {one.segment: one for one in found}


def test_the_rates_of_segments_are_those_of_their_slates() -> None:
    """By hand: five items on two first visits, the others later; the reference expects half."""
    found = _by_name(
        compare_segments([_panel("blend"), _panel("visual", times=0.5)], "blend", "visual")
    )
    first = found["first visit"]
    assert (first.shown, first.focus, first.reference) == (5, pytest.approx(0.1), 0.05)
    assert first.gap.value == pytest.approx(0.05)
    later = found["later visits"]
    assert later.focus == pytest.approx((6 * 0.1 + 0.9) / 12)
    jeans = found["jeans"]
    assert jeans.focus == pytest.approx((6 * 0.1 + 0.6) / 9)


def test_segments_of_a_division_weigh_up_to_the_whole() -> None:
    """Nothing is lost where every slate lies in one."""
    panels = [_panel("blend"), _panel("visual", times=0.5)]
    found = compare_segments(panels, "blend", "visual")
    whole = ctr_expected(panels[0]).value
    for name in ("visit", "category", "price", "query"):
        rows = [one for one in found if one.division.name == name and one.shown]
        clicks = sum(one.focus * one.shown for one in rows)
        assert clicks / sum(one.shown for one in rows) == pytest.approx(whole)


def test_a_segment_that_nobody_was_in_is_missing_and_not_zero() -> None:
    """No search was hot."""
    found = _by_name(
        compare_segments([_panel("blend"), _panel("visual", times=0.5)], "blend", "visual")
    )
    hot = found["more than 20 times (hot)"]
    assert np.isnan([hot.focus, hot.gap.value, hot.gap.p, hot.p_adjusted]).all()
    assert not hot.is_beyond_chance


def test_the_p_allows_for_all_segments() -> None:
    """Over three seeds by Holm: none is smaller than its own; the least is times their number."""
    panels = [
        _panel(policy, seed=seed, times=times)
        for seed in (1, 2, 3)
        for policy, times in (("blend", 1.0), ("visual", 0.5 + seed / 50))
    ]
    found = [one for one in compare_segments(panels, "blend", "visual") if not np.isnan(one.gap.p)]
    assert len(found) > 5
    assert all(one.p_adjusted >= one.gap.p for one in found)
    least = min(found, key=lambda one: one.gap.p)
    assert least.p_adjusted == pytest.approx(min(1.0, len(found) * least.gap.p))


def test_one_run_of_a_policy_that_tells_nothing_has_no_p() -> None:
    """What cf shows hangs on whose clicks came first."""
    found = compare_segments([_panel("cf"), _panel("visual", times=0.5)], "cf", "visual")
    assert np.isnan([one.gap.p for one in found]).all()
    assert not any(one.is_beyond_chance for one in found)
    assert found[0].gap.value == pytest.approx(0.05)


def test_the_same_slates_are_no_difference_and_have_p_1() -> None:
    """On the first day nobody has learned anything: exactly 0, not missing."""
    found = _by_name(compare_segments([_panel("blend"), _panel("visual")], "blend", "visual"))
    first = found["first visit"]
    assert (first.gap.value, first.gap.p, first.p_adjusted) == (0.0, 1.0, 1.0)
    assert not first.is_beyond_chance


def test_a_policy_that_was_not_played_has_no_segments() -> None:
    """Nothing to subtract."""
    assert compare_segments([_panel("blend")], "blend", "visual") == []


def test_segments_json_says_what_was_compared_and_has_nulls() -> None:
    """Focus and reference, the measure, over what; undefined is null."""
    found = compare_segments([_panel("blend"), _panel("visual", times=0.5)], "blend", "visual")
    document = json.loads(dump(found, "blend", "visual", n_seeds=1))
    assert list(document) == ["schema", "a", "b", "metric", "over", "segments"]
    assert (document["metric"], document["over"]) == ("ctr_expected", "shoppers")
    rows = {one["segment"]: one for one in document["segments"]}
    assert rows["more than 20 times (hot)"]["value"] is None
    assert list(rows["jeans"]) == [
        "division",
        "segment",
        "n",
        "value_a",
        "value_b",
        "value",
        "low",
        "high",
        "p",
        "p_adjusted",
    ]
