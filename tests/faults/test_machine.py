"""Case 22, without HTTP: event, duplicate, fold, crash and recount in any order that Hypothesis
finds.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from db import cointeractions, schema, work
from db.engine import open_engine, read_transaction, write_transaction
from db.errors import WorkError
from db.tables import work as work_table
from tests import factories
from tests.faults import lane
from tests.faults.account import Account, Tale, n_rows, places, tale_of
from tests.faults.backlog import Backlog
from tests.faults.harness import play
from tests.faults.lane import short_or_whole
from workers.knowledge import Library
from workers.local_workforce import LocalWorkforce
from workers.tasks import PERFORMERS, Worker

DAYS = 2
SHOPPERS = 20


def told() -> Tale:
    """A small run that nothing disturbs."""
    folder = Path(tempfile.mkdtemp(prefix="ws-"))
    engine = open_engine(f"sqlite:///{folder / 'shop.db'}")
    schema.ensure(engine)
    plan = factories.TOY_PLAN.__class__(
        **{**vars(factories.TOY_PLAN), "days": DAYS, "shoppers": SHOPPERS}
    )
    tale = tale_of(engine, play(engine, LocalWorkforce(engine), plan))
    engine.dispose()
    shutil.rmtree(folder)
    return tale


class DeathError(Exception):
    """What ends a worker in the middle of a transaction."""


class Shop(RuleBasedStateMachine):
    """Offers the events of one run, has its work done, and lets workers die in between."""

    tale: Tale

    @initialize(cut=st.integers(0, 2**16))
    def open(self, cut: int) -> None:
        """An empty shop that knows its run, and the events in pieces."""
        self.folder = Path(tempfile.mkdtemp(prefix="ws-"))
        self.engine = open_engine(f"sqlite:///{self.folder / 'shop.db'}")
        schema.ensure(self.engine)
        factories.stock(self.engine)
        self.backlog = Backlog(
            self.engine, self.tale, LocalWorkforce(self.engine), random.Random(cut), piece=60
        )
        self.backlog._open()
        self.pieces = {day: list(self.backlog._pieces(day)) for day in range(DAYS)}
        self.done: list[Any] = []
        self.day = 0
        self.worker = Worker(self.engine, "one")
        self.old_bells: list[int] = []

    @precondition(lambda self: any(self.pieces.values()))
    @rule(which=st.integers(0, 99))
    def event(self, which: int) -> None:
        """A piece of today's or tomorrow's events comes."""
        pieces = next(pieces for pieces in self.pieces.values() if pieces)
        piece = pieces.pop(which % len(pieces))
        self.backlog._intake(piece)
        self.done.append(piece)

    @precondition(lambda self: self.done)
    @rule(which=st.integers(0, 99))
    def duplicate(self, which: int) -> None:
        """Some piece comes again."""
        self.backlog._intake(self.done[which % len(self.done)])

    @precondition(lambda self: self.day < DAYS and not self.pieces[self.day] and not self.waiting())
    @rule()
    def evening(self) -> None:
        """A day has ended: its slates and its fold are asked for."""
        self.old_bells += self.backlog._ask(self.day)
        self.day += 1

    @precondition(lambda self: self.old_bells)
    @rule(which=st.integers(0, 99))
    def bell(self, which: int) -> None:
        """A bell rings, perhaps for what is long done."""
        self.worker.perform(self.old_bells[which % len(self.old_bells)])

    @precondition(lambda self: self.waiting())
    @rule()
    def fold(self) -> None:
        """Whatever waits is done."""
        for one in self.waiting():
            self.worker.perform(one)

    @precondition(lambda self: self.waiting())
    @rule(which=st.integers(0, 99))
    def crash(self, which: int) -> None:
        """A worker takes a piece of work, writes its result, and dies before the commit."""
        one = self.waiting()[which % len(self.waiting())]
        with write_transaction(self.engine) as conn:
            taken = work.take(conn, one, "dying")
        assert taken is not None
        with pytest.raises(DeathError):
            self.die_over(one)
        with write_transaction(self.engine) as conn:
            work.give_back_all_of(conn, "dying")
            conn.execute(work_table.update().values(tries=0, state=work.READY))

    def die_over(self, work_id: int) -> None:
        """The row is deleted, and the transaction never ends."""
        with write_transaction(self.engine) as conn:
            work.finish(conn, work_id)
            raise DeathError

    @precondition(lambda self: self.waiting())
    @rule(which=st.integers(0, 99))
    def stolen(self, which: int) -> None:
        """A worker is silent for too long: another does its work; when it wakes up it must not
        write.
        """
        one = self.waiting()[which % len(self.waiting())]
        with write_transaction(self.engine) as conn:
            taken = work.take(conn, one, "sleeper")
        with write_transaction(self.engine) as conn:
            work.give_back_all_of(conn, "sleeper")
        self.worker.perform(one)
        assert taken is not None
        with pytest.raises(WorkError):
            PERFORMERS[taken.kind](Library(self.engine), taken)

    @rule()
    def restart(self) -> None:
        """A new process, which remembers nothing."""
        self.engine.dispose()
        self.worker = Worker(self.engine, "another")

    @invariant()
    def recount(self) -> None:
        """Acknowledged events are rows, once; folded generations hold what the whole run's will."""
        if not hasattr(self, "backlog"):
            return
        assert n_rows(self.engine, self.tale.run.number) == len(self.backlog.places)
        with read_transaction(self.engine) as conn:
            folds = cointeractions.generations(conn, self.tale.run.number)
        assert [fold.number for fold in folds] == list(range(len(folds)))
        assert len(folds) <= self.day

    def waiting(self) -> list[int]:
        """The work that waits."""
        with read_transaction(self.engine) as conn:
            return list(conn.execute(select(work_table.c.id).order_by(work_table.c.id)).scalars())

    def teardown(self) -> None:
        """Whatever happened, told to its end it is the undisturbed run, byte for byte."""
        if not hasattr(self, "backlog"):
            return
        self.fold_all()
        while self.day < DAYS or any(self.pieces.values()):
            while any(self.pieces.values()):
                self.event(0)
            if self.day < DAYS:
                self.evening()
            self.fold_all()
        self.backlog._close()
        account = Account(22, "", "sqlite")
        account.audit(self.engine, self.tale, acknowledged=self.backlog.places)
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def fold_all(self) -> None:
        """Do what waits."""
        for one in self.waiting():
            self.worker.perform(one)
        assert not self.waiting()


def test_22_any_order_of_events_folds_and_crashes(accounts: Any) -> None:
    """What comes of it is the undisturbed run, byte for byte."""
    from hypothesis.stateful import run_state_machine_as_test

    examples = short_or_whole(8, 60)
    account = accounts(
        22, "state machine: event, duplicate, fold, crash, recount", "sqlite", times=examples
    )
    Shop.tale = told()
    account.events = len(Shop.tale.events) * examples
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        seed(lane.SEED)(Shop),
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert np.unique(list(places(Shop.tale.events)), axis=0).shape[0] == len(Shop.tale.events)
