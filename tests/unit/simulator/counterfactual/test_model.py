"""The model of clicks knows what scores are worth, and nothing of whom it speaks of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.counterfactual.examination import examination
from simulator.counterfactual.model import FOLDS, attraction
from tests.unit.simulator.counterfactual.logs import made_up


def test_what_is_clicked_more_often_attracts_more() -> None:
    """Items are liked more by number, and the number is the score."""
    log, _ = made_up(6000, seed=1)
    found = attraction(log, examination(log).by_place).target
    assert log.target_score is not None
    means = [found[log.target_score == item].mean() for item in (1, 3, 5)]
    assert means == sorted(means)
    assert means[2] > 2 * means[0]


def test_the_clicks_of_a_shopper_do_not_change_what_is_said_of_her() -> None:
    """Her fold is told by the others."""
    log, _ = made_up(600, seed=2)
    looks = examination(log).by_place
    hers = log.unit % FOLDS == 0
    turned = log.clicked.copy()
    turned[hers] = 1 - turned[hers]
    before = attraction(log, looks).shown
    after = attraction(replace(log, clicked=turned), looks).shown
    np.testing.assert_array_equal(before[hers], after[hers])
    assert (before[~hers] != after[~hers]).any()


def test_a_log_without_scores_is_refused() -> None:
    """There is nothing to go by."""
    log, _ = made_up(60, seed=3)
    with pytest.raises(ValueError, match="needs scores"):
        attraction(replace(log, score=None), np.ones(3))
