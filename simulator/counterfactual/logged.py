"""A log of slates with propensities, and what a target policy would have shown, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.counterfactual.chances import Floats, RankedChances

Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Logged:
    """n requests, their slates of up to k items, and the target policy's chances of these items."""

    unit: Ints
    """[n]: whose request it is; requests of one unit may resemble each other."""
    clicked: Floats
    """[n, k]: 1 where the item was clicked, 0 where not, 0 for padding."""
    logger: Floats
    """[n, k items, k places]: the logger's probability of each shown item at each place; NaN for
    padding, and off the diagonal where only the own place is known."""
    target: Floats | RankedChances
    """[n, k items, k places]: the target's, of the same items; NaN as above."""
    places: Ints
    """[n]: items on the target's slate."""
    reached: Marks | None = None
    """[n, k items, k places]: of the items of the target's slate, the places where the logger could
    have shown them; [n, k] where that holds for all places alike; None where nobody knows."""
    score: Floats | None = None
    """[n, k]: what a model of clicks goes by, of the items shown; None where there is none."""
    target_score: Floats | None = None
    """[n, k]: the same of the target's slate."""

    @property
    def is_shown(self) -> Marks:
        """[n, k]: not padding."""
        return np.asarray(np.isfinite(self.own(self.logger)))

    @property
    def on_slate(self) -> Marks:
        """[n, k]: where the target's slate has an item."""
        return np.asarray(np.arange(self.clicked.shape[1]) < self.places[:, None])

    @property
    def knows_every_place(self) -> bool:
        """Whether the chances are known for every place, not only where an item stood."""
        return bool(np.isfinite(self.logger[self.is_shown]).all())

    @staticmethod
    def own(chances: Floats) -> Floats:
        """[n, k]: of each item at the place where it stood."""
        return np.diagonal(chances, axis1=1, axis2=2)

    def of(self, rows: Marks) -> Logged:
        """Some of the requests."""
        return Logged(
            self.unit[rows],
            self.clicked[rows],
            self.logger[rows],
            self.target[rows],
            self.places[rows],
            None if self.reached is None else self.reached[rows],
            None if self.score is None else self.score[rows],
            None if self.target_score is None else self.target_score[rows],
        )
