"""The queue of record on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, update

from db import runs, work
from db.engine import now, reading, writing
from db.errors import WorkError
from db.tables import work as work_table

pytestmark = pytest.mark.service


@pytest.fixture
def run(engine: Engine) -> int:
    """A run that work belongs to."""
    with writing(engine) as conn:
        return runs.open_run(conn, {"policy": "random"}).number


@pytest.fixture
def work_id(engine: Engine, run: int) -> int:
    """One piece of work that waits."""
    with writing(engine) as conn:
        return work.add(conn, run, "rank", {"a": {"step": 1}})[0]


def test_one_key_is_one_row(engine: Engine, run: int, work_id: int) -> None:
    """Work that is written again is the same work."""
    with writing(engine) as conn:
        assert work.add(conn, run, "rank", {"a": {"step": 1}}) == [work_id]
        assert work.waiting(conn, run) == 1


def test_a_row_is_in_one_pair_of_hands(engine: Engine, work_id: int) -> None:
    """A second bell finds it taken."""
    with writing(engine) as conn:
        taken = work.take(conn, work_id, "first")
        assert taken is not None
        assert taken.payload == {"step": 1}
        assert work.take(conn, work_id, "second") is None


def test_a_result_is_written_once(engine: Engine, run: int, work_id: int) -> None:
    """Who finishes second is told so, and its transaction rolls back."""
    with writing(engine) as conn:
        work.finish(conn, work_id)
    with pytest.raises(WorkError), writing(engine) as conn:
        work.finish(conn, work_id)
    with reading(engine) as conn:
        assert work.waiting(conn, run) == 0


def test_work_that_fails_three_times_is_parked_with_its_reason(
    engine: Engine, run: int, work_id: int
) -> None:
    """It is tried again twice; then whoever waits for it is told."""
    for number in range(work.MOST_TRIES):
        with writing(engine) as conn:
            assert work.take(conn, work_id, "clumsy") is not None, number
            work.give_back(conn, work_id, "it broke")
    with writing(engine) as conn:
        assert work.take(conn, work_id, "clumsy") is None
        assert [one.reason for one in work.parked(conn)] == ["it broke"]
        with pytest.raises(WorkError, match="it broke"):
            work.waiting(conn, run)


def test_what_a_dead_worker_held_waits_again(engine: Engine, work_id: int) -> None:
    """Only its own rows are given back."""
    with writing(engine) as conn:
        work.take(conn, work_id, "dead")
        assert work.give_back_all_of(conn, "alive") == []
        assert work.give_back_all_of(conn, "dead") == [work_id]
        assert work.take(conn, work_id, "next") is not None


def test_only_work_that_nobody_has_is_overdue(engine: Engine, work_id: int) -> None:
    """A row in somebody's hands is not rung for, until its lease has run out."""
    with writing(engine) as conn:
        assert work.overdue(conn, 60) == []
        assert work.overdue(conn, -1) == [work_id]
        work.take(conn, work_id, "slow")
        assert work.overdue(conn, -1) == []
        assert work.holders_longer_than(conn, -1) == {"slow"}
        conn.execute(update(work_table).values(begun=now() - work.LEASE_SECONDS - 1))
        assert work.overdue(conn, -1) == [work_id]


def test_an_id_is_never_given_twice(engine: Engine, run: int, work_id: int) -> None:
    """A late bell for work that is done must not mean other work."""
    with writing(engine) as conn:
        work.finish(conn, work_id)
        assert work.add(conn, run, "rank", {"b": {}})[0] > work_id
