"""All that a policy may know in one generation, and what a generation's slates add to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recommender.config import RecommenderConfig
from recommender.profile import Profiles
from recommender.scoring.calibration import learn, start
from recommender.scoring.cointeraction import (
    EXAMINATION,
    Counts,
    Popularity,
    increments,
    item_totals,
)
from recommender.scoring.pair_score import Learned
from recommender.search.similarity import ExactIndex, Index, VisualNeighbours, require_exact
from recommender.taste.em import begin, learn_taste
from recommender.taste.evidence import TasteEvidence
from recommender.taste.history import History
from recommender.taste.item_features import ItemFeatures
from recommender.taste.model import Floats, Taste, TasteConfig, rounded
from recommender.taste.shortlist import PairRows


@dataclass(frozen=True)
class Knowledge:
    """All that a policy may know in one generation."""

    embeddings: NDArray[np.float32]
    """[n, dim], rounded."""

    is_candidate: NDArray[np.bool_]
    """[n]: the catalogue items."""

    counts: Counts
    """Of the generations before."""

    popularity: Popularity
    """Of the generations before."""

    learned: Learned
    """What the generations before taught."""

    neighbours: VisualNeighbours
    """A cache that generations share."""

    item_features: ItemFeatures
    """What the pictures say of style; empty for policies that learn no taste."""

    history: History
    """The last slates read."""

    taste: Taste | None = None
    """What the history taught; None before the first fold and for policies that learn no taste."""

    is_new: NDArray[np.bool_] | None = None
    """[n]: what came into the catalogue after others had been shown already; None: nothing did."""

    pairs: PairRows = field(init=False, default_factory=PairRows, repr=False, compare=False)
    """A cache of this generation over these items: what is replaced begins with an empty one."""

    @classmethod
    def start(
        cls,
        config: RecommenderConfig,
        embeddings: NDArray[np.float32],
        is_candidate: NDArray[np.bool_],
    ) -> Knowledge:
        """Before any evidence; raises ValueError if the embeddings are not rounded."""
        require_exact(embeddings)
        n = len(embeddings)
        if is_candidate.shape != (n,):
            raise ValueError(f"{n} embeddings, but is_candidate has shape {is_candidate.shape}")
        return cls(
            embeddings=embeddings,
            is_candidate=is_candidate,
            counts=Counts.empty(n),
            popularity=Popularity.empty(n),
            learned=start(config.learning, config.slate_size),
            neighbours=_nearest(config, embeddings, is_candidate),
            item_features=_item_features(config, embeddings, is_candidate),
            history=History.empty(config.slate_size),
        )

    def at(
        self,
        *,
        counts: Counts,
        popularity: Popularity,
        learned: Learned,
        history: History | None = None,
        taste: Taste | None = None,
    ) -> Knowledge:
        """The same catalogue in another generation; the cache of neighbours is kept."""
        return replace(
            self,
            counts=counts,
            popularity=popularity,
            learned=learned,
            history=self.history if history is None else history,
            taste=taste,
        )

    def offering(self, config: RecommenderConfig, is_candidate: NDArray[np.bool_]) -> Knowledge:
        """The same evidence over another choice of items, bool [n]."""
        nearest = _nearest(config, self.embeddings, is_candidate)
        is_new = is_candidate & ~self.is_candidate
        if self.is_new is not None:
            is_new |= self.is_new
        return replace(self, is_candidate=is_candidate, neighbours=nearest, is_new=is_new)

    def welcomed(self, config: TasteConfig) -> Floats:
        """Log-odds float64 [n] that are added to what is new, the less the more often it was
        examined.
        """
        if self.is_new is None or self.taste is None:
            return np.zeros(len(self.embeddings))
        welcome = config.welcome if self.taste.welcome is None else self.taste.welcome
        examined = self.popularity.shown / EXAMINATION
        return np.where(
            self.is_new, rounded(welcome / np.sqrt(1.0 + examined / config.settled)), 0.0
        )

    @property
    def n_columns(self) -> int:
        """Candidates are numbered below this."""
        return int(np.flatnonzero(self.is_candidate)[-1]) + 1 if self.is_candidate.any() else 0


def _nearest(
    config: RecommenderConfig, embeddings: NDArray[np.float32], is_candidate: NDArray[np.bool_]
) -> VisualNeighbours:
    index = _search(config, embeddings, is_candidate)
    return VisualNeighbours(embeddings, is_candidate, config.neighbours, index)


def _item_features(
    config: RecommenderConfig, embeddings: NDArray[np.float32], is_candidate: NDArray[np.bool_]
) -> ItemFeatures:
    if not config.learns_taste:
        return ItemFeatures.none(embeddings)
    return ItemFeatures.of(embeddings, is_candidate)


def _search(
    config: RecommenderConfig, embeddings: NDArray[np.float32], is_candidate: NDArray[np.bool_]
) -> Index:
    if config.index == "exact":
        return ExactIndex(embeddings, is_candidate)
    try:
        # FAISS is an extra.
        from recommender.search.approximate import ApproximateIndex  # noqa: PLC0415
    except ImportError:
        raise ValueError("the approximate index needs FAISS: install the extra faiss") from None
    return ApproximateIndex(embeddings, is_candidate)


def fold(
    config: RecommenderConfig,
    knowledge: Knowledge,
    profiles: Profiles,
    shown: NDArray[np.int32],
    acted: NDArray[np.bool_],
) -> tuple[Counts, Popularity, Learned]:
    """What one generation's slates add: increments of the counts and of the popularity, and the
    next Learned.

    knowledge: what the slates were made with. profiles: of their requests; shown: int32 [n_slates,
    k], -1 = padding; acted: bool [n_slates, k], was it clicked, carted or purchased. The order of
    the slates does not matter.
    """
    n = len(knowledge.embeddings)
    weights = knowledge.learned.weights
    learned = learn(
        knowledge.learned,
        config=config.learning,
        embeddings=knowledge.embeddings,
        counts=knowledge.counts,
        profiles=profiles,
        shown=shown,
        acted=acted,
    )
    return (
        increments(profiles.items, shown, acted, weights, n=n),
        item_totals(shown, acted, weights, n=n),
        learned,
    )


def remember(
    config: RecommenderConfig,
    knowledge: Knowledge,
    profiles: Profiles,
    shown: NDArray[np.int32],
    acted: NDArray[np.bool_],
) -> tuple[History, Taste | None]:
    """What one generation's slates add to the history, and the next Taste; arguments as for `fold`.

    Nothing for policies that learn no taste, and where the profiles do not say whose they are.
    """
    if not config.learns_taste or profiles.shopper is None:
        return History.empty(config.slate_size), None
    order = np.lexsort((profiles.step, profiles.session))
    new = History(profiles.shopper[order], profiles.query[order], shown[order], acted[order])
    before = knowledge.taste or begin(config.taste, knowledge.learned, knowledge.item_features)
    evidence = TasteEvidence(
        learned=knowledge.learned,
        item_features=knowledge.item_features,
        is_candidate=knowledge.is_candidate,
        is_new=knowledge.is_new,
        counts=knowledge.counts,
        history=knowledge.history.plus(new, most=config.taste.slates),
        n_new=min(len(new), config.taste.slates),
    )
    return new, learn_taste(config.taste, before, evidence)
