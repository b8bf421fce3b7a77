"""What the estimates of all targets of one log share: its examinations, its chances, its clicks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.counterfactual.chances import Chances, DrawnChances, Floats
from simulator.counterfactual.examination import Examination, examination
from simulator.counterfactual.logged import Ints, Logged, Marks
from simulator.counterfactual.model import ClickModel, click_model


@dataclass(frozen=True)
class EveryPlace:
    """What the position-based estimators need of a log besides."""

    looks: Examination
    by_logger: Floats
    """[n, k]: expected examination of each shown item by the logger; 0 for padding."""
    inverse: Floats
    """[n, k]: 1 / by_logger; 0 for padding."""
    model: ClickModel | None
    """None for a log without scores."""
    attraction: Floats
    """[n, k]: what the model says of the items shown; 0 for padding, or without a model."""


@dataclass(frozen=True)
class Shared:
    """Of one log."""

    is_shown: Marks
    """[n, k]"""
    logger: Chances
    unit: Ints
    """[n]: numbers of the units from 0."""
    n_units: int
    every_place: EveryPlace | None
    """None where the log knows each item's chance at its own place only."""


def share(log: Logged) -> Shared:
    """Work them out; nothing of the target is looked at."""
    units, number = np.unique(log.unit, return_inverse=True)
    logger = DrawnChances(log.logger)
    every = _every_place(log, logger) if log.knows_every_place else None
    return Shared(log.is_shown, logger, number, len(units), every)


def _every_place(log: Logged, logger: Chances) -> EveryPlace:
    looks = examination(log)
    by_logger = logger.at_places(looks.by_place)
    inverse = np.divide(1.0, by_logger, out=np.zeros(by_logger.shape), where=by_logger > 0)
    if log.score is None:
        return EveryPlace(looks, by_logger, inverse, None, np.zeros(by_logger.shape))
    model = click_model(log, looks.by_place)
    return EveryPlace(looks, by_logger, inverse, model, model.of(log.score, log.is_shown))
