"""What is known, over more items than before: pictures that people bring, and what comes into a
shop or leaves it while a run goes on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.scoring.cointeraction import Counts, Popularity
from recommender.search.similarity import require_exact


def with_queries(
    config: RecommenderConfig, knowledge: Knowledge, more: NDArray[np.float32]
) -> Knowledge:
    """The same evidence with query items numbered after all others; more: rounded float32 [m,
    dim].

    Nobody was shown them and nobody acted beside them, so that every score of the others stays.
    """
    require_exact(more)
    embeddings = np.concatenate([knowledge.embeddings, more])
    n = len(embeddings)
    nothing = np.zeros(len(more), np.bool_)
    is_candidate = np.append(knowledge.is_candidate, nothing)
    is_new = knowledge.is_new
    features = knowledge.item_features.longer(embeddings)
    taste = knowledge.taste
    grown = replace(
        knowledge,
        embeddings=embeddings,
        is_candidate=is_candidate,
        counts=renumbered(knowledge.counts, n),
        popularity=popularity_over(knowledge.popularity, n),
        item_features=features,
        taste=taste and taste.longer(features, likeness=config.taste.likeness),
        is_new=None if is_new is None else np.append(is_new, nothing),
    )
    return replace(grown.offering(config, is_candidate), is_new=grown.is_new)


def offering(
    config: RecommenderConfig,
    knowledge: Knowledge,
    is_candidate: NDArray[np.bool_],
    is_added: NDArray[np.bool_],
) -> Knowledge:
    """The same evidence over another choice of items, bool [n]; is_added, bool [n]: those among
    them that came in later and are new to everybody.

    What the pictures say of style stays that of the items there were at first, so that nothing
    that was learned has to be learned again.
    """
    is_new = is_candidate & is_added
    if knowledge.is_new is not None:
        is_new |= is_candidate & knowledge.is_new
    chosen = knowledge.offering(config, is_candidate)
    return replace(chosen, is_new=is_new if is_new.any() else None)


def renumbered(counts: Counts, n: int) -> Counts:
    """The same counts over n items, at least as many as before."""
    item, beside = np.divmod(counts.key, max(1, counts.n))
    return replace(counts, n=n, key=item * n + beside)


def popularity_over(popularity: Popularity, n: int) -> Popularity:
    """The same popularity over n items: of those that are new nothing was shown."""
    missing = n - len(popularity.shown)
    if missing <= 0:
        return popularity
    nothing = np.zeros(missing, np.int64)
    return Popularity(np.append(popularity.shown, nothing), np.append(popularity.acted, nothing))
