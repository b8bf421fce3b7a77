"""Work of kind `rank`: a batch of slate requests gets its slates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from db import event_log, guests, slates, work
from db.engine import read_transaction, write_transaction
from recommender.knowledge import Knowledge
from recommender.policies import Slates, recommend
from workers.knowledge import Library, requests_of

DEEPER = 6
"""Slates from which something will be left out are ranked so many times as long."""

Sieve = Callable[[Slates, Knowledge, int], Slates]
"""(SLATE [n, more than k], knowledge, k) -> SLATE [n, k]."""


def perform(library: Library, job: work.Work, *, without: Sieve | None = None) -> int:
    """Answer the requests that the payload's sessions made at its step; says how many.

    without: leaves items out of slates that were ranked longer for that.
    """
    step = job.payload["step"]
    generation = job.payload["generation"]
    sessions = np.array(job.payload["sessions"], np.int64)
    recommender = library.recommender(job.run, generation)
    k = recommender.config.slate_size
    with read_transaction(library.engine) as conn:
        events = event_log.read_sessions(conn, job.run, sessions, up_to_step=step, k=k)
    library.stopwatch.lap("read")

    profiles = recommender.profiles(requests_of(events, sessions, step), events)
    notes: list[str] = []
    if (host := library.guest(job.run)) is None:
        config = replace(recommender.config, slate_size=k * (DEEPER if without else 1))
        entries = recommend(config, recommender.knowledge, profiles, recommender.seed)
        if without:
            entries = without(entries, recommender.knowledge, k)
    else:
        answered = host.answer(
            events,
            profiles,
            generation=generation,
            is_candidate=recommender.knowledge.is_candidate,
            config=recommender.config,
        )
        entries = answered.entries
        from workers.guests.notes import notes_of  # noqa: PLC0415 - for runs that need it

        notes = notes_of(answered)
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, job.id)
        slates.add(conn, job.run, profiles.session, step, generation=generation, entries=entries)
        if any(notes):
            guests.add_notes(conn, job.run, profiles.session.tolist(), step, notes)
    library.stopwatch.lap("write")
    return len(entries)
