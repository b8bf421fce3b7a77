"""The policies by name: candidates and score are a policy's own; the ranking is the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.blend import PairScore, Parts, Rates, Trust
from recommender.candidates import Marks, cointeracted, eligible, listed, lowest_draws, visual_nearest
from recommender.cointeraction import EXAMINATION, Counts, Popularity
from recommender.config import POLICY_NAMES, RecommenderConfig
from recommender.itemknn import ItemKnnScore
from recommender.knowledge import Knowledge, fold, remember
from recommender.profile import Profiles
from recommender.ranking import DECIMALS, REASONS, SLATE, mixed, top_k
from recommender.taste_score import TasteScore

__all__ = [
    "POLICIES",
    "POLICY_NAMES",
    "Knowledge",
    "RecommenderConfig",
    "fold",
    "rank_scores",
    "recommend",
    "remember",
]

Items = NDArray[np.int32]
Slates = NDArray[Any]
"""A structured array of ranking.SLATE, [n_requests, k]."""

COIN = 0x6C6F67
"""The seed of the logging policy's coin."""

CELLS = 4_000_000
"""Requests times items held at once; results do not depend on it."""


class Scoring(Protocol):
    """How a policy scores: candidates int32 [n_requests, n_candidates], -1 = padding, whose scores mean
    nothing.
    """

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        """Scores float64, shape of the candidates."""

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        """The same scores with their reasons."""


@dataclass(frozen=True)
class Policy:
    """Candidates: marks of what is considered. scoring: how it is scored."""

    candidates: Callable[[Knowledge, Profiles], Marks]
    scoring: Callable[[RecommenderConfig, Knowledge], Scoring]


def recommend(config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, seed: int) -> Slates:
    """The slates of requests: SLATE [n_requests, slate_size], best first; a row has the same bytes in any
    batch.

    Raises ValueError for a reference like `oracle`, whose scores nobody here knows.
    """
    if config.policy not in POLICIES:
        raise ValueError(f"{config.policy!r} has no scores of its own: give them to rank_scores")
    slates = _padding(len(profiles), config.slate_size)
    step = max(1, CELLS // max(1, knowledge.n_columns))
    for begin in range(0, len(profiles), step):
        part = slice(begin, begin + step)
        slates[part] = _recommend(config, knowledge, profiles[part], seed)
    return slates


def rank_scores(
    config: RecommenderConfig,
    profiles: Profiles,
    scores: NDArray[np.float64],
    is_candidate: NDArray[np.bool_],
    seed: int,
) -> Slates:
    """Slates by given scores float64 [n_requests, n_items], ranked and filtered as for every policy.

    is_candidate: bool [n_items or more]; only the first n_items are looked at.
    """
    allowed = eligible(profiles, is_candidate[: scores.shape[1]], exclude_shown=config.exclude_shown)
    return _ranked(config, profiles, listed(allowed), _GivenScore(scores), seed)


def _recommend(config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, seed: int) -> Slates:
    policy = POLICIES[config.policy]
    columns = knowledge.is_candidate[: knowledge.n_columns]
    allowed = eligible(profiles, columns, exclude_shown=config.exclude_shown)
    marks = policy.candidates(knowledge, profiles) & allowed
    is_short = np.count_nonzero(marks, axis=1) < config.slate_size
    if is_short.any():
        address = mixed(seed, profiles.session[is_short], profiles.step[is_short])
        marks[is_short] |= lowest_draws(allowed[is_short], address, config.slate_size)
    return _ranked(config, profiles, listed(marks), policy.scoring(config, knowledge), seed)


def _ranked(
    config: RecommenderConfig, profiles: Profiles, candidates: Items, scoring: Scoring, seed: int
) -> Slates:
    best = top_k(
        candidates,
        scoring.score(profiles, candidates),
        k=config.slate_size,
        session=profiles.session,
        step=profiles.step,
        seed=seed,
    )
    row, place = np.nonzero(best >= 0)
    items = np.full(best.shape, -1, dtype=np.int32)
    items[row, place] = candidates[row, best[row, place]]
    parts = scoring.parts(profiles, items)
    slates = _padding(len(profiles), config.slate_size)
    slates["item"] = items
    slates["score"][row, place] = np.round(parts.score[row, place], DECIMALS)
    for name in REASONS:
        slates[name][row, place] = np.broadcast_to(getattr(parts, name), items.shape)[row, place]
    return slates


def _padding(n_requests: int, slate_size: int) -> Slates:
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
        nothing, missing = np.zeros(candidates.shape), np.full(candidates.shape, np.nan)
        return Parts(self.score(profiles, candidates), missing, missing, nothing, nothing)


@dataclass(frozen=True)
class _NoScore:
    """Everything ties."""

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        del profiles
        return np.zeros(candidates.shape)

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        nothing, missing = self.score(profiles, candidates), np.full(candidates.shape, np.nan)
        return Parts(nothing, missing, missing, nothing, nothing)


@dataclass(frozen=True)
class _ItemScore:
    """Clicks per examination of the item, whoever looked, damped to the base rate."""

    popularity: Popularity
    kappa: float
    base: float

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        del profiles
        item = np.maximum(candidates, 0)
        damped = (self.popularity.acted + self.kappa * self.base) / (
            self.popularity.shown / EXAMINATION + self.kappa
        )
        return np.asarray(damped[item], dtype=np.float64)

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        item = np.maximum(candidates, 0)
        shown, acted = self.popularity.shown[item] / EXAMINATION, self.popularity.acted[item]
        rate = np.full(shown.shape, np.nan)
        np.divide(acted, shown, out=rate, where=shown > 0)
        missing = np.full(shown.shape, np.nan)
        return Parts(self.score(profiles, candidates), missing, rate, shown / (shown + self.kappa), shown)


def _nothing(knowledge: Knowledge, profiles: Profiles) -> Marks:
    """No candidates: the slate is filled up from the whole catalogue by the tie rule."""
    return np.zeros((len(profiles), knowledge.n_columns), dtype=np.bool_)


def _whole_catalogue(knowledge: Knowledge, profiles: Profiles) -> Marks:
    return np.ones((len(profiles), knowledge.n_columns), dtype=np.bool_)


def _nearest(knowledge: Knowledge, profiles: Profiles) -> Marks:
    return visual_nearest(profiles, knowledge.neighbours, knowledge.n_columns)


def _acted_on(knowledge: Knowledge, profiles: Profiles) -> Marks:
    return cointeracted(profiles, knowledge.counts, knowledge.n_columns)


def _both(knowledge: Knowledge, profiles: Profiles) -> Marks:
    return _nearest(knowledge, profiles) | _acted_on(knowledge, profiles)


def _random(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    del config, knowledge
    return _NoScore()


def _popularity(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    del config
    return _ItemScore(knowledge.popularity, knowledge.learned.kappa, knowledge.learned.base)


def _visual(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    del config
    nothing, trust = Counts.empty(len(knowledge.embeddings)), Trust(knowledge.learned.kappa)
    return PairScore(knowledge.learned, knowledge.embeddings, nothing, trust)


def _cf(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    """Co-interaction alone; a pair never shown is missing, not refused: it counts as average."""
    del config
    return PairScore(knowledge.learned, None, knowledge.counts, Trust(knowledge.learned.kappa))


def _blend(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    """Pairs alone before the first fold, when it is the same as visual; then what was learned from all."""
    if knowledge.taste is not None:
        known = knowledge.learned, knowledge.taste, knowledge.counts
        return TasteScore(*known, knowledge.welcomed(config.taste), config.taste.newton)
    trust = Trust(knowledge.learned.kappa)
    return PairScore(knowledge.learned, knowledge.embeddings, knowledge.counts, trust)


def _blend_fixed(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    """The blend of shops that measure nothing: one share for all; a pair never shown counts as refused."""
    trust = Trust(fixed=config.fixed_weight)
    return PairScore(knowledge.learned, knowledge.embeddings, knowledge.counts, trust)


def _itemknn(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    return ItemKnnScore(config.itemknn, knowledge.embeddings, knowledge.counts, knowledge.n_columns)


def _logged(knowledge: Knowledge, profiles: Profiles) -> Marks:
    """Candidates of a request that is answered by looks; none where the slate is drawn by lot."""
    return _nearest(knowledge, profiles) & _is_by_looks(profiles)[:, None]


def _logging(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    return _ByLooksOrLot(_visual(config, knowledge))


@dataclass(frozen=True)
class _ByLooksOrLot:
    """The fixed logging policy: by an addressed coin a request is answered as visual does, or as random."""

    visual: Scoring

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        return self.visual.score(profiles, candidates) * _is_by_looks(profiles)[:, None]

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        nothing, missing = np.zeros(candidates.shape), np.full(candidates.shape, np.nan)
        return Parts(self.score(profiles, candidates), missing, missing, nothing, nothing)


def _is_by_looks(profiles: Profiles) -> NDArray[np.bool_]:
    """Bool [n]: half of the requests, whatever the seed of the run, so that ties are drawn independently."""
    return np.asarray((mixed(COIN, profiles.session, profiles.step) >> np.uint64(63)) == 0)


POLICIES: dict[str, Policy] = {
    "random": Policy(_nothing, _random),
    "popularity": Policy(_whole_catalogue, _popularity),
    "visual": Policy(_nearest, _visual),
    "cf": Policy(_acted_on, _cf),
    "blend": Policy(_both, _blend),
    "blend-fixed": Policy(_both, _blend_fixed),
    "itemknn-cfcbf": Policy(_both, _itemknn),
    "logging": Policy(_logged, _logging),
}
"""What a worker can answer with."""
