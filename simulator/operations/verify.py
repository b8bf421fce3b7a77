"""Recomputes what follows from the event log and compares it with what is stored, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import Connection

from db import cointeractions, embeddings, event_log, items, runs, slate_outcomes, slates, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import WorkError
from db.events import Events, Kind
from db.runs import FINISHED, Run
from recommender.policies import recommend
from recommender.ranking import SLATE
from recommender.registry import REFERENCES
from recommender.scoring.cointeraction import Counts
from simulator.installation.context import Context
from simulator.logs import kept_log
from simulator.operations.checks import Check, judged
from simulator.operations.stored_run import StoredRun, events_of
from simulator.operations.verify_live import verify_live
from workers.fold import fold_sessions
from workers.knowledge import LIVE, Library
from workers.run_recommender import requests_of

NORM_TOLERANCE = 1e-5


def verify(context: Context, run_id: str) -> list[Check]:
    """All checks of one run or imported log; NotFoundError when there is none of that name."""
    if (kept := kept_log.damage(context, run_id)) is not None:
        return [Check("lines", *kept)]
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        if run.config.get("kind") == LIVE:
            return verify_live(context, run)
        k = run.config["recommender"]["slate_size"]
        found = StoredRun(
            run,
            event_log.read(conn, run.number, k=k),
            *slates.of_run(conn, run.number, dtype=SLATE, k=k),
        )
        n_items = len(items.of_run(conn, run.number))
        event_log.require_known(run.id, found.events, n_items, slates=found.entries["item"])
        checks = [
            _finished(run),
            _ordinals(found.events),
            _one_slate_a_request(found),
            _folded_once(conn, found),
            _no_work_left(conn, run),
            _embeddings(conn, run),
            _read_as_shown(conn, found, k),
        ]
    library = Library(context.engine)
    checks.append(
        judged(
            _recounted(context, library, found), "counts", "generations recounted from the events"
        )
    )
    if run.config["policy"] in REFERENCES:
        checks.append(
            Check("slates", True, "ranked by the judge; nothing of the recommender's to compare")
        )
    elif "guest" in run.config:
        from simulator.guests.asked_again import asked_again  # noqa: PLC0415 - Arrow

        checks.append(Check("slates", *asked_again(context, library, found)))
    else:
        checks.append(
            judged(_reranked(library, found), "slates", "batches ranked again from the events")
        )
    return checks


def to_json(checks: list[Check]) -> dict[str, Any]:
    """The result that other programs rely on."""
    return {
        "ok": all(check.ok for check in checks),
        "checks": {check.name: {"ok": check.ok, "detail": check.detail} for check in checks},
    }


def _finished(run: Run) -> Check:
    return Check("finished", run.state == FINISHED, f"the run is {run.state}")


def _ordinals(events: Events) -> Check:
    """No event of a session is missing or there twice, it ends with leaving, and time only goes
    forward.
    """
    rows = events.rows
    starts = np.append(True, np.diff(rows["session"]) != 0)[: len(rows)]
    place = np.arange(len(rows)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]
    gaps = int((rows["ordinal"] != place).sum())
    backwards = int(((np.diff(rows["at"]) <= 0) & ~starts[1:]).sum())
    ends = np.append(starts, True)[1:]
    unended = int(((rows["kind"] == Kind.LEAVE) != ends[: len(rows)]).sum())
    detail = (
        f"{len(rows)} events of {int(starts.sum())} sessions, {gaps} out of place, "
        f"{backwards} back in time, {unended} sessions without their end"
    )
    return Check("events", gaps == 0 and backwards == 0 and unended == 0, detail)


def _one_slate_a_request(found: StoredRun) -> Check:
    asked = found.events.of(Kind.SEARCH, Kind.VIEW)
    wanted = set(zip(asked["session"].tolist(), asked["step"].tolist(), strict=True))
    stored = set(zip(found.session.tolist(), found.step.tolist(), strict=True))
    missing = len(wanted - stored)
    extra = len(stored - wanted)
    return Check(
        "requests",
        not missing and not extra,
        f"{len(wanted)} requests, {missing} without a slate, {extra} too many",
    )


def _folded_once(conn: Connection, found: StoredRun) -> Check:
    generations = [fold.number for fold in cointeractions.generations(conn, found.run.number)]
    ended = [
        cointeractions.ended_sessions(conn, found.run.number, number) for number in generations
    ]
    folded = np.concatenate([*ended, np.zeros(0, np.int64)])
    played = np.unique(found.events.rows["session"])
    ok = len(folded) == len(np.unique(folded)) and np.array_equal(np.sort(folded), played)
    return Check(
        "sessions",
        ok,
        f"{len(played)} sessions, {len(folded)} folded in {len(generations)} generations",
    )


def _no_work_left(conn: Connection, run: Run) -> Check:
    try:
        left = work.waiting(conn, run.number)
    except WorkError as error:
        return Check("work", False, str(error))
    return Check("work", left == 0, f"{left} pieces of work left")


def _embeddings(conn: Connection, run: Run) -> Check:
    vectors = embeddings.of_run(
        conn, run.number, EmbedderKey(run.config["model"], run.config["runtime"])
    )
    n = len(items.of_run(conn, run.number))
    off = np.abs(np.linalg.norm(vectors.astype(np.float64), axis=1) - 1.0)
    ok = (
        len(vectors) == n
        and bool(np.isfinite(vectors).all())
        and float(off.max(initial=0)) <= NORM_TOLERANCE
    )
    return Check(
        "embeddings",
        ok,
        f"{len(vectors)} of {n} items, norms within {float(off.max(initial=0)):.1e} of 1",
    )


def _read_as_shown(conn: Connection, found: StoredRun, k: int) -> Check:
    """What the shoppers read is what the recommender returned, and the judge noted an outcome for
    each.
    """
    session, step, expected = slate_outcomes.of_run(conn, found.run.number, k=k)
    same_rows = np.array_equal(session, found.session) and np.array_equal(step, found.step)
    ok = (
        same_rows
        and np.array_equal(found.entries["item"], found.events.shown)
        and bool((expected >= 0).all())
    )
    return Check(
        "impressions",
        ok,
        f"{len(found.events.shown)} impressions, {len(session)} slate outcomes,"
        f" {len(found.entries)} slates",
    )


def _recounted(context: Context, library: Library, found: StoredRun) -> Iterator[str | None]:
    number = found.run.number
    with read_transaction(context.engine) as conn:
        stored = cointeractions.generations(conn, number)
    for fold in stored:
        with read_transaction(context.engine) as conn:
            sessions = cointeractions.ended_sessions(conn, number, fold.number)
            packed = cointeractions.increments(
                conn, number, after=fold.number - 1, up_to=fold.number
            )
        events = events_of(found.events, sessions)
        recommender = library.recommender(number, fold.number - 1)
        counts, again = fold_sessions(recommender, sessions, events, fold.number)
        kept = Counts.unpack(counts.n, packed)
        if kept.digest() != counts.digest():
            yield f"the counts of generation {fold.number} are not those of its events"
        elif again != fold:
            yield f"what generation {fold.number} learned does not follow from its events"
        else:
            yield None


def _reranked(library: Library, found: StoredRun) -> Iterator[str | None]:
    number = found.run.number
    for generation in np.unique(found.generation).tolist():
        recommender = library.recommender(number, generation)
        for step in np.unique(found.step[found.generation == generation]).tolist():
            rows = (found.generation == generation) & (found.step == step)
            sessions = found.session[rows]
            events = events_of(found.events, sessions)
            profiles = recommender.profiles(requests_of(events, sessions, step), events)
            again = recommend(recommender.config, recommender.knowledge, profiles, recommender.seed)
            same = again.tobytes() == found.entries[rows].tobytes()
            yield (
                None
                if same
                else f"slates of generation {generation}, step {step} come out differently"
            )
