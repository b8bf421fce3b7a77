"""`verify` of a guest's run: it is asked again, and what it said the first time stays the truth."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from db.errors import WindowshopError
from simulator.guests.admitted import admitted
from simulator.installation.context import Context
from simulator.operations.stored_run import StoredRun, events_of
from simulator.playing.desk import BATCH
from workers.guests.host import Host
from workers.guests.stored import guest_of, host_of
from workers.knowledge import Library
from workers.run_recommender import requests_of


def asked_again(context: Context, library: Library, found: StoredRun) -> tuple[bool, str]:
    """(True, what came of it): a guest that is gone, has changed, or answers differently is no
    fault of the run.
    """
    purpose = f"{found.run.id}-verify-{time.time_ns():x}"  # a server that knows nothing of it yet
    host = host_of(context.engine, found.run.number, purpose=purpose)
    if host is None:
        return False, "nothing is known of the guest; play the run again with --again"
    guest = guest_of(context.engine, found.run.number)
    try:
        now = admitted(guest.located)
        if now is None or now.guest.version != found.run.config["guest"]["version"]:
            return True, f"{host.name} is another version now, so it was not asked again"
        n, differ = _counted(host, library, found)
    except WindowshopError as error:
        return True, f"{host.name} was not asked again: {error}"
    finally:
        host.close()
    if differ:
        return True, (
            f"asked again, {host.name} answers {differ:,} of {n:,} requests differently; "
            "what it said first is what the shoppers saw"
        )
    return True, f"{n:,} requests asked again, all answers equal"


def _counted(host: Host, library: Library, found: StoredRun) -> tuple[int, int]:
    """How many requests were asked again, and how many of them gave other items."""
    n = 0
    differ = 0
    for generation, step, rows in _batches(found):
        recommender = library.recommender(found.run.number, generation)
        sessions = found.session[rows]
        events = events_of(found.events, sessions)
        profiles = recommender.profiles(requests_of(events, sessions, step), events)
        answered = host.answer(recommender, events, profiles)
        same = (answered.entries["item"] == found.entries[rows]["item"]).all(axis=1)
        n += len(rows)
        differ += int((~same).sum())
    return n, differ


def _batches(found: StoredRun) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
    """(generation, step, rows): the batches in which it was asked."""
    for generation in np.unique(found.generation).tolist():
        for step in np.unique(found.step[found.generation == generation]).tolist():
            rows = np.flatnonzero((found.generation == generation) & (found.step == step))
            for start in range(0, len(rows), BATCH):
                yield generation, step, rows[start : start + BATCH]
