"""Cases 1 to 5: workers, supervisors and whole commands killed, stopped and replaced at any
moment.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete

from db import schema
from db.engine import open_engine, write_transaction
from db.errors import DependencyError
from db.tables import embedding
from tests import factories
from tests.databases import fresh_postgres
from tests.faults import harness, lane
from tests.faults.account import Account, Tale, tale_of
from tests.faults.backlog import Backlog
from tests.faults.conftest import PLAN
from tests.faults.harness import Bells, drained, play, storm, supervised
from tests.faults.lane import short_or_whole, wait_until
from tests.faults.mortal import STEPS, Fault
from tests.faults.outside import start_up
from workers.local_workforce import LocalWorkforce
from workers.redis_server import EmbeddedServer

Accounts = Callable[..., Account]


@pytest.fixture(scope="session")
def embedded_tale(tmp_path_factory: pytest.TempPathFactory) -> Tale:
    """The toy run whose pictures are embedded by the toy network, in this process."""
    from tests.faults.toy_network import teach

    teach()
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('embedded') / 'shop.db'}")
    schema.ensure(engine)
    stock_without_embeddings(engine)
    tale = tale_of(engine, play(engine, LocalWorkforce(engine), PLAN))
    engine.dispose()
    return tale


def stock_without_embeddings(engine: Engine) -> None:
    """The toy catalogue as it comes, nothing embedded yet."""
    factories.stock(engine)
    with write_transaction(engine) as conn:
        conn.execute(delete(embedding))


@pytest.fixture
def small_embed_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several jobs for the few pictures of the toy shop."""
    monkeypatch.setattr("simulator.playing.simulate.EMBED_BATCH", 40)


@pytest.mark.usefixtures("small_embed_jobs")
@pytest.mark.parametrize("step", STEPS)
def test_01_a_worker_is_killed_at_each_step_of_each_job(
    engine: Engine, embedded_tale: Tale, tmp_path: Path, accounts: Accounts, step: str
) -> None:
    """SIGKILL between any two lines that matter: embedding, ranking and folding."""
    stock_without_embeddings(engine)
    times = short_or_whole(1, 2)
    fault = Fault(str(tmp_path), step, times=times)
    account = accounts(1, f"SIGKILL of a worker: {step}", engine)
    with supervised(engine, fault=fault) as supervisor:
        play(engine, supervisor, PLAN)
        kinds = 1 if step in {"popped", "answered"} else 3
        account.kills = account.times = fault.deaths
        # A bell for work that is long done is answered, too: a fourth kind.
        assert times <= fault.deaths <= (4 if step == "answered" else 3) * times
        assert fault.deaths >= times * kinds or step == "answered"
        wait_until(lambda: supervisor.restarts >= fault.deaths, "everybody's successor")
    account.audit(engine, embedded_tale)


def test_02_workers_are_killed_at_random_under_load(
    stocked: Engine, tale: Tale, accounts: Accounts
) -> None:
    """SIGKILL every 0.2 to 0.5 s, those at work first, while events come and work is done; then it
    drains.
    """
    seconds = short_or_whole(10, 60)
    account = accounts(2, f"random SIGKILLs every 0.2-0.5 s for {seconds} s", stocked, times=0)
    with (
        supervised(stocked, workers=3) as supervisor,
        storm(supervisor, seed=lane.SEED, seconds=seconds) as raging,
    ):
        while raging.is_on:
            account.times += 1
            backlog = Backlog(stocked, tale, supervisor, random.Random(account.times), copies=2)
            teller = threading.Thread(target=backlog.tell)
            teller.start()
            wait_until(
                lambda teller=teller: not (raging.is_on and teller.is_alive()), "calm, or the end"
            )  # type: ignore[misc]
            account.drained(drained(stocked))
            teller.join()
            account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)
            assert backlog.pardoned == 0
            backlog.forget()
        account.kills = raging.kills
        assert raging.struck, "nobody was killed over work"
        wait_until(lambda: len(supervisor.pids) == 3, "three workers again")


def test_03_everything_is_killed_at_once_and_resumed(
    stocked: Engine, database_url: str, tale: Tale, accounts: Accounts
) -> None:
    """SIGKILL of the command that plays, and with it of its supervisor, its workers and its
    Valkey.
    """
    times = short_or_whole(2, 10)
    account = accounts(3, "SIGKILL of everything, then resumed", stocked, times=times, kills=times)
    for _ in range(times):
        kill_when_it_has_done_something(start_player(database_url), stocked)
    with supervised(stocked) as supervisor:
        play(stocked, supervisor, PLAN)
    account.audit(stocked, tale)


def kill_when_it_has_done_something(player: subprocess.Popen[bytes], engine: Engine) -> None:
    """SIGKILL as soon as there are more slates than before."""
    before = harness.n_slates(engine)
    wait_until(lambda: harness.n_slates(engine) > before or player.poll() is not None, "slates")
    player.kill()
    player.wait()


def start_player(database_url: str) -> subprocess.Popen[bytes]:
    """The same run in a process that can be killed."""
    return subprocess.Popen([sys.executable, "-m", "tests.faults.player", database_url])


def test_03_a_supervisor_is_killed_and_another_comes(
    stocked: Engine, database_url: str, tale: Tale, accounts: Accounts
) -> None:
    """SIGKILL of the supervisor alone: its workers go with it, what they held is given back in
    time.
    """
    times = short_or_whole(2, 6)
    account = accounts(3, "SIGKILL of the supervisor", stocked, times=times, kills=times)
    server = EmbeddedServer()
    up = start_up(database_url, server.url)
    backlog = Backlog(stocked, tale, Bells(server.url), random.Random(lane.SEED))
    teller = threading.Thread(target=backlog.tell)
    try:
        teller.start()
        for number in range(times):
            wait_until(lambda number=number: harness.n_slates(stocked) > 20 * number, "slates")  # type: ignore[misc]
            up.kill()
            up.wait()
            up = start_up(database_url, server.url)
            account.drained(drained(stocked))
        teller.join()
    finally:
        up.terminate()
        up.wait()
        server.stop()
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)


def test_04_deploys_in_the_middle_of_work(stocked: Engine, tale: Tale, accounts: Accounts) -> None:
    """SIGTERM to all workers, who finish what they have in hand, and new ones come; again and
    again.
    """
    times = short_or_whole(4, 20)
    account = accounts(4, "SIGTERM to everybody, new ones start", stocked, times=times)
    server = EmbeddedServer()
    backlog = Backlog(stocked, tale, Bells(server.url), random.Random(lane.SEED), copies=2)
    teller = threading.Thread(target=backlog.tell)
    teller.start()
    deployed = 0
    while teller.is_alive() or deployed < times:
        with supervised(stocked, redis_url=server.url) as supervisor:
            if deployed < times:
                time.sleep(random.Random(deployed).uniform(0.5, 1.5))  # the moment is the fault
            else:
                teller.join()
            account.kills += len(supervisor.pids)
        deployed += 1
    server.stop()
    account.drained(drained(stocked))
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)


def test_05_a_worker_that_stands_still_is_ended_at_the_deadline(
    stocked: Engine, tale: Tale, tmp_path: Path, accounts: Accounts
) -> None:
    """SIGSTOP of a worker with work in hand, under a supervisor: killed, its work done by
    another.
    """
    fault = Fault(str(tmp_path), "computed", deed="stop", times=1)
    account = accounts(5, "SIGSTOP past the deadline", stocked)
    with supervised(stocked, fault=fault, job_seconds=2) as supervisor:
        play(stocked, supervisor, PLAN)
        account.kills = fault.deaths
        assert fault.deaths == 2  # one that ranked, one that folded
        wait_until(lambda: supervisor.restarts >= 2, "their successors")
    account.audit(stocked, tale)


def test_05_a_worker_that_stands_still_in_its_transaction_is_ended_though_nobody_can_write(
    stocked: Engine, tale: Tale, tmp_path: Path, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP with the result half written, and another worker dead: what that one held cannot be
    given back.

    On SQLite nobody writes as long as the transaction stands; the supervisor must end it without
    writing.
    """
    monkeypatch.setattr("db.engine.BUSY_MILLISECONDS", 2_000)
    engine = open_engine(stocked.url.render_as_string(hide_password=False))
    fault = Fault(str(tmp_path), "written", deed="stop", only="rank")
    account = accounts(5, "SIGSTOP in mid-transaction, and another killed", engine)
    with supervised(engine, fault=fault, job_seconds=6) as supervisor:
        backlog = Backlog(engine, tale, supervisor, random.Random(lane.SEED))
        teller = threading.Thread(target=backlog.tell)
        teller.start()
        wait_until(lambda: fault.deaths, "a worker that stands still")
        for pid in supervisor.pids.values():
            if not stands_still(pid):
                os.kill(pid, signal.SIGKILL)
                account.kills += 1
        teller.join()
        account.kills += fault.deaths
    account.audit(engine, tale, acknowledged=backlog.places, offered=backlog.offered)
    engine.dispose()


def stands_still(pid: int) -> bool:
    """Whether a process was stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def test_05_a_stranger_that_stands_still_in_its_transaction_keeps_nobody(
    postgres: str, tale: Tale, tmp_path: Path, accounts: Accounts
) -> None:
    """SIGSTOP of a worker that nobody watches, its work row locked: the others go on, Postgres ends
    it.
    """
    engine = open_engine(fresh_postgres(postgres))
    schema.ensure(engine)
    factories.stock(engine)
    account = accounts(5, "SIGSTOP in mid-transaction, of a worker that nobody watches", engine)
    server = EmbeddedServer()
    fault = Fault(str(tmp_path), "written", deed="stop", only="rank", idle=6)
    sleeper = start_worker(engine, server.url, fault)
    backlog = Backlog(engine, tale, Bells(server.url), random.Random(lane.SEED))
    teller = threading.Thread(target=backlog.tell)
    teller.start()
    wait_until(lambda: fault.deaths, "a worker that stands still")
    with supervised(engine, redis_url=server.url) as supervisor:
        wait_until(
            lambda: len(harness.left(engine)) <= 1, "the end of all work but the one in its hands"
        )
        teller.join()
        assert supervisor.restarts == 0
        sleeper.send_signal(signal.SIGCONT)
        account.kills = 1
        assert sleeper.wait() == DependencyError.exit_code
    server.stop()
    account.audit(engine, tale, acknowledged=backlog.places, offered=backlog.offered)
    engine.dispose()


def test_05_a_worker_that_wakes_up_too_late_writes_nothing(
    stocked: Engine, tale: Tale, tmp_path: Path, accounts: Accounts
) -> None:
    """SIGSTOP, its work is given to others and done, SIGCONT: it finds the row gone and rolls
    back.
    """
    account = accounts(5, "SIGSTOP, the work done by others, SIGCONT", stocked, kills=0)
    server = EmbeddedServer()
    fault = Fault(str(tmp_path), "computed", deed="stop", times=1, only="rank")
    sleeper = start_worker(stocked, server.url, fault)
    backlog = Backlog(stocked, tale, Bells(server.url), random.Random(lane.SEED))
    teller = threading.Thread(target=backlog.tell)
    teller.start()
    wait_until(lambda: fault.deaths, "a worker that stands still")
    with supervised(stocked, redis_url=server.url):
        teller.join()
        sleeper.send_signal(signal.SIGCONT)
        sleeper.terminate()
        sleeper.wait()
    server.stop()
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)


def start_worker(engine: Engine, redis_url: str, fault: Fault) -> subprocess.Popen[bytes]:
    """A worker that no supervisor looks after."""
    own = {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "REDIS_URL": redis_url,
        "FAULT": fault.to_env(),
        "WINDOWSHOP_HEARTBEAT_SECONDS": "0.3",  # so it soon counts as dead
    }
    command = [sys.executable, "-m", "tests.faults.mortal", "--name", "sleeper"]
    return subprocess.Popen(command, env={**os.environ, **own})
