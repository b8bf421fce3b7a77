"""Work of kind `rank`: a batch of slate requests gets its slates."""

from __future__ import annotations

from typing import Any

import numpy as np

from db import event_log, guests, slates, work
from db.engine import read_transaction, write_transaction
from recommender.policies import recommend
from workers.guests.notes import notes_of
from workers.knowledge import Library
from workers.run_recommender import requests_of


def perform(library: Library, job: work.Work) -> int:
    """Answer the requests that the payload's sessions made at its step; says how many."""
    step = job.payload["step"]
    generation = job.payload["generation"]
    sessions = np.array(job.payload["sessions"], np.int64)
    recommender = library.recommender(job.run, generation)
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
