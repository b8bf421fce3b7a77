"""`metrics.json`: its shape, its order, its nulls, and that the same runs give the same bytes."""

from __future__ import annotations

import json
import math

import pytest

from db.errors import UsageError
from simulator.report.numbers.comparison import compare_runs, dump, in_order, statistics, undefined
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Estimate
from simulator.report.text import labels
from tests.unit.simulator.report.diary import VISITS, hand_made, without_clicks


def test_metrics_json_has_the_documented_shape() -> None:
    """schema, policies, differences; value, low, high and n; a, b, metric, value, low, high and p:
    no more, no less.
    """
    metrics = _metrics("blend", "visual")
    assert list(metrics) == ["schema", "policies", "differences"]
    assert metrics["schema"] == 2
    assert list(metrics["policies"]["blend"]) == ["metrics"]
    assert list(metrics["policies"]["blend"]["metrics"]["ctr"]) == [
        "value",
        "low",
        "high",
        "n",
        "over",
    ]
    names = ["a", "b", "metric", "value", "low", "high", "p", "over", "role", "p_adjusted"]
    assert list(metrics["differences"][0]) == names
    roles = {one["metric"]: one["role"] for one in metrics["differences"]}
    assert roles["ctr_late_expected"] == "primary"
    assert roles["cart_rate"] == "headline"
    assert roles["ctr"] == "exploratory"


def test_an_interval_says_over_what() -> None:
    """Over the shoppers of one shop, or over shops."""
    assert {one["over"] for one in _metrics("blend", "visual")["differences"]} == {"shoppers"}


@pytest.mark.parametrize("policy", ["cf", "blend", "visual"])
def test_one_run_has_no_interval_where_it_tells_nothing(policy: str) -> None:
    """None of cf, whose run would be another with other shoppers; nor of inequality; nor of
    categories where the policy learns.
    """
    found = _metrics(policy, "random")["policies"][policy]["metrics"]
    assert found["exposure_gini"]["low"] is None
    assert (found["category_hit_rate@3"]["low"] is None) == (policy != "visual")
    assert (found["ctr"]["low"] is None) == (policy == "cf")
    assert found["ctr"]["value"] is not None


def test_the_same_runs_give_the_same_bytes_in_any_order() -> None:
    """The order in which runs were read from the database leaves no trace."""
    names = ["oracle", "visual", "blend", "random"]
    one, other = (
        dump(compare_runs([lay_out(hand_made(name)) for name in order]))
        for order in (names, names[::-1])
    )
    assert one == other


def test_floats_are_written_in_full() -> None:
    """A value reads back to the very same bits."""
    assert _metrics("blend")["policies"]["blend"]["metrics"]["ctr"]["value"] == 4 / 17


def test_undefined_is_null_and_counted() -> None:
    """No click, no dwell: null in the file, never the token NaN, and n says over how many: none."""
    comparison = compare_runs([lay_out(without_clicks(hand_made()))])
    text = dump(comparison).decode()
    dwell = json.loads(text)["policies"]["blend"]["metrics"]["dwell"]
    assert dwell == {"value": None, "low": None, "high": None, "n": 0, "over": "shoppers"}
    assert "NaN" not in text
    assert "Infinity" not in text
    assert undefined(comparison) == 2  # dwell and the time to the first click


def test_a_difference_is_the_more_knowing_policy_minus_the_plainer() -> None:
    """Blend minus visual, whatever the order of the runs; asked for the other way round it changes
    its sign.
    """
    quiet = without_clicks(hand_made("visual"))
    comparison = compare_runs([lay_out(hand_made("blend")), lay_out(quiet)])
    found = {(one.a, one.b) for one in comparison.differences}
    forward, backward = (
        comparison.gap(a, b, "ctr") for a, b in (("blend", "visual"), ("visual", "blend"))
    )
    assert found == {("blend", "visual")}
    assert forward.value == 4 / 17
    assert (backward.value, backward.low, backward.high) == (
        -forward.value,
        -forward.high,
        -forward.low,
    )


def test_series_have_no_differences() -> None:
    """By position and by day a reader looks at curves; pairs are compared in the measures
    themselves.
    """
    names = {one["metric"] for one in _metrics("blend", "visual")["differences"]}
    assert "hit_rate@3" in names
    assert not any("position" in name or "day" in name for name in names)


def test_one_seed_has_intervals_over_shoppers_and_several_over_seeds() -> None:
    """Two shoppers make an interval alone; with two seeds the spread between the seeds does."""
    fewer = {session: visit for session, visit in VISITS.items() if session != 2}
    alone = compare_runs([lay_out(hand_made())])
    both = compare_runs([lay_out(hand_made(seed=1)), lay_out(hand_made(seed=2, visits=fewer))])
    values = [4 / 17, 2 / 11]
    assert alone.caution == ""
    assert both.caution.startswith("Only 2 seeds")
    found = both.policies["blend"]["ctr"]
    assert alone.interval_of == "over the 2 shoppers of this one shop"
    assert both.interval_of == "over 2 shops"
    assert found.value == pytest.approx(sum(values) / 2)
    assert found.n == 17 + 11
    half = 12.706 * abs(values[0] - values[1]) / 2
    assert (found.low, found.high) == pytest.approx((0.0, found.value + half), rel=1e-3)


def test_two_seeds_promise_nothing_beyond_a_scale() -> None:
    """No share below 0 or above 1, no revenue, time or count below 0, no difference of shares
    beyond 1.
    """
    few = {session: visit for session, visit in VISITS.items() if session == 2}
    runs = [hand_made(policy, seed=1) for policy in ("visual", "blend")]
    runs += [hand_made(policy, seed=2, visits=few) for policy in ("visual", "blend")]
    both = compare_runs([lay_out(run) for run in runs])
    seen = [
        (name, one)
        for of in both.policies.values()
        for name, one in of.items()
        if one.low == one.low
    ]
    assert {"share", "money", "seconds"} <= {labels.of(name).unit for name, _ in seen}
    for name, found in seen:
        least, most = labels.of(name).ends
        assert least <= found.low <= found.high <= most, name
    shares = [one.gap for one in both.differences if labels.of(one.metric).unit == "share"]
    assert all(gap.low >= -1 and gap.high <= 1 for gap in shares if gap.low == gap.low)


def test_share_of_the_oracles_lead_needs_visual_and_oracle() -> None:
    """It is in the file for the policies between the two, and only then."""
    assert "share_of_oracle_lead" not in _metrics("blend", "visual")["policies"]["blend"]["metrics"]
    policies = _metrics("blend", "visual", "oracle")["policies"]
    assert "share_of_oracle_lead" in policies["blend"]["metrics"]
    assert "share_of_oracle_lead" not in policies["oracle"]["metrics"]


def test_policies_stand_from_the_plainest_to_the_most_knowing() -> None:
    """One order everywhere; a policy nobody knows goes before the oracle."""
    assert in_order({"oracle", "mine", "blend", "random", "cf"}) == [
        "random",
        "cf",
        "blend",
        "mine",
        "oracle",
    ]


@pytest.mark.parametrize(
    ("policies", "wanted"),
    [(["blend", "blend"], "comes twice with seed 1"), ([], "at least one finished run")],
)
def test_runs_that_do_not_fit_together_are_refused(policies: list[str], wanted: str) -> None:
    """One line that says what is wrong."""
    with pytest.raises(UsageError, match=wanted):
        compare_runs([lay_out(hand_made(policy)) for policy in policies])


def test_an_estimate_without_shoppers_does_not_divide_by_zero() -> None:
    """Nobody came: undefined all the way."""
    nothing = statistics.undefined(0)
    assert isinstance(nothing, Estimate)
    assert math.isnan(statistics.by_shopper(nothing).value)


def _metrics(*policies: str) -> dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]:
    metrics: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]] = json.loads(
        dump(compare_runs([lay_out(hand_made(policy)) for policy in policies]))
    )
    return metrics
