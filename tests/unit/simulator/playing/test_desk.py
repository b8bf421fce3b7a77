"""The desk hands requests over in batches of a fixed size, each once, and asks for nothing that is
there.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from db.engine import read_transaction
from db.errors import DependencyError
from db.tables import event, slate
from db.tables import work as work_table
from simulator.playing import desk
from tests import factories
from workers.local_workforce import LocalWorkforce

PLAN = {"shoppers": 700, "days": 2}
"""More sessions a day than fit into one batch."""


class Recording:
    """Does the work, and keeps what was asked for; stops for good after so many rings."""

    def __init__(self, engine: Engine, *, stop_after: int | None = None) -> None:
        self.engine = engine
        self.workforce = LocalWorkforce(engine)
        self.left = stop_after
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def ring(self, work_ids: list[int]) -> None:
        """Note the work, then do it."""
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        statement = select(work_table.c.kind, work_table.c.payload).where(
            work_table.c.id.in_(work_ids)
        )
        with read_transaction(self.engine) as conn:
            rows = conn.execute(statement.order_by(work_table.c.id)).all()
        self.asked += [(row.kind, json.loads(row.payload)) for row in rows]
        self.workforce.ring(work_ids)

    @property
    def requests(self) -> list[tuple[int, int]]:
        """Session and step of every request for a slate, in the order asked."""
        return [
            (session, payload["step"])
            for kind, payload in self.asked
            if kind == "rank"
            for session in payload["sessions"]
        ]


def n_rows(engine: Engine, table: Any) -> int:
    """How many rows a table has."""
    with read_transaction(engine) as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_batch_is_full_or_the_last_of_its_step(sqlite: Engine) -> None:
    """Sizes do not depend on who works; sessions are in order; every request is in one batch."""
    workforce = Recording(sqlite)
    factories.play(sqlite, workforce, **PLAN)
    by_step: dict[tuple[int, int], list[list[int]]] = {}
    for kind, payload in workforce.asked:
        if kind == "rank":
            by_step.setdefault((payload["generation"], payload["step"]), []).append(
                payload["sessions"]
            )
    assert any(len(batches) > 1 for batches in by_step.values())
    for batches in by_step.values():
        assert [len(batch) for batch in batches[:-1]] == [desk.BATCH] * (len(batches) - 1)
        assert 0 < len(batches[-1]) <= desk.BATCH
        flat = [session for batch in batches for session in batch]
        assert flat == sorted(flat)
    assert max(Counter(workforce.requests).values()) == 1
    assert len(workforce.requests) == n_rows(sqlite, slate)


def test_slates_of_a_day_read_the_generation_of_the_day_before(sqlite: Engine) -> None:
    """The first day knows nothing; each day is folded once, when it is over."""
    workforce = Recording(sqlite)
    factories.play(sqlite, workforce, days=3)
    told = [(kind, payload["generation"]) for kind, payload in workforce.asked]
    assert list(dict.fromkeys(told)) == [
        *(
            ("rank", desk.NOTHING_KNOWN),
            ("fold", 0),
            ("rank", 0),
            ("fold", 1),
            ("rank", 1),
            ("fold", 2),
        ),
    ]
    assert Counter(told)["fold", 1] == 1


@pytest.mark.parametrize("stop_after", [1, 3, 4, 6])
def test_what_is_there_is_not_asked_for_again(sqlite: Engine, stop_after: int) -> None:
    """A run that was stopped asks, when it is taken up, for exactly what is missing."""
    first = Recording(sqlite, stop_after=stop_after)
    second = Recording(sqlite)
    with pytest.raises(KeyboardInterrupt):
        factories.play(sqlite, first, **PLAN)
    answered = n_rows(sqlite, slate)
    factories.play(sqlite, second, **PLAN)
    assert answered == len(first.requests) > 0
    assert set(first.requests) & set(second.requests) == set()
    assert len(first.requests) + len(second.requests) == n_rows(sqlite, slate)
    assert Counter(kind for kind, _ in first.asked + second.asked)["fold"] == PLAN["days"]


def test_events_are_stored_with_the_request_that_follows_them(sqlite: Engine) -> None:
    """When work is rung for, its cause is in the database already."""

    class Nobody:
        """Is rung for and looks."""

        seen = 0

        def ring(self, work_ids: list[int]) -> None:
            """See what is stored."""
            self.seen = n_rows(sqlite, event)
            assert n_rows(sqlite, work_table) == len(work_ids) > 0
            raise KeyboardInterrupt

    nobody = Nobody()
    with pytest.raises(KeyboardInterrupt):
        factories.play(sqlite, nobody)
    assert nobody.seen > 0


def test_work_that_nobody_does_is_given_up_with_a_cure(
    sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while without any progress the error names the command that helps."""

    class Idle:
        """Hears of the work and stays."""

        def ring(self, work_ids: list[int]) -> None:
            """Do nothing."""

    monkeypatch.setattr(desk, "STALLED_SECONDS", 0.05)
    with pytest.raises(DependencyError, match="windowshop doctor"):
        factories.play(sqlite, Idle())
