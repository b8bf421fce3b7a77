"""The estimates of many targets from one log, by the few items that log and target share.

A target's slate has hardly any item in common with one drawn by lot, so the weights are nearly all
0. What is not 0 is added up here; formulas and intervals are those of the estimators, and a test
holds both side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals.drawn_logs import DrawnLog, Floats, Requests
from simulator.counterfactual.estimators import (
    PolicyEstimate,
    Summed,
    Total,
    effective_items,
)
from simulator.counterfactual.shared import EveryPlace, Shared, share

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Common:
    """The items that stand on a slate of the log and on the target's: m of them."""

    row: Ints
    """[m]: request."""
    item: Ints
    """[m]: place on the log's slate."""
    place: Ints
    """[m]: place on the target's."""
    n: int

    def by_row(self, x: Floats) -> Floats:
        """[n]: sums of x [m] by request."""
        return np.bincount(self.row, x, minlength=self.n)


@dataclass(frozen=True)
class ManyTargets:
    """One log, made ready for any number of targets."""

    log: DrawnLog
    shared: Shared
    every: EveryPlace
    place_of: NDArray[np.int8]
    """[n, n_items]: where each item stands on the log's slate, -1 where it does not."""
    attraction: Floats
    """[folds, pictures, pictures]: what the model says of an item beside a query."""
    query: Ints
    """[n]"""

    @classmethod
    def of(cls, log: DrawnLog, of: Requests) -> ManyTargets:
        """Lay out what all targets share."""
        shared = replace(share(log.beside(of)), logger=log.logger)
        every = shared.every_place
        assert every is not None  # noqa: S101 - the logger's chances are laid out
        assert every.model is not None  # noqa: S101 - and there are scores
        n, k = log.shown.shape
        place_of = np.full((n, of.attraction.shape[1]), -1, np.int8)
        np.put_along_axis(place_of, log.shown, np.arange(k, dtype=np.int8)[None, :], axis=1)
        bins = np.searchsorted(every.model.edges, of.likeness, side="right")
        query = of.query[log.rows]
        return cls(log, shared, every, place_of, every.model.rates[:, bins], query)

    def evaluate(self, slates: NDArray[np.int16]) -> Iterator[PolicyEstimate]:
        """Every estimator for a target that shows these, [n of all requests, k]."""
        target = slates[self.log.rows]
        n, k = target.shape
        there = np.take_along_axis(self.place_of, target.astype(np.intp), axis=1)
        flat = np.flatnonzero(there.ravel() >= 0)
        row, place = np.divmod(flat, k)
        both = Common(row, there.ravel()[flat].astype(np.int64), place, n)
        yield self._item_position(both)
        yield from self._position_based(both, target)

    def _item_position(self, both: Common) -> PolicyEstimate:
        same = both.item == both.place
        row, item = both.row[same], both.item[same]
        weights = 1.0 / self.shared.logger.own[row, item]
        parts = np.bincount(row, weights * self.log.clicked[row, item], minlength=both.n)
        found = Summed(self._places, self.shared, None, effective_items(weights), 0.0)
        return found.of("item-position IPS", [Total(parts, np.zeros(0))], [])

    def _position_based(self, both: Common, target: NDArray[np.int16]) -> Iterator[PolicyEstimate]:
        e = self.every.looks.by_place
        k = len(e)
        at = (both.row, both.item)
        inverse = self.every.inverse[at]
        weights = e[both.place] * inverse
        summed = Summed(self._places, self.shared, self.every.looks, effective_items(weights), 0.0)

        def weighed(x: Floats) -> Total:
            """The sum of weights times x [m]."""
            return Total(both.by_row(weights * x), self._slope(both, weights, inverse * x, k))

        clicks = weighed(self.log.clicked[at])
        yield summed.of("position-based IPS", [clicks], [])
        came = weighed(e[both.item])
        by_item = np.bincount(both.item, weights, minlength=k)
        came = Total(came.parts, came.slope + by_item)
        should = Total(np.full(both.n, e.sum()), np.full(k, float(both.n)))
        yield summed.of("position-based SNIPS", [clicks, should], [came])
        attracted = self._attracted(target)
        shown = self.every.attraction[at]
        errors = weighed(self.log.clicked[at] - e[both.item] * shown)
        lost = np.bincount(both.item, weights * shown, minlength=k)
        slope = errors.slope + attracted.sum(0) - lost
        modelled = attracted @ e
        yield summed.of("position-based DR", [Total(modelled + errors.parts, slope)], [])
        nothing = float("nan")
        value = float(modelled.sum() / (both.n * k))
        yield PolicyEstimate("direct model", value, nothing, nothing, nothing, nothing)

    def _slope(self, both: Common, weights: Floats, scaled: Floats, k: int) -> Floats:
        """[k]: derivatives by the examinations, as of `Weighed.slope`."""
        logger = self.log.logger
        drawn = weights * scaled
        place = logger.ranked.at[both.row, both.item]
        ranked = np.bincount(place + 1, drawn, minlength=k + 1)[1:]
        by_logger = float(drawn @ logger.lot[both.row]) + logger.by_ranking * ranked
        return np.asarray(np.bincount(both.place, scaled, minlength=k) - by_logger)

    def _attracted(self, target: NDArray[np.int16]) -> Floats:
        """[n, k]: what the model says of the target's slates."""
        assert self.every.model is not None  # noqa: S101 - made so
        fold = self.every.model.fold
        return np.asarray(self.attraction[fold[:, None], self.query[:, None], target])

    @property
    def _places(self) -> Ints:
        return np.full(len(self.log.rows), self.log.shown.shape[1])
