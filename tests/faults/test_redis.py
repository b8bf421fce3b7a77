"""Cases 6, 7, 13 and 20: Redis killed, emptied, slow, away; bells repeated; poison in the queue."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests import factories
from tests.faults import lane
from tests.faults.account import Account, Tale
from tests.faults.backlog import Backlog
from tests.faults.conftest import PLAN
from tests.faults.harness import drained, meanwhile, play, redis_of, server_of, supervised
from tests.faults.lane import short_or_whole, wait_until
from tests.faults.mortal import Fault
from tests.faults.proxy import Proxy
from tests.faults.servers import valkey_on_disk
from tests.service.test_poison import CANARY, POISONS, QUEUE
from workers.queue import IN_HAND, QUARANTINE
from workers.redis_server import EmbeddedServer

Accounts = Callable[..., Account]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name."""
    folder = Path(tempfile.mkdtemp(prefix="ws-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_06_valkey_is_killed_and_remembers_nothing(
    stocked: Engine, tale: Tale, accounts: Accounts
) -> None:
    """SIGKILL of a Valkey without persistence, in mid-run; revived by the supervisor, empty."""
    times = short_or_whole(2, 5)
    account = accounts(6, "kill -9 of Valkey, nothing kept", stocked, times=times, kills=times)
    with supervised(stocked) as supervisor:
        with meanwhile(
            account, stocked, lambda: os.kill(server_of(supervisor), signal.SIGKILL), times=times
        ):
            play(stocked, supervisor, PLAN)
        wait_until(lambda: supervisor.restarts >= times, "its revival")
    account.audit(stocked, tale)


def test_06_redis_is_emptied(stocked: Engine, tale: Tale, accounts: Accounts) -> None:
    """FLUSHALL: bells, job hashes and the workers' own registration are gone."""
    times = short_or_whole(3, 5)
    account = accounts(6, "FLUSHALL", stocked, times=times)
    with supervised(stocked) as supervisor:
        redis = redis_of(supervisor)
        with meanwhile(account, stocked, redis.flushall, times=times):
            play(stocked, supervisor, PLAN)
        redis.close()
    account.audit(stocked, tale)


def test_06_valkey_is_killed_and_remembers_everything(
    stocked: Engine, tale: Tale, short_folder: Path, accounts: Accounts
) -> None:
    """SIGKILL of a Valkey with an append-only file: old bells come back, their work long done."""
    times = short_or_whole(2, 5)
    account = accounts(6, "kill -9 of Valkey, append-only", stocked, times=times, kills=times)
    with (
        valkey_on_disk(short_folder) as server,
        supervised(stocked, redis_url=server.url) as supervisor,
        meanwhile(account, stocked, server.kill_and_start, times=times),
    ):
        play(stocked, supervisor, PLAN)
    account.audit(stocked, tale)


@pytest.fixture
def redis_behind_a_proxy() -> Iterator[tuple[Proxy, str]]:
    """A Valkey, the proxy before it, and the address of the proxy."""
    server = EmbeddedServer()
    with Proxy(server.url.removeprefix("unix://")) as proxy:
        yield proxy, f"redis://127.0.0.1:{proxy.port}/0"
    server.stop()


@pytest.mark.parametrize("seconds", short_or_whole([6], [6, 40, 300]))
def test_07_redis_is_away(
    stocked: Engine,
    tale: Tale,
    redis_behind_a_proxy: tuple[Proxy, str],
    accounts: Accounts,
    seconds: int,
) -> None:
    """Every connection is cut and none is taken for so long, in the middle of a run and of jobs."""
    proxy, url = redis_behind_a_proxy
    account = accounts(7, f"Redis away for {seconds} s", stocked)

    def go_away_for_a_while() -> None:
        proxy.go_away()
        time.sleep(seconds)  # the length of the outage is the fault
        proxy.come_back()

    with supervised(stocked, redis_url=url) as supervisor:
        with meanwhile(account, stocked, go_away_for_a_while):
            play(stocked, supervisor, PLAN)
        wait_until(lambda: len(supervisor.pids) == 2, "both workers")
        account.kills = supervisor.restarts
    account.audit(stocked, tale)


def test_07_redis_is_slow(
    sqlite: Engine, tale: Tale, redis_behind_a_proxy: tuple[Proxy, str], accounts: Accounts
) -> None:
    """Each answer takes 200 ms longer."""
    proxy, url = redis_behind_a_proxy
    factories.stock(sqlite)
    account = accounts(7, "Redis slower by 200 ms", sqlite)

    def hurry_up_at_last() -> None:
        time.sleep(short_or_whole(10, 60))  # the length of it is the fault
        proxy.delay = 0.0

    with supervised(sqlite, redis_url=url) as supervisor:
        proxy.delay = 0.2
        with meanwhile(account, sqlite, hurry_up_at_last):
            play(sqlite, supervisor, PLAN)
    account.audit(sqlite, tale)


def test_07_connections_are_reset(
    stocked: Engine, tale: Tale, redis_behind_a_proxy: tuple[Proxy, str], accounts: Accounts
) -> None:
    """Every connection to Redis is reset in mid-run, and may be made again at once."""
    proxy, url = redis_behind_a_proxy
    times = short_or_whole(3, 10)
    account = accounts(7, "connections to Redis reset", stocked, times=times)
    with (
        supervised(stocked, redis_url=url) as supervisor,
        meanwhile(account, stocked, proxy.cut, times=times),
    ):
        play(stocked, supervisor, PLAN)
    account.audit(stocked, tale)


def test_07_the_network_swallows_what_goes_to_redis(
    stocked: Engine, tale: Tale, redis_behind_a_proxy: tuple[Proxy, str], accounts: Accounts
) -> None:
    """Nothing comes through and nobody is told; later new connections work, the old ones never
    again.
    """
    proxy, url = redis_behind_a_proxy
    account = accounts(7, "network to Redis swallows packets", stocked)

    def swallow_for_a_while() -> None:
        proxy.swallow()
        time.sleep(short_or_whole(3, 40))  # the length of it is the fault
        proxy.recover()

    with supervised(stocked, redis_url=url) as supervisor:
        with meanwhile(account, stocked, swallow_for_a_while):
            play(stocked, supervisor, PLAN)
        account.kills = supervisor.restarts
    assert proxy.n_swallowed > 4
    account.audit(stocked, tale)


def test_13_every_call_comes_one_to_five_times(
    stocked: Engine, tale: Tale, accounts: Accounts
) -> None:
    """Every intake call and every bell, 1 to 5 times, four at once."""
    account = accounts(13, "every call and bell 1 to 5 times, at once", stocked)
    with supervised(stocked, workers=3) as supervisor:
        backlog = Backlog(stocked, tale, supervisor, random.Random(lane.SEED), copies=5, threads=4)
        backlog.tell()
    account.drained(backlog.longest_drain)
    assert backlog.offered > 2 * len(tale.events)
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)


def test_20_poison_in_the_queue(
    stocked: Engine, tale: Tale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accounts: Accounts
) -> None:
    """All of it beside a run: nothing of it runs, no worker dies of it, the unreadable is put
    aside.
    """
    canary = tmp_path / "canary"
    monkeypatch.setenv(CANARY, str(canary))
    account = accounts(
        20, f"{len(POISONS)} kinds of poison in the queue", stocked, times=len(POISONS)
    )
    with supervised(stocked) as supervisor:
        redis = redis_of(supervisor)
        for poison in POISONS.values():
            poison(redis, canary)
        play(stocked, supervisor, PLAN)
        account.drained(wait_until(lambda: not redis.llen(QUEUE), "an empty queue"))
        assert not canary.exists()
        assert supervisor.restarts == 0
        assert redis.keys(f"{QUARANTINE}*")
        wait_until(lambda: not redis.exists(IN_HAND), "the last bell in hand to be answered")
        redis.close()
    account.audit(stocked, tale)


def test_16_a_worker_whose_clock_is_wrong(
    stocked: Engine, tale: Tale, tmp_path: Path, accounts: Accounts
) -> None:
    """An hour ahead or behind: leases go by the database's clock, and RQ's own times decide
    nothing.
    """
    account = accounts(16, "workers' clocks wrong by an hour", stocked, times=2)
    for clock in (3600.0, -3600.0):
        fault = Fault(str(tmp_path), "never", clock=clock)
        with supervised(stocked, fault=fault) as supervisor:
            backlog = Backlog(stocked, tale, supervisor, random.Random(lane.SEED), copies=2)
            backlog.tell()
            account.drained(drained(stocked))
            assert supervisor.restarts == 0
        account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)
        backlog.forget()
