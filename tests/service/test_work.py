"""The queue of record on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, update

from db import backlog, heartbeats, runs, work
from db.engine import now, read_transaction, write_transaction
from db.errors import NotFoundError, UsageError, WorkError
from db.heartbeats import Process
from db.tables import heartbeat as heartbeat_table
from db.tables import work as work_table

pytestmark = pytest.mark.service


@pytest.fixture
def run(engine: Engine) -> int:
    """A run that work belongs to."""
    with write_transaction(engine) as conn:
        return runs.open_run(conn, {"policy": "random"}).number


@pytest.fixture
def work_id(engine: Engine, run: int) -> int:
    """One piece of work that waits."""
    with write_transaction(engine) as conn:
        return work.add(conn, run, "rank", {"a": {"step": 1}})[0]


def test_one_key_is_one_row(engine: Engine, run: int, work_id: int) -> None:
    """Work that is written again is the same work."""
    with write_transaction(engine) as conn:
        assert work.add(conn, run, "rank", {"a": {"step": 1}}) == [work_id]
        assert work.waiting(conn, run) == 1


def test_a_row_is_in_one_pair_of_hands(engine: Engine, work_id: int) -> None:
    """A second bell finds it taken."""
    with write_transaction(engine) as conn:
        taken = work.take(conn, work_id, "first")
        assert taken is not None
        assert taken.payload == {"step": 1}
        assert work.take(conn, work_id, "second") is None


def test_a_result_is_written_once(engine: Engine, run: int, work_id: int) -> None:
    """Who finishes second is told so, and its transaction rolls back."""
    with write_transaction(engine) as conn:
        work.finish(conn, work_id)
    with pytest.raises(WorkError), write_transaction(engine) as conn:
        work.finish(conn, work_id)
    with read_transaction(engine) as conn:
        assert work.waiting(conn, run) == 0


def test_work_that_fails_three_times_is_parked_with_its_reason(
    engine: Engine, run: int, work_id: int
) -> None:
    """It is tried again twice; then whoever waits for it is told."""
    for number in range(work.MOST_TRIES):
        with write_transaction(engine) as conn:
            assert work.take(conn, work_id, "clumsy") is not None, number
            work.give_back(conn, work_id, "it broke")
    with write_transaction(engine) as conn:
        assert work.take(conn, work_id, "clumsy") is None
        assert [one.reason for one in work.parked(conn)] == ["it broke"]
        with pytest.raises(WorkError, match="it broke"):
            work.waiting(conn, run)


def test_what_a_dead_worker_held_waits_again(engine: Engine, work_id: int) -> None:
    """Only its own rows are given back."""
    with write_transaction(engine) as conn:
        work.take(conn, work_id, "dead")
        assert work.give_back_all_of(conn, "alive") == []
        assert work.give_back_all_of(conn, "dead") == [work_id]
        assert work.take(conn, work_id, "next") is not None


def test_a_try_counts_only_where_the_work_may_be_to_blame(engine: Engine, work_id: int) -> None:
    """Workers that lose Redis or the database over it, however often, do not have it parked."""
    with write_transaction(engine) as conn:
        for _ in range(2 * work.MOST_TRIES):
            assert work.take(conn, work_id, "unlucky") is not None
            work.give_back_all_of(conn, "unlucky", is_blameless=True)
        assert work.parked(conn) == []


def test_only_work_that_nobody_has_is_overdue(engine: Engine, work_id: int) -> None:
    """A row in somebody's hands is not rung for."""
    with write_transaction(engine) as conn:
        assert work.overdue(conn, 60) == []
        assert work.overdue(conn, -1) == [work_id]
        work.take(conn, work_id, "slow")
        assert work.overdue(conn, -1) == []
        assert work.holders_longer_than(conn, -1) == {"slow"}


def test_workers_that_fall_silent_lose_their_work(engine: Engine, work_id: int) -> None:
    """Five missed beats, by the database's clock; a beat in time keeps it however long it takes."""
    process = Process("far", heartbeats.WORKER, "host", 1, every=1.0)
    with write_transaction(engine) as conn:
        heartbeats.beat(conn, process)
        work.take(conn, work_id, "far")
        conn.execute(update(work_table).values(begun=now() - 1e6))
        assert work.held_by_silent(conn) == []
        last = now() - heartbeats.MISSED_BEATS - 0.1
        conn.execute(update(heartbeat_table).values(seen=last))
        assert work.held_by_silent(conn) == ["far"]
        heartbeats.beat(conn, process)
        assert work.held_by_silent(conn) == []


def test_workers_without_a_heartbeat_keep_their_work_for_a_lease(
    engine: Engine, work_id: int
) -> None:
    """Those of a command that works in its own process."""
    with write_transaction(engine) as conn:
        work.take(conn, work_id, "local")
        assert work.held_by_silent(conn) == []
        conn.execute(update(work_table).values(begun=now() - work.LEASE_SECONDS - 1))
        assert work.held_by_silent(conn) == ["local"]


def test_work_in_other_hands_is_not_given_back(engine: Engine, work_id: int) -> None:
    """Who was thought dead and fails late takes nothing from who has the work now."""
    with write_transaction(engine) as conn:
        work.take(conn, work_id, "now")
        work.give_back(conn, work_id, "too late", worker="before")
        assert [one.worker for one in backlog.pieces(conn)] == ["now"]


def test_the_backlog_tells_what_waits_and_for_how_long(
    engine: Engine, run: int, work_id: int
) -> None:
    """By state; the age is that of the row and goes on when it is written or rung for again."""
    with write_transaction(engine) as conn:
        work.add(conn, run, "fold", {"1": {}})
        work.take(conn, work_id, "somebody")
        conn.execute(update(work_table).values(written=work_table.c.written - 60))
        work.add(conn, run, "fold", {"1": {}})
        piles = [(pile.kind, pile.state, pile.number, pile.oldest) for pile in backlog.piles(conn)]
        assert [pile[:3] for pile in piles] == [("fold", "ready", 1), ("rank", "taken", 1)]
        assert all(60 <= oldest < 120 for *_, oldest in piles)
        assert [one.id for one in backlog.pieces(conn, "taken")] == [work_id]


def park(engine: Engine, work_id: int) -> None:
    """Fail until it is given up."""
    for _ in range(work.MOST_TRIES):
        with write_transaction(engine) as conn:
            work.take(conn, work_id, "clumsy")
            work.give_back(conn, work_id, "it broke")


def test_parked_work_is_tried_again_as_new(engine: Engine, run: int, work_id: int) -> None:
    """It has all its tries again and is overdue at once."""
    park(engine, work_id)
    with write_transaction(engine) as conn:
        backlog.retry(conn, [work_id])
        assert work.waiting(conn, run) == 1
        assert work.overdue(conn, 60) == [work_id]
        assert [(one.tries, one.reason) for one in backlog.pieces(conn)] == [(0, None)]


def test_parked_work_is_dropped(engine: Engine, run: int, work_id: int) -> None:
    """Nobody waits for it any more."""
    park(engine, work_id)
    with write_transaction(engine) as conn:
        backlog.drop(conn, [work_id])
        assert work.waiting(conn, run) == 0


@pytest.mark.parametrize("deed", [backlog.retry, backlog.drop])
@pytest.mark.parametrize("other", [-1, 0, 4_000, 2**31, 2**63, 10**30])
def test_only_parked_work_can_be_retried_or_dropped(
    engine: Engine, work_id: int, deed: Callable[..., None], other: int
) -> None:
    """An id that is none, or of work that is not given up, is named, and nothing is done to the
    others.
    """
    with write_transaction(engine) as conn:
        with pytest.raises(UsageError, match=f"work {work_id} is not parked"):
            deed(conn, [work_id])
        conn.execute(update(work_table).values(state=work.PARKED))
        with pytest.raises(NotFoundError, match=f"no work {other};"):
            deed(conn, [work_id, other])
        assert [one.state for one in backlog.pieces(conn)] == [work.PARKED]


def test_processes_are_listed_with_the_work_in_their_hands(engine: Engine, work_id: int) -> None:
    """Who ends in order is gone from the list; who was silent for long is forgotten."""
    with write_transaction(engine) as conn:
        for name, kind in (("w", heartbeats.WORKER), ("s", heartbeats.SUPERVISOR)):
            heartbeats.beat(conn, Process(name, kind, "host", 7, every=2.0, metrics="127.0.0.1:1"))
        work.take(conn, work_id, "w")
        found = heartbeats.every(conn)
        assert [(one.name, one.is_silent, one.work) for one in found] == [
            ("s", False, None),
            ("w", False, work_id),
        ]
        conn.execute(update(heartbeat_table).values(seen=now() - 11))
        heartbeats.forget_old(conn)
        assert all(one.is_silent for one in heartbeats.every(conn))
        heartbeats.stop(conn, ["w"])
        conn.execute(
            update(heartbeat_table).values(seen=now() - heartbeats.REMEMBERED_SECONDS - 11)
        )
        heartbeats.forget_old(conn)
        assert heartbeats.every(conn) == []


def test_an_id_is_never_given_twice(engine: Engine, run: int, work_id: int) -> None:
    """A late bell for work that is done must not mean other work."""
    with write_transaction(engine) as conn:
        work.finish(conn, work_id)
        assert work.add(conn, run, "rank", {"b": {}})[0] > work_id


def test_who_works_knows_how_many_of_its_host_are_idle(
    engine: Engine, run: int, work_id: int
) -> None:
    """Not those who hold work, are silent, live elsewhere, or only supervise; nobody's are none."""
    with write_transaction(engine) as conn:
        (other,) = work.add(conn, run, "rank", {"b": {"step": 1}})
        for name, host in {"me": "a", "idle": "a", "busy": "a", "silent": "a", "far": "b"}.items():
            heartbeats.beat(conn, Process(name, heartbeats.WORKER, host, 1, 3.0))
        heartbeats.beat(conn, Process("above", heartbeats.SUPERVISOR, "a", 1, 3.0))
        is_silent = heartbeat_table.c.name == "silent"
        conn.execute(update(heartbeat_table).where(is_silent).values(seen=now() - 60.0))
        assert heartbeats.idle_beside(conn, work_id) == 0
        work.take(conn, work_id, "me")
        work.take(conn, other, "busy")
        assert heartbeats.idle_beside(conn, work_id) == 1
        assert heartbeats.idle_beside(conn, other) == 1
        work.finish(conn, other)
        assert heartbeats.idle_beside(conn, work_id) == 2
