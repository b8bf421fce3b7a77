"""What a generation is learned from, and two numbers that follow without tastes: kappa and the
welcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender import exact
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.scoring.pair_score import Learned
from recommender.taste.history import History
from recommender.taste.item_features import ItemFeatures
from recommender.taste.model import Taste, TasteConfig, rounded
from recommender.taste.score import pair_chance, seen

KAPPAS = (8.0, 16.0, 24.0, 32.0, 64.0, 128.0)
"""The choices of kappa, in examinations."""

START_KAPPA = 24.0
"""Kappa as long as nothing speaks for another."""

FIXED = 1 << 20
"""Log-likelihoods are rounded to 1/FIXED before they are summed."""

MOST_WELCOME = 3.0
"""Log-odds that are added to what is new at most."""


@dataclass(frozen=True)
class TasteEvidence:
    """What one generation is learned from."""

    learned: Learned
    """What its slates were made with."""

    item_features: ItemFeatures
    """Of all pictures."""

    is_candidate: NDArray[np.bool_]
    """bool [n]: what is sold. All else that was asked with is a picture of the shopper's choice."""

    is_new: NDArray[np.bool_] | None
    """bool [n]: what of it came in later; None where nothing did."""

    counts: Counts
    """Of the generations before, so that kappa is judged on clicks it has not seen."""

    history: History
    """Slates of this generation and of those before, in the order of their sessions."""

    n_new: int
    """How many of the history's last slates are this generation's own."""


def welcome_of_new(config: TasteConfig, before: Taste, evidence: TasteEvidence) -> float | None:
    """Log-odds added to what is new: more where its share of what was shown was less than is
    fair.
    """
    if evidence.is_new is None:
        return None
    history = evidence.history
    shown = history.shown[len(history) - evidence.n_new :]
    new = int(evidence.is_new[shown[shown >= 0]].sum())
    shown_all = int((shown >= 0).sum())
    fair = shown_all * evidence.is_new.sum() / max(1, evidence.is_candidate.sum())
    now = config.welcome if before.welcome is None else before.welcome
    missing = exact.log(np.array(config.fair * max(fair, 1.0) / max(new, 1.0)))
    return float(rounded(np.clip(now + missing, 0.0, MOST_WELCOME)))


def likeliest_kappa(before: Taste, evidence: TasteEvidence) -> tuple[float, tuple[int, ...]]:
    """The likeliest kappa for clicks that came after the counts, and the tallies it is chosen
    by.
    """
    tallies = np.array(before.likelihood, dtype=np.int64)
    history = evidence.history
    learned = evidence.learned
    new = slice(len(history) - evidence.n_new, len(history))
    query = history.query[new]
    acted = history.acted[new]
    is_shown = history.shown[new] >= 0
    beside = np.maximum(history.shown[new], 0)
    shown, clicks = seen(evidence.counts, query, beside)
    was_seen = is_shown & (shown > 0)
    chance = pair_chance(before, query, beside)[was_seen]
    examined = np.broadcast_to(learned.weights / EXAMINATION, beside.shape)[was_seen]
    for number, kappa in enumerate(KAPPAS):
        expected = examined * (clicks[was_seen] + kappa * chance) / (shown[was_seen] + kappa)
        expected = np.clip(expected, 1e-6, 1 - 1e-6)
        gain = exact.log(np.where(acted[was_seen], expected, 1.0 - expected))
        tallies[number] += int(np.rint(gain * FIXED).astype(np.int64).sum())
    best = KAPPAS[int(np.argmax(tallies))] if tallies.any() else START_KAPPA
    return best, tuple(int(tally) for tally in tallies)
