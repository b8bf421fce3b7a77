"""Logs drawn from a shop of which the judge knows every chance, and targets for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from recommender.candidates import eligible
from simulator.counterfactual.chances import RankedChances
from simulator.counterfactual.logged import Logged
from simulator.installation.context import Context
from simulator.playing.in_memory import MemoryRun, SharedWorld, gather, share_world
from simulator.playing.plan import Plan
from simulator.playing.play import play
from simulator.playing.simulate import prepare
from simulator.world.choice import whole_catalogue_appeal
from simulator.world.session import Sessions

DIMS = 8
"""Of the random projection of the pictures by which a target ranks."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LotteryChances:
    """Those of a logger that draws from all that may be shown, or shows a ranking."""

    lot: Floats
    """[n]: of each item at each place, by lot."""
    by_ranking: float
    """Probability of the ranking."""
    ranked: RankedChances

    @property
    def own(self) -> Floats:
        """[n, k]"""
        return self.lot[:, None] + self.by_ranking * self.ranked.own

    def at_places(self, e: Floats) -> Floats:
        """[n, k]"""
        return self.lot[:, None] * e.sum() + self.by_ranking * self.ranked.at_places(e)

    def of_items(self, x: Floats) -> Floats:
        """[k]"""
        by_lot = float(x.sum(axis=1) @ self.lot)
        return by_lot + self.by_ranking * self.ranked.of_items(x)


@dataclass(frozen=True)
class Requests:
    """All requests of a shop, and what the judge knows of them."""

    shopper: NDArray[np.int64]
    query: NDArray[np.int64]
    attraction: NDArray[np.float32]
    """[n, n_items]: P(click | examined)."""
    is_allowed: NDArray[np.bool_]
    """[n, n_items]"""
    examination: Floats
    """[k]"""
    vectors: NDArray[np.float32]

    @cached_property
    def likeness(self) -> Floats:
        """[n pictures, n pictures]: cosines."""
        return np.asarray(self.vectors @ self.vectors.T, np.float64)


def gathered(context: Context, plan: Plan) -> Requests:
    """The requests of a run of `random`."""
    resolved = prepare(context, plan)
    shared = share_world(resolved.config, *gather(context, resolved))
    desk = MemoryRun(shared.recommender("random"))
    seen: list[tuple[NDArray[np.generic], ...]] = []

    def note(here: Sessions, _slates: object, _clicked: object) -> None:
        known = desk.recommender
        assert desk.profiles is not None  # noqa: S101 - the desk has ranked
        columns = known.knowledge.is_candidate[: known.knowledge.n_columns]
        allowed = eligible(desk.profiles, columns, exclude_shown=known.config.exclude_shown)
        liked = expit(shared.world.config.click_base + whole_catalogue_appeal(shared.world, here))
        n = shared.world.catalogue.n_items
        seen.append((here.shopper, here.query, liked.astype(np.float32), allowed[:, :n]))

    _play(shared, desk, plan, note)
    parts = [np.concatenate(one) for one in zip(*seen, strict=True)]
    return Requests(*parts, shared.world.examination, shared.vectors)  # type: ignore[arg-type]


def _play(shared: SharedWorld, desk: MemoryRun, plan: Plan, note: object) -> None:
    play(
        shared.world,
        desk,
        days=plan.days,
        policy="random",
        seed=plan.seed,
        after_day=lambda _day: None,
        witness=note,  # type: ignore[arg-type]
    )


def target_slates(of: Requests, rng: np.random.Generator | None) -> NDArray[np.int16]:
    """[n, k]: by likeness in a random projection of the pictures; without rng, in all of them."""
    vectors = of.vectors
    if rng is not None:
        vectors = vectors @ rng.normal(size=(vectors.shape[1], DIMS)).astype(np.float32)
    score = vectors[of.query] @ vectors[: of.attraction.shape[1]].T
    return _best(np.where(of.is_allowed, score, -np.inf), len(of.examination)).astype(np.int16)


def _best(score: Floats, k: int) -> NDArray[np.int64]:
    top = np.argpartition(-score, k, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(score, top, axis=1), axis=1)
    return np.take_along_axis(top, order, axis=1)


def truth(of: Requests, slates: NDArray[np.integer]) -> float:
    """Clicks per item that the judge expects."""
    liked = np.take_along_axis(of.attraction, slates, axis=1)
    return float((liked * of.examination).mean())


def rows_of(of: Requests, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The requests of shoppers drawn with replacement, about n."""
    shoppers, starts, counts = np.unique(np.sort(of.shopper), return_index=True, return_counts=True)
    order = np.argsort(of.shopper, kind="stable")
    drawn = rng.integers(len(shoppers), size=round(n / counts.mean()))
    return np.concatenate([order[starts[one] : starts[one] + counts[one]] for one in drawn])


@dataclass(frozen=True)
class DrawnLog:
    """One log: which requests, whose they count as, what was shown and clicked."""

    rows: NDArray[np.int64]
    unit: NDArray[np.int64]
    shown: NDArray[np.int64]
    clicked: Floats
    logger: LotteryChances

    @property
    def by_place(self) -> Floats:
        """The logger's chances laid out, [n, k items, k places]."""
        k = self.shown.shape[1]
        ranked = self.logger.ranked.at[:, :, None] == np.arange(k)
        return self.logger.lot[:, None, None] + self.logger.by_ranking * ranked

    def beside(self, of: Requests) -> Logged:
        """The log with what holds for every target; of which one, `against` says."""
        n, k = self.shown.shape
        nobody = RankedChances(np.full((n, k), -1, np.int8))
        reached = np.ones((n, k), np.bool_)
        score = _likeness(of, self.rows, self.shown)
        full = np.full(n, k)
        return Logged(self.unit, self.clicked, self.by_place, nobody, full, reached, score, score)

    def against(self, beside: Logged, of: Requests, slates: NDArray[np.int16]) -> Logged:
        """The same beside the slates of a target, [n of all requests, k]."""
        target = slates[self.rows]
        likeness = _likeness(of, self.rows, target)
        return replace(beside, target=_ranked(self.shown, target), target_score=likeness)


def _ranked(shown: NDArray[np.integer], slates: NDArray[np.int16]) -> RankedChances:
    at = np.full(shown.shape, -1, np.int8)
    row, item, place = np.nonzero(shown.astype(np.int16)[:, :, None] == slates[:, None, :])
    at[row, item] = place
    return RankedChances(at)


def _likeness(of: Requests, rows: NDArray[np.int64], items: NDArray[np.integer]) -> Floats:
    return of.likeness[of.query[rows][:, None], items]


def drawn(
    of: Requests, policy: str, visual: NDArray[np.int16], n: int, rng: np.random.Generator
) -> DrawnLog:
    """A log by `random` or by `logging`: half by lot, half `visual`."""
    rows = rows_of(of, n, rng)
    k = len(of.examination)
    allowed = of.is_allowed[rows]
    lot = rng.random(allowed.shape)
    shown = _best(np.where(allowed, lot, -np.inf), k)
    chance = 1 / allowed.sum(1)
    by_ranking = 0.0
    if policy == "logging":
        is_ranked = rng.random(len(rows)) < 0.5
        shown[is_ranked] = visual[rows[is_ranked]]
        by_ranking = 0.5
    liked = np.take_along_axis(of.attraction[rows], shown, axis=1) * of.examination
    clicked = (rng.random(liked.shape) < liked).astype(np.float64)
    # A shopper drawn twice has met other dice: she counts as two.
    first = np.flatnonzero(np.diff(of.shopper[rows], prepend=-1) != 0)
    unit = np.searchsorted(first, np.arange(len(rows)), side="right")
    logger = LotteryChances((1 - by_ranking) * chance, by_ranking, _ranked(shown, visual[rows]))
    return DrawnLog(rows, unit, shown, clicked, logger)
