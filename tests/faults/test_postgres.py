"""Cases 8, 9 and 15: Postgres stopped at once, cut off at COMMIT, and transactions that commit
late.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from db import schema, work
from db.engine import open_engine, read_transaction, write_transaction
from db.tables import work as work_table
from tests import factories
from tests.faults import lane
from tests.faults.account import Account, Tale
from tests.faults.backlog import Backlog
from tests.faults.harness import Bells, drained, meanwhile, supervised
from tests.faults.lane import short_or_whole, wait_until
from tests.faults.proxy import Proxy
from tests.faults.servers import OwnPostgres
from workers.redis_server import EmbeddedServer

Accounts = Callable[..., Account]


@pytest.fixture(scope="module")
def own_postgres(
    cluster_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnPostgres]:
    """A Postgres that these tests may kill."""
    server = OwnPostgres(cluster_folder / "own", tmp_path_factory.mktemp("runtime"))
    yield server
    server.stop()


@pytest.fixture
def proxy(own_postgres: OwnPostgres) -> Iterator[Proxy]:
    """What stands before it."""
    with Proxy(("127.0.0.1", own_postgres.port)) as proxy:
        yield proxy


@pytest.fixture
def behind(own_postgres: OwnPostgres, proxy: Proxy) -> Iterator[Engine]:
    """A stocked shop that is reached through the proxy."""
    engine = open_engine(stocked_at(own_postgres, proxy))
    yield engine
    engine.dispose()


@contextmanager
def past(proxy: Proxy, behind: Engine) -> Iterator[Engine]:
    """The same shop without the proxy."""
    address = behind.url.set(port=int(proxy.upstream[1])).render_as_string(hide_password=False)
    engine = open_engine(address)
    yield engine
    engine.dispose()


def stocked_at(own_postgres: OwnPostgres, proxy: Proxy) -> str:
    """The address, through the proxy, of a database that has its catalogue."""
    name = f"test_{uuid4().hex}"
    own_postgres.database(name)
    address = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
    engine = open_engine(address)
    schema.ensure(engine)
    factories.stock(engine)
    engine.dispose()
    return address


def test_08_postgres_stops_in_mid_transaction(
    behind: Engine, own_postgres: OwnPostgres, proxy: Proxy, tale: Tale, accounts: Accounts
) -> None:
    """`stop -m immediate`, then started again: what was not committed is gone, and comes again."""
    times = short_or_whole(3, 10)
    account = accounts(8, "Postgres stopped immediately", behind, times=times, kills=times)

    def crash() -> None:
        own_postgres.kill()
        proxy.cut()
        own_postgres.start()

    with supervised(behind) as supervisor:
        backlog = Backlog(behind, tale, supervisor, random.Random(lane.SEED), copies=2)
        with meanwhile(account, behind, crash, times=times):
            backlog.tell()
        wait_until(lambda: len(supervisor.pids) == 2, "both workers")
    assert backlog.pardoned == 0
    account.audit(behind, tale, acknowledged=backlog.places, offered=backlog.offered)


@pytest.mark.parametrize("delivered", [False, True], ids=["before", "after"])
def test_09_the_connection_is_cut_at_commit(
    behind: Engine, proxy: Proxy, tale: Tale, accounts: Accounts, delivered: bool
) -> None:
    """Before COMMIT is delivered, or before its answer is: nobody can know which, and asks
    again.
    """
    times = short_or_whole(5, 30)
    how = "its answer lost" if delivered else "never delivered"
    account = accounts(9, f"connection cut at COMMIT, {how}", behind, times=times)
    deed = lambda: proxy.cut_at(b"COMMIT", delivered=delivered, times=1)  # noqa: E731
    with (
        past(proxy, behind) as direct,
        supervised(behind) as supervisor,
        meanwhile(account, behind, deed, times=times) as cutting,
    ):
        for telling in itertools.count(lane.SEED):
            backlog = Backlog(behind, tale, supervisor, random.Random(telling), copies=2)
            backlog.tell()
            assert backlog.pardoned == 0
            account.audit(direct, tale, acknowledged=backlog.places, offered=backlog.offered)
            if cutting.is_over:
                break
            backlog.persist(backlog.forget)
    account.kills = proxy.cuts
    assert proxy.cuts >= times - 1


def test_15_a_lower_id_that_commits_late_is_not_passed_over(
    behind: Engine, tale: Tale, accounts: Accounts
) -> None:
    """Work written first and committed last: higher ids were done long before it could be seen."""
    account = accounts(15, "a lower id commits late", behind)
    server = EmbeddedServer()
    backlog = Backlog(behind, tale, Bells(server.url), random.Random(lane.SEED))
    backlog._open()
    backlog._offer(0)
    early = backlog._requests(0)
    late = {}
    for key in sorted(early)[::2]:
        late[key] = early.pop(key)
    with supervised(behind, redis_url=server.url):
        with write_transaction(behind) as slow:
            first = work.add(slow, tale.run.number, "rank", late)
            others = threading.Thread(target=_do, args=(behind, backlog, early))
            others.start()
            others.join()
            with read_transaction(behind) as conn:
                assert not conn.execute(select(work_table.c.id)).all()
        # Nobody rings for the late ones.
        account.drained(drained(behind))
        assert min(first) < backlog.last_id
        backlog.tell()
    server.stop()
    account.audit(behind, tale, acknowledged=backlog.places, offered=backlog.offered)


def _do(engine: Engine, backlog: Backlog, payloads: dict[str, dict[str, object]]) -> None:
    with write_transaction(engine) as conn:
        ids = work.add(conn, backlog.tale.run.number, "rank", payloads)
    backlog.last_id = max(ids)
    backlog.workforce.ring(ids)
    drained(engine)


QUICK = (
    "?connect_timeout=2&keepalives_idle=1&keepalives_interval=1&keepalives_count=2"
    "&tcp_user_timeout=3000"
)
"""Patience of seconds instead of half a minute."""


@pytest.mark.parametrize(
    "patience",
    short_or_whole([QUICK], [QUICK, ""]),
    ids=short_or_whole(["quick"], ["quick", "ours"]),
)
def test_07_the_network_swallows_what_goes_to_postgres(
    own_postgres: OwnPostgres, proxy: Proxy, tale: Tale, accounts: Accounts, patience: str
) -> None:
    """Nothing comes through and nobody is told; later new connections work, the old ones never
    again.
    """
    engine = open_engine(stocked_at(own_postgres, proxy) + patience)
    account = accounts(7, "network to Postgres swallows packets", engine)

    def swallow_for_a_while() -> None:
        proxy.swallow()
        time.sleep(5 if patience else 40)  # the length of it is the fault
        proxy.recover()

    with supervised(engine) as supervisor:
        backlog = Backlog(engine, tale, supervisor, random.Random(lane.SEED), copies=2)
        with meanwhile(account, engine, swallow_for_a_while):
            backlog.tell()
        wait_until(lambda: len(supervisor.pids) == 2, "both workers")
        account.kills = supervisor.restarts
    assert proxy.n_swallowed > 4
    assert backlog.pardoned == 0
    account.audit(engine, tale, acknowledged=backlog.places, offered=backlog.offered)
    engine.dispose()
