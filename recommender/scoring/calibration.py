"""What a generation teaches: calibration, examination by position, base rate and kappa."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.profile import Profiles
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.scoring.pair_score import Learned, PairScore, Rates, Trust, profile_cosines

FIXED = 1 << 20
"""Predictions and log-likelihoods are rounded to 1/FIXED before they are summed: exact in any
order.
"""


@dataclass(frozen=True)
class LearningConfig:
    """Where learning starts and how slowly it believes."""

    start_kappa: float = 32.0
    """Kappa before any evidence, in examinations; one of kappa_grid."""

    start_base: float = 0.03
    """Base rate before any evidence, clicks per examination."""

    start_peak: float = 3.0
    """Click rate at cosine 1 before any evidence, as a multiple of the base rate."""

    start_power: float = 8.0
    """How steeply the start curve falls: ((1 + cosine) / 2)^power."""

    n_knots: int = 65
    """Cosines at which the calibration is known."""

    calibration_prior: float = 50.0
    """Examinations that the start curve, scaled to the rate seen, is worth at each knot."""

    calibration_slope: float = 0.1
    """Share of the start curve that always stays, so that the calibration rises strictly."""

    examination_power: float = 0.5
    """Chance that a position is examined before any evidence: 1 / position^power."""

    examination_prior: float = 100.0
    """Clicks that this start is worth at each position."""

    base_prior: float = 200.0
    """Examinations that start_base is worth."""

    kappa_grid: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
    """The choices of kappa, in examinations."""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that means nothing."""
        if self.start_kappa not in self.kappa_grid:
            raise ValueError(
                f"start_kappa {self.start_kappa} must stand in kappa_grid {self.kappa_grid}"
            )
        if (
            min(self.kappa_grid) <= 0
            or self.start_power <= 0
            or self.start_peak < 0.3
            or self.n_knots < 3
        ):
            raise ValueError("kappas and start_power must be > 0, start_peak >= 0.3, n_knots >= 3")
        if not 0 < self.start_base < 1 or not 0 < self.calibration_slope <= 1:
            raise ValueError(
                "start_base must lie between 0 and 1, calibration_slope above 0 and at most 1"
            )


def start(config: LearningConfig, slate_size: int) -> Learned:
    """Before any evidence: generation -1."""
    knots = _knots(config.n_knots)
    nothing = (0,) * config.n_knots
    nowhere = (0,) * slate_size
    return Learned(
        generation=-1,
        kappa=config.start_kappa,
        base=config.start_base,
        knots=knots,
        rates=tuple(config.start_base * shape for shape in _start_shape(config)),
        examination=tuple(
            round(EXAMINATION * weight) for weight in _start_examination(config, slate_size)
        ),
        examined=nothing,
        acted=nothing,
        predicted=nowhere,
        clicked=nowhere,
        likelihood=(0,) * len(config.kappa_grid),
    )


def learn(
    previous: Learned,
    *,
    config: LearningConfig,
    embeddings: NDArray[np.float32],
    counts: Counts,
    profiles: Profiles,
    shown: NDArray[np.int32],
    acted: NDArray[np.bool_],
) -> Learned:
    """What is known after the slates of one more generation.

    counts: of the generations before this one, so that kappa is judged on clicks it has not seen
    (progressive validation). profiles: of the slates' requests. shown: int32 [n_slates, k], -1 =
    padding; acted: bool [n_slates, k]. The order of the slates does not matter.
    """
    if (
        shown.shape != acted.shape
        or len(shown) != len(profiles)
        or shown.shape[1] != len(previous.examination)
    ):
        raise ValueError(
            f"{len(profiles)} profiles, slates {shown.shape}, clicks {acted.shape} do not fit"
        )
    tally = _Tally(previous, config)
    for begin in range(0, len(shown), 512):
        part = slice(begin, begin + 512)
        tally.add(embeddings, counts, profiles[part], shown[part], acted[part])
    return tally.learned()


class _Tally:
    """Whole-number sums over slates, and what follows from them."""

    def __init__(self, previous: Learned, config: LearningConfig) -> None:
        self._previous = previous
        self._config = config
        self.examined = np.asarray(previous.examined, dtype=np.int64)
        self.acted = np.asarray(previous.acted, dtype=np.int64)
        self.predicted = np.asarray(previous.predicted, dtype=np.int64)
        self.clicked = np.asarray(previous.clicked, dtype=np.int64)
        self.likelihood = np.asarray(previous.likelihood, dtype=np.int64)

    def add(
        self,
        embeddings: NDArray[np.float32],
        counts: Counts,
        profiles: Profiles,
        shown: NDArray[np.int32],
        acted: NDArray[np.bool_],
    ) -> None:
        """Count the slates in."""
        is_shown = shown >= 0
        cosine = profile_cosines(embeddings, profiles, shown)
        self._add_calibration(cosine, profiles, shown, acted)
        previous = self._previous
        grid = self._config.kappa_grid
        pairs = PairScore(previous, embeddings, counts, Trust(previous.kappa))
        support, scored = pairs.by_kappa(profiles, shown, cosine)
        # A pair never shown is predicted alike by every kappa and cannot tell them apart.
        has_support = is_shown & (support > 0)
        examination = np.broadcast_to(previous.weights / EXAMINATION, shown.shape)[has_support]
        for number, kappa in enumerate(grid):
            if kappa != previous.kappa and not has_support.any():
                continue
            score = scored(kappa)
            chance = np.clip(score[has_support] * examination, 1e-6, 1 - 1e-6)
            gain = np.where(acted[has_support], np.log(chance), np.log1p(-chance))
            self.likelihood[number] += int(np.rint(gain * FIXED).astype(np.int64).sum())
            if kappa == previous.kappa:
                self.predicted += (
                    np.rint(np.where(is_shown, score, 0.0) * FIXED).astype(np.int64).sum(axis=0)
                )
        self.clicked += (acted & is_shown).sum(axis=0)

    def _add_calibration(
        self,
        cosine: NDArray[np.float32],
        profiles: Profiles,
        shown: NDArray[np.int32],
        acted: NDArray[np.bool_],
    ) -> None:
        knots = np.asarray(self._previous.knots)
        edges = (knots[1:] + knots[:-1]) / 2
        used = cosine.shape[1]
        item = profiles.items[:, :used, None]
        weight = np.rint(profiles.weights[:, :used, None] * EXAMINATION).astype(np.int64)
        counts = (item >= 0) & (shown[:, None] >= 0) & (shown[:, None] != item)
        knot = np.searchsorted(edges, cosine[counts])
        examined = (weight * self._previous.weights)[counts]
        clicked = (weight * acted[:, None])[counts]
        # Sums of so few whole numbers are exact in float64, which is what bincount adds in.
        self.examined += np.bincount(knot, examined, len(knots)).astype(np.int64)
        self.acted += np.bincount(knot, clicked, len(knots)).astype(np.int64)

    def learned(self) -> Learned:
        """The settings that follow from the tallies."""
        config = self._config
        previous = self._previous
        return Learned(
            generation=previous.generation + 1,
            kappa=self._kappa(),
            base=self._base(),
            knots=previous.knots,
            rates=tuple(float(rate) for rate in self._rates()),
            examination=tuple(int(weight) for weight in self._examination(config)),
            examined=_whole(self.examined),
            acted=_whole(self.acted),
            predicted=_whole(self.predicted),
            clicked=_whole(self.clicked),
            likelihood=_whole(self.likelihood),
        )

    def _kappa(self) -> float:
        """The likeliest of the grid; the start value as long as nothing speaks for another."""
        grid = self._config.kappa_grid
        best = int(self.likelihood.max())
        if self.likelihood[grid.index(self._config.start_kappa)] == best:
            return self._config.start_kappa
        return grid[int(np.argmax(self.likelihood))]

    def _totals(self) -> tuple[Rates, Rates]:
        """Examinations and clicks by knot, float64."""
        return self.examined / (EXAMINATION * EXAMINATION), self.acted / EXAMINATION

    def _base(self) -> float:
        examined, acted = self._totals()
        prior = self._config.base_prior
        return float(
            (math.fsum(acted) + prior * self._config.start_base) / (math.fsum(examined) + prior)
        )

    def _rates(self) -> Rates:
        """Isotonic fit of clicks per examination, shrunk at each knot to the start curve at that
        level.
        """
        config = self._config
        examined, acted = self._totals()
        curve = config.start_base * np.asarray(_start_shape(config))
        expected = math.fsum(examined * curve)
        pseudo = config.base_prior * config.start_base
        curve = curve * ((math.fsum(acted) + pseudo) / (expected + pseudo))
        weight = examined + config.calibration_prior
        fitted = _isotonic((acted + config.calibration_prior * curve) / weight, weight)
        return np.minimum(
            (1 - config.calibration_slope) * fitted + config.calibration_slope * curve, 1.0
        )

    def _examination(self, config: LearningConfig) -> NDArray[np.int64]:
        """Clicks by position over clicks predicted there, falling, shrunk to the start, 1 at the
        top.
        """
        begin = np.asarray(_start_examination(config, len(self.clicked)))
        predicted = self.predicted / FIXED
        clicked = self.clicked.astype(np.float64)
        level = (math.fsum(clicked) + 1.0) / (math.fsum(predicted * begin) + 1.0)
        weight = predicted * level + config.examination_prior
        ratio = (clicked + config.examination_prior * begin) / weight
        falling = _isotonic(ratio, weight, increasing=False)
        weights: NDArray[np.int64] = np.maximum(
            np.rint(EXAMINATION * falling / falling[0]), 1
        ).astype(np.int64)
        return weights


def _whole(tallies: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(tally) for tally in tallies)


def _knots(n: int) -> tuple[float, ...]:
    """Cosines of n equally spaced angles: dense near 1, where the neighbours are."""
    return tuple(math.cos(math.pi * (1 - number / (n - 1))) for number in range(n))


def _start_shape(config: LearningConfig) -> list[float]:
    """The start curve over the knots relative to the base rate: strictly rising, never 0."""
    shape = []
    for knot in _knots(config.n_knots):
        height = (1 + knot) / 2
        # The straight part keeps the order of what is far, where the power is too flat for 6
        # decimals.
        shape.append(0.1 + 0.2 * height + (config.start_peak - 0.3) * height**config.start_power)
    return shape


def _start_examination(config: LearningConfig, slate_size: int) -> list[float]:
    return [1.0 / (position**config.examination_power) for position in range(1, slate_size + 1)]


def _isotonic(
    ratio: NDArray[np.float64], weights: NDArray[np.float64], *, increasing: bool = True
) -> NDArray[np.float64]:
    """The nearest monotone sequence, by weighted squares."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - a third of a worker's start-up

    fitted: NDArray[np.float64] = isotonic_regression(
        ratio, weights=weights, increasing=increasing
    ).x
    return fitted
