"""Work of kind `answer`: a person's request gets its slate, her picture embedded on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from db import event_log, slates, work
from db.engine import read_transaction, write_transaction
from db.events import Events, Kind
from db.offers import NO_CHANGE
from recommender.knowledge import Knowledge
from recommender.policies import Slates, padding, recommend
from workers.grown import embed_missing, grown
from workers.knowledge import Library
from workers.run_recommender import RunRecommender, requests_of

ALIKE = 0.9
"""Cosine from which an item is like one that was refused."""

DEEPER = 6
"""Slates from which something will be left out are ranked so many times as long."""


def perform(library: Library, job: work.Work) -> int:
    """Embed what the run's pictures lack, if the request brought one, then rank."""
    step = job.payload["step"]
    sessions = np.array(job.payload["sessions"], np.int64)
    if job.payload["brings"]:
        embed_missing(library, job.run)
    recommender = grown(
        library, job.run, job.payload["generation"], job.payload.get("offers", NO_CHANGE)
    )
    k = recommender.config.slate_size
    with read_transaction(library.engine) as conn:
        events = event_log.read_sessions(conn, job.run, sessions, up_to_step=step, k=k)
    library.stopwatch.lap("read")

    entries = answered(recommender, events, sessions, step, refused=job.payload["refused"])
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, job.id)
        slates.add(
            conn, job.run, sessions, step, generation=job.payload["generation"], entries=entries
        )
    library.stopwatch.lap("write")
    return len(entries)


def answered(
    recommender: RunRecommender,
    events: Events,
    sessions: NDArray[np.int64],
    step: int,
    *,
    refused: Sequence[int] = (),
) -> Slates:
    """The slates of people's requests, SLATE [n_sessions, k]; also how `verify` ranks them again.

    events: of these sessions, up to the step or further. refused: numbers of items of which, and
    of whose like, nobody wants to see more.
    """
    known = asked_before(events, sessions, step)
    profiles = recommender.profiles(requests_of(known, sessions, step), known)
    config = recommender.config
    if not refused:
        return recommend(config, recommender.knowledge, profiles, recommender.seed)
    longer = replace(config, slate_size=DEEPER * config.slate_size)
    entries = recommend(longer, recommender.knowledge, profiles, recommender.seed)
    return without(entries, recommender.knowledge, refused, config.slate_size)


def asked_before(events: Events, sessions: NDArray[np.int64], step: int) -> Events:
    """What had happened when the requests of a step were made: people also go back to a slate that
    they left, and what they do there later was not known then.
    """
    rows = events.rows
    asked = requests_rows(rows, sessions, step)
    limit = {int(one["session"]): int(one["ordinal"]) for one in asked}
    last = np.array([limit.get(int(session), -1) for session in rows["session"]], np.int64)
    kept = rows["ordinal"] <= last
    return Events(rows[kept], events.shown[kept[rows["kind"] == Kind.IMPRESSION]])


def requests_rows(
    rows: NDArray[np.void], sessions: NDArray[np.int64], step: int
) -> NDArray[np.void]:
    """The searches and views of sessions at a step, as events."""
    is_asked = np.isin(rows["kind"], [Kind.SEARCH, Kind.VIEW]) & (rows["step"] == step)
    found: NDArray[np.void] = rows[is_asked & np.isin(rows["session"], sessions)]
    return found


def without(entries: Slates, knowledge: Knowledge, refused: Sequence[int], k: int) -> Slates:
    """The first k of each row of SLATE [n, more than k] that may stay, in their order; padding
    after them.
    """
    embeddings_of = knowledge.embeddings
    unwanted = embeddings_of[np.array(sorted(set(refused)), np.int64)]
    likest = (embeddings_of[entries["item"]] @ unwanted.T).max(axis=2)
    kept = (likest < ALIKE) & (entries["item"] >= 0)
    found = entries[:, :k].copy()
    for row, stays in enumerate(kept):
        left = entries[row, stays][:k]
        found[row, : len(left)] = left
        found[row, len(left) :] = padding(1, 1)[0, 0]
    return found
