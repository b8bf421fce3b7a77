"""Runs that are played at once are the runs that are played one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from db.engine import read_transaction
from db.errors import DataError
from db.runs import FINISHED, RUNNING
from db.tables import work
from simulator.playing.plan import Resolved
from simulator.playing.side_by_side import play_all
from simulator.playing.simulate import Played, simulate
from tests import factories
from workers.local_workforce import LocalWorkforce

SEEDS = (1, 2, 3, 4)


class OneAtATime:
    """Does the work of several runs, and may refuse one of them, or tell when work comes."""

    def __init__(
        self, engine: Engine, refused: int = 0, told: Callable[[], None] = lambda: None
    ) -> None:
        self.engine = engine
        self.refused = refused
        self.told = told
        self.lock = threading.Lock()
        self.workforce = LocalWorkforce(engine)

    def ring(self, work_ids: list[int]) -> None:
        """Do the work."""
        self.told()
        statement = select(work.c.run).where(work.c.id.in_(work_ids))
        with read_transaction(self.engine) as conn:
            asked = set(conn.execute(statement).scalars())
        if self.refused in asked:
            raise DataError("this run is refused")
        with self.lock:
            self.workforce.ring(work_ids)


def resolved(engine: Engine) -> list[Resolved]:
    """A run a seed."""
    return [factories.resolved(engine, seed=seed, policy="blend", days=2) for seed in SEEDS]


def played(engine: Engine, workforce: OneAtATime) -> list[Played]:
    """All of them, three at a time."""
    return play_all(factories.context_of(engine), resolved(engine), workforce, at_once=3)


def test_they_leave_the_same_events_in_the_same_order(any_engine: Engine) -> None:
    """As each alone."""
    together = [done.run.id for done in played(any_engine, OneAtATime(any_engine))]
    found = [factories.exported(any_engine, run) for run in together]
    context = factories.context_of(any_engine)
    for one, run, events in zip(resolved(any_engine), together, found, strict=True):
        alone = simulate(context, one, OneAtATime(any_engine), again=True)
        assert alone.run.id == run
        assert factories.exported(any_engine, run) == events


def test_a_run_that_fails_leaves_the_others(engine: Engine) -> None:
    """They are played to their end, then its error is raised."""
    ids = [done.run.id for done in played(engine, OneAtATime(engine))]
    context = factories.context_of(engine)
    with pytest.raises(DataError, match="this run is refused"):
        play_all(
            context,
            resolved(engine),
            OneAtATime(engine, refused=int(ids[1], 16)),
            at_once=2,
            again=True,
        )
    states = [factories.stored_run(engine, run).state for run in ids]
    assert states == [FINISHED, RUNNING, FINISHED, FINISHED]


def test_a_run_that_is_halted_stops_at_its_next_request_and_can_go_on(engine: Engine) -> None:
    """With KeyboardInterrupt; nothing of it is lost."""
    halt = threading.Event()
    context = factories.context_of(engine)
    one = resolved(engine)[0]
    with pytest.raises(KeyboardInterrupt):
        simulate(context, one, OneAtATime(engine, told=halt.set), halt=halt)
    assert simulate(context, one, OneAtATime(engine)).run.state == FINISHED
