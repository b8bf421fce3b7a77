"""Work of kind `answer`: a person's request gets its slate, her picture embedded on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from db import embeddings, images, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.views import View
from recommender.knowledge import Knowledge
from recommender.policies import Slates, padding
from workers import rank
from workers.knowledge import Library

ALIKE = 0.9
"""Cosine from which an item is like one that was refused."""


def perform(library: Library, job: work.Work) -> int:
    """Embed what the run's pictures lack, if the request brought one, then rank."""
    if job.payload["brings"]:
        _embed(library, job)
    library.grow(job.run, job.payload["generation"])
    if not job.payload["refused"]:
        return rank.perform(library, job)
    return rank.perform(library, job, without=Refusals(job.payload["refused"]))


class Refusals:
    """Leaves out of a slate what looks like items that were refused."""

    def __init__(self, items: Sequence[int]) -> None:
        self.items = np.array(sorted(set(items)), np.int64)

    def __call__(self, entries: Slates, knowledge: Knowledge, k: int) -> Slates:
        """The first k of each row of SLATE [n, more than k] that may stay, in their order; padding
        after them.
        """
        embeddings = knowledge.embeddings
        likest = (embeddings[entries["item"]] @ embeddings[self.items].T).max(axis=2)
        kept = (likest < ALIKE) & (entries["item"] >= 0)
        found = entries[:, :k].copy()
        for row, stays in enumerate(kept):
            left = entries[row, stays][:k]
            found[row, : len(left)] = left
            found[row, len(left) :] = padding(1, 1)[0, 0]
        return found


def _embed(library: Library, job: work.Work) -> None:
    embedder = EmbedderKey(job.payload["model"], job.payload["runtime"])
    with read_transaction(library.engine) as conn:
        lacking = embeddings.missing(conn, job.run, embedder)
    if not lacking:
        return
    network = library.embedder(embedder)
    with read_transaction(library.engine) as conn:
        pictures = images.read(conn, lacking, View(*network.view))
    vectors = network.embed(pictures)
    with write_transaction(library.engine) as conn:
        embeddings.add(conn, embedder, lacking, vectors)
