"""Counts what a fault cost: lost, double, wrong; and notes each case as a line for the table."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, func, select

from db import cointeractions, event_log, items, runs, slates
from db.engine import read_transaction
from db.events import Events
from db.tables import event, image, item
from recommender.ranking import SLATE
from recommender.scoring.cointeraction import Counts
from simulator.operations.verify import verify
from tests import factories
from tests.faults import lane

Places = frozenset[tuple[int, int]]
"""(session, ordinal) of events: their identity within a run."""


@dataclass(frozen=True)
class Tale:
    """A run that nothing disturbed: what was done in it, and what must come of it."""

    run: runs.Run
    exported: str
    events: Events
    judged: tuple[np.ndarray, np.ndarray, np.ndarray]  # session, step, expected
    slates: bytes
    counts: Counts

    @property
    def places(self) -> Places:
        """Its events."""
        return places(self.events)


def places(events: Events) -> Places:
    """Where some events stand."""
    return frozenset(
        zip(events.rows["session"].tolist(), events.rows["ordinal"].tolist(), strict=True)
    )


def tale_of(engine: Engine, run_id: str) -> Tale:
    """Everything that a run left in a database."""
    from db import slate_outcomes

    with read_transaction(engine) as conn:
        run = runs.read(conn, run_id)
        k = run.config["recommender"]["slate_size"]
        events = event_log.read(conn, run.number, k=k)
        return Tale(
            run=run,
            exported=factories.exported(engine, run_id),
            events=events,
            judged=slate_outcomes.of_run(conn, run.number, k=k),
            slates=slates.of_run(conn, run.number, dtype=SLATE, k=k)[3].tobytes(),
            counts=_counts(conn, run.number),
        )


def _counts(conn, number: int) -> Counts:  # type: ignore[no-untyped-def]
    packed = cointeractions.increments(conn, number, after=-1, up_to=10**6)
    return Counts.unpack(len(items.of_run(conn, number)), packed)


@dataclass
class Account:
    """What one case came to."""

    case: int
    what: str
    database: str
    times: int = 1
    events: int = 0
    duplicates: int = 0
    kills: int = 0
    lost: int = 0
    double: int = 0
    wrong: int = 0
    drain: float = 0.0
    seed: int = lane.SEED
    lane: str = "whole" if lane.WHOLE else "short"
    command: str = ""
    seconds: float = 0.0
    load: float = 0.0
    began: float = field(default_factory=time.monotonic, repr=False)

    def audit(
        self, engine: Engine, tale: Tale, *, acknowledged: Places | None = None, offered: int = 0
    ) -> None:
        """Compare with the undisturbed run, event by event and cell by cell; fails unless all is
        equal.
        """
        promised = tale.places if acknowledged is None else acknowledged
        found = tale_of(engine, tale.run.id)
        self.events += offered or len(tale.events)
        self.duplicates += max(0, offered - len(tale.events))
        self.lost += len(promised - found.places)
        self.double += (
            n_rows(engine, tale.run.number) - len(found.places) + len(found.places - tale.places)
        )
        self.wrong += cells_apart(found.counts, tale.counts)
        assert (self.lost, self.double, self.wrong) == (0, 0, 0)
        assert found.exported == tale.exported
        assert found.slates == tale.slates
        assert orphans(engine) == 0
        wrong = [
            check for check in verify(factories.context_of(engine), tale.run.id) if not check.ok
        ]
        assert wrong == []

    def drained(self, seconds: float) -> None:
        """I3, after one fault."""
        self.drain = max(self.drain, seconds)
        assert seconds <= lane.allowed_drain(), f"work was left {seconds:.0f} s after the fault"

    def note(self, command: str) -> None:
        """Append the line to the records' folder, if there is one."""
        self.command = command
        self.seconds = time.monotonic() - self.began
        self.load = os.getloadavg()[0]
        folder = os.environ.get("FAULT_RECORDS")
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        line = {name: value for name, value in asdict(self).items() if name != "began"}
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def orphans(engine: Engine) -> int:
    """I8: pictures that no item shows; foreign keys see to other rows, verify to slates."""
    with read_transaction(engine) as conn:
        statement = (
            select(func.count()).select_from(image).where(~image.c.sha256.in_(select(item.c.image)))
        )
        return int(conn.execute(statement).scalar_one())


def n_rows(engine: Engine, run: int) -> int:
    """How many event rows a run has."""
    with read_transaction(engine) as conn:
        statement = select(func.count()).select_from(event).where(event.c.run == run)
        return int(conn.execute(statement).scalar_one())


def cells_apart(one: Counts, other: Counts) -> int:
    """How many pairs are counted differently."""
    keys = np.union1d(one.key, other.key)
    columns: Sequence[np.ndarray] = [
        np.stack(counts.lookup(keys // counts.n, keys % counts.n)) for counts in (one, other)
    ]
    return int((columns[0] != columns[1]).any(0).sum())
