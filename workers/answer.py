"""Work of kind `answer`: requests of people get their slates, a picture embedded on the way."""

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
from workers.run_recommender import RunRecommender, is_of_request, requests_of

ALIKE = 0.9
"""Cosine from which an item is like one that was refused."""

DEEPER = 6
"""Slates from which something will be left out are ranked so many times as long."""


def perform(library: Library, job: work.Work) -> int:
    """Embed what the run's pictures lack, if the request brought one, then rank."""
    if job.payload["brings"]:
        embed_missing(library, job.run)
    return perform_together(library, [job])


def perform_together(library: Library, jobs: Sequence[work.Work]) -> int:
    """Rank requests that `go_together` as one batch; each gets the slate it would get alone."""
    payload = jobs[0].payload
    run = jobs[0].run
    offers = payload.get("offers", NO_CHANGE)
    recommender = grown(library, run, payload["generation"], offers)
    k = recommender.config.slate_size
    asked = np.array(sorted((job.payload["sessions"][0], job.payload["step"]) for job in jobs))
    sessions = asked[:, 0]
    steps = asked[:, 1]
    with read_transaction(library.engine) as conn:
        events = event_log.read_scattered(conn, run, sessions, k=k)
    if events.rows["query"].max(initial=-1) >= len(recommender.knowledge.embeddings):
        embed_missing(library, run)  # searched with before, in a job that is not done yet
        recommender = grown(library, run, payload["generation"], offers)
    library.stopwatch.lap("read")

    entries = answered(recommender, events, sessions, steps, refused=payload["refused"])
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, *(job.id for job in jobs))
        generation = payload["generation"]
        slates.add(conn, run, sessions, steps, generation=generation, entries=entries)
    library.stopwatch.lap("write")
    return len(entries)


def go_together(jobs: Sequence[work.Work]) -> list[work.Work]:
    """Those that can be ranked with the first: over the same items and with the same knowledge.

    Whoever brought a picture waits for its embedding, and refusals are one person's, so these go
    alone. Two requests of one session would not know of each other.
    """
    first = jobs[0]
    chosen = [first]
    if is_special(first):
        return chosen
    met = set(first.payload["sessions"])
    for one in jobs[1:]:
        alike = all(
            one.payload.get(name) == first.payload.get(name) for name in ("generation", "offers")
        )
        if alike and not is_special(one) and met.isdisjoint(one.payload["sessions"]):
            met.update(one.payload["sessions"])
            chosen.append(one)
    return chosen


def is_special(job: work.Work) -> bool:
    """Whether a request is answered alone."""
    return bool(job.payload["brings"] or job.payload["refused"])


def answered(
    recommender: RunRecommender,
    events: Events,
    sessions: NDArray[np.int64],
    step: int | NDArray[np.int64],
    *,
    refused: Sequence[int] = (),
) -> Slates:
    """The slates of people's requests, SLATE [n_sessions, k], by session; also how `verify` ranks
    them again.

    events: of these sessions, up to the step or further; step: of all, or of each, int64 [n].
    refused: numbers of items of which, and of whose like, nobody wants to see more.
    """
    known = asked_before(events, sessions, step)
    profiles = recommender.profiles(requests_of(known, sessions, step), known)
    config = recommender.config
    if not refused:
        return recommend(config, recommender.knowledge, profiles, recommender.seed)
    longer = replace(config, slate_size=DEEPER * config.slate_size)
    entries = recommend(longer, recommender.knowledge, profiles, recommender.seed)
    return without(entries, recommender.knowledge, refused, config.slate_size)


def asked_before(
    events: Events, sessions: NDArray[np.int64], step: int | NDArray[np.int64]
) -> Events:
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
    rows: NDArray[np.void], sessions: NDArray[np.int64], step: int | NDArray[np.int64]
) -> NDArray[np.void]:
    """The searches and views of sessions at a step, or each at its own, as events."""
    is_asked = (rows["kind"] == Kind.SEARCH) | (rows["kind"] == Kind.VIEW)
    found: NDArray[np.void] = rows[is_asked & is_of_request(rows, sessions, step)]
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
