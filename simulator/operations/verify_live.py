"""A live run computed again: as for any other, but it goes on, and people go back and forth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from db import cointeractions, event_log, offers, slates, visits
from db.cointeractions import Generation
from db.engine import read_transaction
from db.events import Kind
from db.runs import Run
from recommender.ranking import SLATE
from recommender.scoring.cointeraction import Counts, Popularity
from simulator.installation.context import Context
from simulator.operations.checks import Check, judged
from simulator.operations.stored_run import StoredRun, events_of
from workers.answer import answered
from workers.fold import fold_sessions
from workers.knowledge import NOTHING_KNOWN, Library

Circumstance = tuple[int, bool, tuple[int, ...]]
"""The last change of what is offered that was known, whether the shopper is a simulated one, and
the items that were refused.
"""


@dataclass(frozen=True)
class Circumstances:
    """What requests were made in, beside their generation."""

    refused: dict[int, list[list[int]]]
    """By session: item numbers, each with the step from which it is refused."""

    known: dict[tuple[int, int], int]
    """By (session, step): the last change of what is offered, where there had been one."""

    def alike(
        self, sessions: np.ndarray, rows: np.ndarray, step: int
    ) -> Iterator[tuple[np.ndarray, Circumstance]]:
        """Rows of sessions whose requests at a step were made in the same circumstances."""
        groups: dict[Circumstance, list[int]] = {}
        for session, row in zip(sessions.tolist(), rows.tolist(), strict=True):
            unwanted = tuple(item for item, since in self.refused.get(session, []) if since <= step)
            change = self.known.get((session, step), offers.NO_CHANGE)
            key = (change, session < visits.FIRST_SESSION, unwanted)
            groups.setdefault(key, []).append(row)
        for one in sorted(groups):
            yield np.array(groups[one]), one


def verify_live(context: Context, run: Run) -> list[Check]:
    """All checks of a live run as it stands at one moment; what is on its way is no fault."""
    k = run.config["recommender"]["slate_size"]
    with read_transaction(context.engine) as conn:
        found = StoredRun(
            run,
            event_log.read(conn, run.number, k=k),
            *slates.of_run(conn, run.number, dtype=SLATE, k=k),
        )
        generations = cointeractions.generations(conn, run.number)
        inherited = NOTHING_KNOWN
        if "from" in run.config:
            base = int(run.config["from"]["run"], 16)
            inherited = visits.latest_generation(conn, base)
        refused = visits.refusals(conn, run.number)
        known = offers.seen(conn, run.number)
        checks = [
            Check("finished", True, "a live run goes on"),
            _events(found),
            _sessions(conn, found, generations, inherited),
            _impressions(found),
        ]
    library = Library(context.engine)
    own = [one for one in generations if one.number > inherited]
    recounted = _recounted(context, library, found, own)
    reranked = _reranked(library, found, Circumstances(refused, known))
    return [
        *checks,
        judged(recounted, "counts", "generations recounted from the events"),
        judged(reranked, "slates", "batches ranked again from the events"),
    ]


def _events(found: StoredRun) -> Check:
    rows = found.events.rows
    starts = np.append(True, np.diff(rows["session"]) != 0)[: len(rows)]
    place = np.arange(len(rows)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]
    gaps = int((rows["ordinal"] != place).sum())
    backwards = int(((np.diff(rows["at"]) <= 0) & ~starts[1:]).sum())
    ends = np.append(starts, True)[1:]
    early = int(((rows["kind"] == Kind.LEAVE) & ~ends[: len(rows)]).sum())
    detail = (
        f"{len(rows)} events of {int(starts.sum())} sessions, {gaps} out of place, "
        f"{backwards} back in time, {early} after the end"
    )
    return Check("events", gaps == 0 and backwards == 0 and early == 0, detail)


def _sessions(
    conn: Connection, found: StoredRun, generations: list[Generation], inherited: int
) -> Check:
    """Each that ended is folded at most once, and whole."""
    number = found.run.number
    own = [one.number for one in generations if one.number > inherited]
    ended = [cointeractions.ended_sessions(conn, number, one) for one in own]
    folded = np.concatenate([*ended, np.zeros(0, np.int64)])
    rows = found.events.rows
    left = rows["session"][rows["kind"] == Kind.LEAVE]
    ok = len(folded) == len(np.unique(folded)) and bool(np.isin(folded, left).all())
    return Check(
        "sessions",
        ok,
        f"{len(np.unique(rows['session']))} sessions, {len(left)} ended, {len(folded)} folded in"
        f" {len(own)} generations",
    )


def _impressions(found: StoredRun) -> Check:
    """What was shown is what was ranked, at least in part; each slate was shown once at most."""
    slates_of = {
        (session, step): set(row["item"].tolist())
        for session, step, row in zip(
            found.session.tolist(), found.step.tolist(), found.entries, strict=True
        )
    }
    shown = found.events.of(Kind.IMPRESSION)
    keys = list(zip(shown["session"].tolist(), shown["step"].tolist(), strict=True))
    strangers = sum(
        not set(items[items >= 0].tolist()) <= slates_of.get(key, set())
        for key, items in zip(keys, found.events.shown, strict=True)
    )
    twice = len(keys) - len(set(keys))
    return Check(
        "impressions",
        strangers == 0 and twice == 0,
        f"{len(keys)} impressions of {len(slates_of)} slates, {strangers} with items that were not"
        f" ranked, {twice} shown twice",
    )


def _recounted(
    context: Context, library: Library, found: StoredRun, own: list[Generation]
) -> Iterator[str | None]:
    number = found.run.number
    for fold in own:
        with read_transaction(context.engine) as conn:
            sessions = cointeractions.ended_sessions(conn, number, fold.number)
            packed = cointeractions.increments(
                conn, number, after=fold.number - 1, up_to=fold.number
            )
            change = offers.seen_by(conn, number, fold.number)
        recommender = library.grow(number, fold.number - 1, change)
        events = events_of(found.events, sessions)
        counts, again = fold_sessions(recommender, sessions, events, fold.number)
        if Counts.unpack(counts.n, packed).digest() != counts.digest():
            yield f"the counts of generation {fold.number} are not those of its events"
        elif not _same(again, fold):
            yield f"what generation {fold.number} learned does not follow from its events"
        else:
            yield None


def _same(again: Generation, fold: Generation) -> bool:
    """Pictures may have come in since: nobody was shown them, and their popularity is nothing."""
    now, then = (Popularity.unpack(one.popularity) for one in (again, fold))
    n = len(then.shown)
    is_popularity = np.array_equal(now.shown[:n], then.shown) and np.array_equal(
        now.acted[:n], then.acted
    )
    nothing_more = not now.shown[n:].any() and not now.acted[n:].any()
    rest = again._replace(popularity=b"") == fold._replace(popularity=b"")
    return bool(is_popularity and nothing_more and rest)


def _reranked(
    library: Library, found: StoredRun, circumstances: Circumstances
) -> Iterator[str | None]:
    number = found.run.number
    for generation in np.unique(found.generation).tolist():
        for step in np.unique(found.step[found.generation == generation]).tolist():
            rows = np.flatnonzero((found.generation == generation) & (found.step == step))
            for part, (change, is_simulated, unwanted) in circumstances.alike(
                found.session[rows], rows, step
            ):
                recommender = library.grow(number, generation, change, is_simulated=is_simulated)
                sessions = found.session[part]
                events = events_of(found.events, sessions)
                again = answered(recommender, events, sessions, step, refused=list(unwanted))
                same = again.tobytes() == found.entries[part].tobytes()
                yield (
                    None
                    if same
                    else f"slates of generation {generation}, step {step} come out differently"
                )
