"""What is known, over more query items than before: those that people bring while a run goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.scoring.cointeraction import Counts, Popularity
from recommender.taste.model import Taste


def with_queries(
    config: RecommenderConfig, knowledge: Knowledge, more: NDArray[np.float32]
) -> Knowledge:
    """The same evidence with query items numbered after all others; more: rounded float32 [m,
    dim].

    Nobody was shown them and nobody acted beside them, so that every score of the others stays.
    """
    embeddings = np.concatenate([knowledge.embeddings, more])
    n = len(embeddings)
    m = len(more)
    is_candidate = np.append(knowledge.is_candidate, np.zeros(m, np.bool_))
    start = Knowledge.start(config, embeddings, is_candidate)
    is_new = knowledge.is_new
    taste = knowledge.taste
    if taste is not None:
        taste = Taste.unpack(taste.pack(), start.item_features, likeness=config.taste.likeness)
    return replace(
        start,
        counts=renumbered(knowledge.counts, n),
        popularity=popularity_over(knowledge.popularity, n),
        learned=knowledge.learned,
        history=knowledge.history,
        taste=taste,
        is_new=None if is_new is None else np.append(is_new, np.zeros(m, np.bool_)),
    )


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
