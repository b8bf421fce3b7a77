"""Cases 10, 11 and 14: many workers, many writers, and events in any order."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, func, select

from db import runs
from db.engine import read_transaction, write_transaction
from db.tables import event
from tests import factories
from tests.faults import lane
from tests.faults.account import Account, Tale, n_rows
from tests.faults.backlog import Backlog
from tests.faults.harness import drained, supervised
from tests.faults.lane import short_or_whole

Accounts = Callable[..., Account]
WRITERS = 8


def test_10_eight_workers_on_one_backlog(stocked: Engine, tale: Tale, accounts: Accounts) -> None:
    """More workers than cores, every bell rung up to three times: each piece of work is done
    once.
    """
    account = accounts(10, "eight workers on one backlog", stocked)
    with supervised(stocked, workers=8) as supervisor:
        backlog = Backlog(stocked, tale, supervisor, random.Random(lane.SEED), copies=3, threads=2)
        backlog.tell()
        account.drained(backlog.longest_drain)
        assert supervisor.restarts == 0
    assert backlog.pardoned == 0
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)


def test_11_eight_writers_and_a_long_reader(
    sqlite: Engine, tale: Tale, tmp_path: Path, accounts: Accounts
) -> None:
    """None of them fails or waits in vain, and the reader sees one picture from its beginning to
    its end.
    """
    times = short_or_whole(1, 4)
    account = accounts(11, "SQLite: 8 writers and a long reader", sqlite, times=times)
    factories.stock(sqlite)
    for number in range(times):
        with write_transaction(sqlite) as conn:
            runs.forget(conn, tale.run.number)
        failed = write_at_once(sqlite, tale, tmp_path / f"{number}.npz", how="ours")
        assert failed == 0
        assert n_rows(sqlite, tale.run.number) == len(tale.events)
    with supervised(sqlite) as supervisor:
        backlog = Backlog(sqlite, tale, supervisor, random.Random(lane.SEED))
        backlog.tell()
    account.audit(sqlite, tale, offered=len(tale.events) * times + backlog.offered)


def test_control_plain_begin_fails_at_once(sqlite: Engine, tale: Tale, tmp_path: Path) -> None:
    """Negative control: with a plain BEGIN, the same writers get SQLITE_BUSY in spite of the
    timeout.
    """
    assert write_at_once(sqlite, tale, tmp_path / "plain.npz", how="plain") > 0


def write_at_once(engine: Engine, tale: Tale, file: Path, *, how: str) -> int:
    """The tale's events by eight processes while somebody reads; how many transactions failed."""
    with write_transaction(engine) as conn:
        runs.open_run(conn, tale.run.config)
    np.savez(file, rows=tale.events.rows, shown=tale.events.shown, run=tale.run.number)
    url = engine.url.render_as_string(hide_password=False)
    with one_picture(engine):
        writers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.faults.writer",
                    url,
                    file,
                    str(k),
                    str(WRITERS),
                    "1",
                    how,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for k in range(WRITERS)
        ]
        assert [writer.stdout.readline() for writer in writers if writer.stdout] == [
            "ready\n"
        ] * WRITERS
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        said = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    return sum(json.loads(words)["failed"] for words in said)


@contextmanager
def one_picture(engine: Engine) -> Iterator[None]:
    """A reader who takes her time."""
    with read_transaction(engine) as conn:
        count = select(func.count()).select_from(event)
        before = conn.execute(count).scalar_one()
        yield
        assert conn.execute(count).scalar_one() == before


@pytest.mark.parametrize("piece", short_or_whole([7], [1, 7, 50]))
def test_14_events_out_of_order(
    stocked: Engine, tale: Tale, accounts: Accounts, piece: int
) -> None:
    """Pieces of a few events of many sessions, in any order, some twice."""
    account = accounts(14, f"events out of order, {piece} of any session at a time", stocked)
    with supervised(stocked) as supervisor:
        backlog = Backlog(
            stocked, tale, supervisor, random.Random(lane.SEED), copies=2, threads=2, piece=piece
        )
        backlog.tell()
        account.drained(drained(stocked))
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)
