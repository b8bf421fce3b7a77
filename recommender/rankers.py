"""The rankers that come with the recommender: what each policy considers, and how it scores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recommender.candidates import Marks, cointeracted, visual_nearest
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.profile import Profiles
from recommender.ranking import mixed
from recommender.scoring.cointeraction import EXAMINATION, Counts, Popularity
from recommender.scoring.itemknn import ItemKnnScore
from recommender.scoring.pair_score import PairScore, Parts, Rates, Trust
from recommender.taste.shortlist import ShortlistedScore

Items = NDArray[np.int32]

COIN = 0x6C6F67
"""The seed of the logging policy's coin."""


class Scoring(Protocol):
    """How a policy scores: candidates int32 [n_requests, n_candidates], -1 = padding, whose scores
    mean nothing.
    """

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        """Scores float64, shape of the candidates."""

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        """The same scores with their reasons."""


@runtime_checkable
class Narrowing(Protocol):
    """A scoring that knows beforehand who cannot win."""

    def shortlist(self, profiles: Profiles, marks: Marks, k: int) -> Items:
        """Of what is marked at least all that can be among the k best: int32 [n_requests, few], -1
        = padding.
        """


@dataclass(frozen=True)
class Ranker:
    """How a policy ranks; a row of `registry` names it."""

    candidates: Callable[[Knowledge, Profiles], Marks]
    """Marks what is considered."""
    scoring: Callable[[RecommenderConfig, Knowledge], Scoring]
    """Scores it."""


@dataclass(frozen=True)
class _NoScore:
    """Everything ties."""

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        del profiles
        return np.zeros(candidates.shape)

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        nothing = self.score(profiles, candidates)
        missing = np.full(candidates.shape, np.nan)
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
        shown = self.popularity.shown[item] / EXAMINATION
        acted = self.popularity.acted[item]
        rate = np.full(shown.shape, np.nan)
        np.divide(acted, shown, out=rate, where=shown > 0)
        missing = np.full(shown.shape, np.nan)
        return Parts(
            self.score(profiles, candidates), missing, rate, shown / (shown + self.kappa), shown
        )


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
    nothing = Counts.empty(len(knowledge.embeddings))
    trust = Trust(knowledge.learned.kappa)
    return PairScore(knowledge.learned, knowledge.embeddings, nothing, trust)


def _cf(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    """Co-interaction alone; a pair never shown is missing, not refused: it counts as average."""
    del config
    return PairScore(knowledge.learned, None, knowledge.counts, Trust(knowledge.learned.kappa))


def _blend(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    """Pairs alone before the first fold, when it is the same as visual; then what was learned from
    all.
    """
    if knowledge.taste is not None:
        return ShortlistedScore(
            knowledge.learned,
            knowledge.taste,
            knowledge.counts,
            knowledge.welcomed(config.taste),
            config.taste.newton,
            pairs=knowledge.pairs,
        )
    trust = Trust(knowledge.learned.kappa)
    return PairScore(knowledge.learned, knowledge.embeddings, knowledge.counts, trust)


def _blend_fixed(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    """The blend of shops that measure nothing: one share for all; a pair never shown counts as
    refused.
    """
    trust = Trust(fixed=config.fixed_weight)
    return PairScore(knowledge.learned, knowledge.embeddings, knowledge.counts, trust)


def _itemknn(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    return ItemKnnScore(config.itemknn, knowledge.embeddings, knowledge.counts, knowledge.n_columns)


def _logged(knowledge: Knowledge, profiles: Profiles) -> Marks:
    """Candidates of a request that is answered as visual does; none where the slate goes by lot."""
    return _nearest(knowledge, profiles) & _is_visual(profiles)[:, None]


def _logging(config: RecommenderConfig, knowledge: Knowledge) -> Scoring:
    return _ByLooksOrLot(_visual(config, knowledge))


@dataclass(frozen=True)
class _ByLooksOrLot:
    """The fixed logging policy: by an addressed coin a request is answered as visual does, or as
    random.
    """

    visual: Scoring

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        return self.visual.score(profiles, candidates) * _is_visual(profiles)[:, None]

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        nothing = np.zeros(candidates.shape)
        missing = np.full(candidates.shape, np.nan)
        return Parts(self.score(profiles, candidates), missing, missing, nothing, nothing)


def _is_visual(profiles: Profiles) -> NDArray[np.bool_]:
    """Bool [n]: half of the requests, whatever the seed of the run, so that ties are drawn
    independently.
    """
    return np.asarray((mixed(COIN, profiles.session, profiles.step) >> np.uint64(63)) == 0)


RANDOM = Ranker(_nothing, _random)
POPULARITY = Ranker(_whole_catalogue, _popularity)
LOGGING = Ranker(_logged, _logging)
VISUAL = Ranker(_nearest, _visual)
CF = Ranker(_acted_on, _cf)
ITEMKNN_CFCBF = Ranker(_both, _itemknn)
BLEND_FIXED = Ranker(_both, _blend_fixed)
BLEND = Ranker(_both, _blend)
