"""The estimators agree with plain loops, hold the truth, and give no interval without support."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.counterfactual.chances import RankedChances
from simulator.counterfactual.estimators import PolicyEstimate, evaluate
from simulator.counterfactual.examination import examination
from simulator.counterfactual.logged import Logged
from simulator.counterfactual.model import attraction
from simulator.counterfactual.shared import share
from tests.unit.simulator.counterfactual.logs import K, made_up

NAMES = [
    "item-position IPS",
    "position-based IPS",
    "position-based SNIPS",
    "position-based DR",
    "direct model",
]
TRIALS = 200


def by_name(log: Logged) -> dict[str, PolicyEstimate]:
    """The estimates."""
    return {one.name: one for one in evaluate(log)}


def in_plain_loops(log: Logged) -> dict[str, float]:
    """The values, click by click."""
    e = examination(log).by_place
    model = attraction(log, e)
    item_position = position = weighed = corrected = modelled = 0.0
    for r in range(len(log.unit)):
        for p in range(K):
            by_logger = sum(log.logger[r, p, j] * e[j] for j in range(K))
            weight = sum(log.target[r, p, j] * e[j] for j in range(K)) / by_logger
            item_position += log.clicked[r, p] * log.target[r, p, p] / log.logger[r, p, p]
            position += log.clicked[r, p] * weight
            weighed += weight * e[p]
            corrected += weight * (log.clicked[r, p] - e[p] * model.shown[r, p])
            modelled += e[p] * model.target[r, p]
    items = K * len(log.unit)
    should = len(log.unit) * sum(e)
    values = (item_position, position, position / weighed * should, modelled + corrected, modelled)
    return {name: value / items for name, value in zip(NAMES, values, strict=True)}


def test_every_value_is_that_of_plain_loops() -> None:
    """To the last digits, for a log by lot and by a fixed slate."""
    log, _ = made_up(300, seed=5)
    found = by_name(log)
    assert list(found) == NAMES
    for name, value in in_plain_loops(log).items():
        assert found[name].value == pytest.approx(value, rel=1e-9), name


def test_a_target_that_draws_nothing_may_be_told_by_its_places() -> None:
    """The same estimates to the last digits, though nobody lays out its chances."""
    log, _ = made_up(300, seed=12, unseen=0.02)
    chances = np.asarray(log.target)
    at = np.where(chances.any(axis=2), chances.argmax(axis=2), -1)
    assert log.reached is not None
    short = replace(log, target=RankedChances(at), reached=log.reached.any(axis=2))
    for one, other in zip(evaluate(short, share(log)), evaluate(log), strict=True):
        assert (one.value, one.low, one.high, one.effective, one.unsupported) == pytest.approx(
            (other.value, other.low, other.high, other.effective, other.unsupported),
            rel=1e-9,
            nan_ok=True,
        )


def test_the_interval_is_that_of_leaving_out_each_shopper() -> None:
    """The examinations move with her too. Of DR the folds of the model change as well."""
    log, _ = made_up(300, seed=6)
    units = np.unique(log.unit)
    without = [by_name(log.of(log.unit != unit)) for unit in units]
    for name, one in by_name(log).items():
        values = np.array([left[name].value for left in without])
        error = np.sqrt((len(units) - 1) * values.var())
        if name != "direct model":
            half = (one.high - one.low) / 2
            assert half == pytest.approx(1.984 * error, rel=0.05 if "DR" in name else 0.01), name


@pytest.mark.thorough
def test_the_intervals_hold_the_truth_of_a_shop_that_clicks_as_the_model_says() -> None:
    """At 1,500 requests, 91 to 99 of a hundred times."""
    held = dict.fromkeys(NAMES[:4], 0)
    for seed in range(TRIALS):
        log, truth = made_up(1500, seed=seed)
        for name, one in by_name(log).items():
            if name in held:
                held[name] += one.low <= truth <= one.high
    assert all(0.91 * TRIALS <= times <= 0.99 * TRIALS for times in held.values()), held


def test_a_policy_evaluated_on_its_own_log_has_the_clicks_of_the_log() -> None:
    """All weights are 1, and as many items count as were shown."""
    log, _ = made_up(300, seed=7)
    own = by_name(replace(log, target=log.logger))
    for name in NAMES[:3]:
        assert own[name].value == pytest.approx(log.clicked.mean())
        assert own[name].effective == pytest.approx(log.clicked.size)


@pytest.mark.parametrize(("unseen", "is_given"), [(0.02, True), (0.04, False)])
def test_there_is_no_interval_below_99_percent_support(unseen: float, *, is_given: bool) -> None:
    """One of three items of the slate is out of reach: 0.7 and 1.3 % of all."""
    log, _ = made_up(900, seed=8, unseen=unseen)
    for name, one in by_name(log).items():
        if name != "direct model":
            assert one.unsupported == pytest.approx(unseen / 3)
            assert math.isnan(one.low) is not is_given


def test_where_nobody_knows_the_reach_the_weights_tell_what_is_missing() -> None:
    """Nothing missing: no complaint. A third of the target's chances gone: it is noticed."""
    log, _ = made_up(6000, seed=9)
    assert by_name(replace(log, reached=None))["item-position IPS"].unsupported < 0.01
    gone = log.target.copy()
    gone[:, :, 0] = 0.0
    found = by_name(replace(log, reached=None, target=gone))
    assert 0.2 < found["item-position IPS"].unsupported < 1 / 3
    assert math.isnan(found["position-based IPS"].low)


def test_a_log_that_knows_only_the_own_place_allows_the_item_position_estimator_alone() -> None:
    """The others need every place."""
    log, _ = made_up(300, seed=10)
    off = ~np.eye(K, dtype=np.bool_)
    logger = np.where(off, np.nan, log.logger)
    assert list(by_name(replace(log, logger=logger))) == NAMES[:1]


def test_a_log_without_clicks_has_no_interval() -> None:
    """Nobody knows what a click is worth then; the value is 0."""
    log, _ = made_up(300, seed=11)
    for name, one in by_name(replace(log, clicked=np.zeros_like(log.clicked))).items():
        if name in NAMES[:1]:
            assert one.value == 0
        assert math.isnan(one.low)
