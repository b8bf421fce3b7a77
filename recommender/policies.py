"""Slates by a policy's name: candidates and score are its ranker's own, the ranking is the same for
all.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.candidates import eligible, how_many, listed, lowest_draws
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge, fold, remember
from recommender.profile import Profiles
from recommender.rankers import Narrowing, Ranker, Scoring
from recommender.ranking import DECIMALS, REASONS, SLATE, mixed, top_k
from recommender.registry import POLICIES
from recommender.scoring.pair_score import Parts, Rates

__all__ = [
    "Knowledge",
    "RecommenderConfig",
    "by_lot",
    "fold",
    "padding",
    "rank_scores",
    "ranker_of",
    "recommend",
    "remember",
]

Items = NDArray[np.int32]
Slates = NDArray[Any]
"""A structured array of ranking.SLATE, [n_requests, k]."""

FEW = 4
"""Of so many candidates for each place of a slate, the reasons come with the scores."""

CELLS = 4_000_000
"""Requests times items held at once; results do not depend on it."""


def ranker_of(policy: str) -> Ranker:
    """What ranks for a policy, imported where its row says.

    Raises ValueError for a reference like `oracle`, whose scores nobody here knows.
    """
    place = POLICIES[policy].ranker
    if place is None:
        raise ValueError(f"{policy!r} has no scores of its own: give them to rank_scores")
    module, _, name = place.partition(":")
    found: Ranker = getattr(import_module(module), name)
    return found


def recommend(
    config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, seed: int
) -> Slates:
    """The slates of requests: SLATE [n_requests, slate_size], best first; a row has the same bytes
    in any batch.

    Raises ValueError for a reference like `oracle`, whose scores nobody here knows.
    """
    ranker = ranker_of(config.policy)
    slates = padding(len(profiles), config.slate_size)
    step = max(1, CELLS // max(1, knowledge.n_columns))
    for begin in range(0, len(profiles), step):
        part = slice(begin, begin + step)
        slates[part] = _recommend(ranker, config, knowledge, profiles[part], seed)
    return slates


def rank_scores(
    config: RecommenderConfig,
    profiles: Profiles,
    scores: NDArray[np.float64],
    is_candidate: NDArray[np.bool_],
    seed: int,
) -> Slates:
    """Slates by given scores float64 [n_requests, n_items], ranked and filtered as for every
    policy.

    is_candidate: bool [n_items or more]; only the first n_items are looked at.
    """
    allowed = eligible(
        profiles, is_candidate[: scores.shape[1]], exclude_shown=config.exclude_shown
    )
    return _ranked(config, profiles, listed(allowed), _GivenScore(scores), seed)


def by_lot(profiles: Profiles, allowed: NDArray[np.bool_], *, k: int, seed: int) -> Items:
    """The k allowed items of each request with the lowest addressed draws: int32 [n, k], -1 =
    padding. `random` shows the same.
    """
    address = mixed(seed, profiles.session, profiles.step)
    candidates = listed(lowest_draws(allowed, address, k))
    best = top_k(
        candidates,
        np.zeros(candidates.shape),
        k=k,
        session=profiles.session,
        step=profiles.step,
        seed=seed,
    )
    items = np.full(best.shape, -1, dtype=np.int32)
    row, place = np.nonzero(best >= 0)
    items[row, place] = candidates[row, best[row, place]]
    return items


def _recommend(
    ranker: Ranker, config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, seed: int
) -> Slates:
    columns = knowledge.is_candidate[: knowledge.n_columns]
    allowed = eligible(profiles, columns, exclude_shown=config.exclude_shown)
    marks = ranker.candidates(knowledge, profiles) & allowed
    is_short = how_many(marks) < config.slate_size
    if is_short.any():
        address = mixed(seed, profiles.session[is_short], profiles.step[is_short])
        marks[is_short] |= lowest_draws(allowed[is_short], address, config.slate_size)
    scoring = ranker.scoring(config, knowledge)
    if isinstance(scoring, Narrowing):
        candidates = scoring.shortlist(profiles, marks, config.slate_size)
    else:
        candidates = listed(marks)
    return _ranked(config, profiles, candidates, scoring, seed)


def _ranked(
    config: RecommenderConfig, profiles: Profiles, candidates: Items, scoring: Scoring, seed: int
) -> Slates:
    is_few = candidates.shape[1] <= FEW * config.slate_size
    parts = scoring.parts(profiles, candidates) if is_few else None
    best = top_k(
        candidates,
        scoring.score(profiles, candidates) if parts is None else parts.score,
        k=config.slate_size,
        session=profiles.session,
        step=profiles.step,
        seed=seed,
    )
    row, place = np.nonzero(best >= 0)
    items = np.full(best.shape, -1, dtype=np.int32)
    items[row, place] = candidates[row, best[row, place]]
    shape, column = candidates.shape, best[row, place]
    if parts is None:
        parts = scoring.parts(profiles, items)
        shape, column = items.shape, place
    slates = padding(len(profiles), config.slate_size)
    slates["item"] = items
    slates["score"][row, place] = np.round(parts.score[row, column], DECIMALS)
    for name in REASONS:
        slates[name][row, place] = np.broadcast_to(getattr(parts, name), shape)[row, column]
    return slates


def padding(n_requests: int, slate_size: int) -> Slates:
    """Slates without an item: SLATE [n_requests, slate_size]."""
    slates = np.zeros((n_requests, slate_size), dtype=SLATE)
    slates["item"] = -1
    for name in ("score", *REASONS):
        slates[name] = np.nan
    return slates


@dataclass(frozen=True)
class _GivenScore:
    """Scores float64 [n_requests, n_items] that come without reasons."""

    scores: Rates

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        del profiles
        return np.take_along_axis(self.scores, np.maximum(candidates, 0).astype(np.int64), axis=1)

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        nothing = np.zeros(candidates.shape)
        missing = np.full(candidates.shape, np.nan)
        return Parts(self.score(profiles, candidates), missing, missing, nothing, nothing)
