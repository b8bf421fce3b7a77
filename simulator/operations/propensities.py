"""With what probability a stored run showed what it showed, from its slates and their requests."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sqlalchemy import Connection

from db import event_log, guests, runs, slates
from db.engine import read_transaction
from db.errors import UsageError
from db.runs import Run
from recommender.propensity import LOTTERIES, propensities
from recommender.ranking import SLATE
from simulator.installation.context import Context
from simulator.operations.stored_run import StoredRun, events_of
from workers.knowledge import LIVE, Library
from workers.run_recommender import requests_of

Chances = dict[tuple[int, int], list[float | None]]
"""By (session, step): the probability of each item on the slate to stand at its place."""


def of_run(context: Context, run_id: str) -> Chances:
    """Ours are computed again from config, events and slates; a guest's are what it said.

    None stands for an item of which nothing is known: a place that was filled for a guest, for
    instance. Raises UsageError for a run that has no propensities.
    """
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        if "guest" in run.config:
            return _told(conn, run)
        if not is_drawn(run):
            raise UsageError(
                f"{run.config['policy']} has no propensities; {', '.join(LOTTERIES)} have them,"
                " and a recommender of your own that says them"
            )
        k = run.config["recommender"]["slate_size"]
        events = event_log.read(conn, run.number, k=k)
        found = StoredRun(run, events, *slates.of_run(conn, run.number, dtype=SLATE, k=k))
    return _computed(Library(context.engine), found)


def is_drawn(run: Run) -> bool:
    """Whether a run is of a policy of ours that draws its slates by lot."""
    config = run.config
    is_ours = "guest" not in config and config.get("kind") != LIVE
    return is_ours and config["policy"] in LOTTERIES


def said_any(context: Context, run_id: str) -> bool:
    """Whether a guest said propensities in a stored run."""
    with read_transaction(context.engine) as conn:
        notes = guests.notes(conn, runs.read(conn, run_id).number)
    return any("propensities" in note for note in notes.values())


def _told(conn: Connection, run: Run) -> Chances:
    notes = guests.notes(conn, run.number)
    found = {at: note["propensities"] for at, note in notes.items() if "propensities" in note}
    if not found:
        raise UsageError(
            f"{run.config['policy']} said no propensities; answer with ws.Slates(items,"
            " propensities=...)"
        )
    return found


def _computed(library: Library, found: StoredRun) -> Chances:
    chances: Chances = {}
    for generation in np.unique(found.generation).tolist():
        known = library.recommender(found.run.number, generation)
        for step in np.unique(found.step[found.generation == generation]).tolist():
            rows = (found.generation == generation) & (found.step == step)
            sessions = found.session[rows]
            events = events_of(found.events, sessions)
            profiles = known.profiles(requests_of(events, sessions, step), events)
            items = found.entries[rows]["item"]
            said = propensities(known.config, known.knowledge, profiles, items)
            for session, row, slate in zip(sessions.tolist(), said, items, strict=True):
                chances[session, step] = _known(row[slate >= 0].tolist())
    return chances


def _known(chances: Iterable[float]) -> list[float | None]:
    return [None if np.isnan(one) else one for one in chances]
