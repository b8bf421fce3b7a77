"""Work of kind `rank`: a batch of slate requests gets its slates."""

from __future__ import annotations

from typing import Any

import numpy as np

from db import event_log, guests, slates, work
from db.engine import read_transaction, write_transaction
from recommender.policies import recommend
from workers.grown import grown
from workers.guests.notes import notes_of
from workers.knowledge import Library
from workers.run_recommender import RunRecommender, requests_of


def recommender_for(
    library: Library, run: int, generation: int, offers: int | None
) -> RunRecommender:
    """Who ranks for simulated shoppers; offers: in a live run, the last change they know of.

    They judge items by the world that they came from, so what came in later is not shown to them.
    """
    if offers is None:
        return library.recommender(run, generation)
    return grown(library, run, generation, offers, is_simulated=True)


def perform(library: Library, job: work.Work) -> int:
    """Answer the requests that the payload's sessions made at its step; says how many."""
    step = job.payload["step"]
    generation = job.payload["generation"]
    sessions = np.array(job.payload["sessions"], np.int64)
    recommender = recommender_for(library, job.run, generation, job.payload.get("offers"))
    k = recommender.config.slate_size
    with read_transaction(library.engine) as conn:
        events = event_log.read_sessions(conn, job.run, sessions, up_to_step=step, k=k)
    library.stopwatch.lap("read")

    profiles = recommender.profiles(requests_of(events, sessions, step), events)
    notes: list[dict[str, Any]] = []
    if (host := library.guest(job.run)) is None:
        entries = recommend(recommender.config, recommender.knowledge, profiles, recommender.seed)
    else:
        answered = host.answer(recommender, events, profiles)
        entries = answered.entries
        notes = notes_of(answered)
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, job.id)
        slates.add(conn, job.run, profiles.session, step, generation=generation, entries=entries)
        if any(notes):
            guests.add_notes(conn, job.run, profiles.session.tolist(), step, notes)
    library.stopwatch.lap("write")
    return len(entries)
