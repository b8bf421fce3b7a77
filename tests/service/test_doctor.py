"""The doctor names each fault with its cure; one finding each, and nothing is changed by
looking.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import Engine, make_url, update

from db import engine as engines
from db import heartbeats, runs, schema, work
from db.engine import now, open_engine, read_transaction, write_transaction
from db.errors import DependencyError
from db.heartbeats import Process
from db.tables import heartbeat
from simulator.operations import doctor as doctors
from simulator.operations.doctor import Finding
from tests import factories
from tests.databases import PASS, POSTGRES
from workers import dead, queue, settings
from workers.redis_server import EmbeddedServer
from workers.relay import take_from_silent
from workers.settings import Settings

pytestmark = pytest.mark.service

NOBODY = "127.0.0.1:1"


def finding(name: str, found: Settings) -> Finding:
    """What the doctor says about one thing."""
    return next(one for one in doctors.doctor(found) if one.name == name)


def check(one: Finding, *words: str) -> None:
    """It is wrong, has a cure, and says all the words."""
    said = f"{one.detail} {one.cure}"
    assert not one.ok
    assert one.cure
    assert [word for word in words if word not in said] == [], said


def of(engine: Engine, tmp_path: Path, **flags: object) -> Settings:
    """An installation that is well but for what is given."""
    return factories.context_of(
        engine, home=tmp_path / "home", runs=tmp_path / "runs", **flags
    ).settings


@pytest.fixture
def locked() -> Iterator[EmbeddedServer]:
    """A Redis that wants a password."""
    server = EmbeddedServer()
    connection = Redis.from_url(server.url)
    connection.config_set("requirepass", "sesame")
    connection.close()
    yield server
    server.stop()


def test_redis_down(any_engine: Engine, tmp_path: Path) -> None:
    """Where it was looked for."""
    check(
        finding("queue", of(any_engine, tmp_path, redis_url=f"redis://{NOBODY}")),
        NOBODY,
        "unset REDIS_URL",
    )


def test_redis_wants_a_password(any_engine: Engine, tmp_path: Path, locked: EmbeddedServer) -> None:
    """Both ways to give it."""
    one = finding("queue", of(any_engine, tmp_path, redis_url=locked.url))
    check(one, "refuses our password", "redis://:PASSWORD@", "WINDOWSHOP_REDIS_PASSWORD_FILE")


def test_a_password_file_is_enough(tmp_path: Path) -> None:
    """It goes into the address; one that stands there already wins; a file that is not there is
    named.
    """
    file = tmp_path / "password"
    file.write_text("open/sesame\n")
    given = settings.load(redis_url="redis://h:1/0", redis_password_file=str(file))
    assert given.redis_url == "redis://:open%2Fsesame@h:1/0"
    given = settings.load(redis_url="redis://:mine@h:1/0", redis_password_file=str(file))
    assert given.redis_url == "redis://:mine@h:1/0"
    with pytest.raises(settings.UsageError, match="nowhere"):
        # A file's name.
        settings.load(redis_url="redis://h", redis_password_file="nowhere")  # noqa: S106


def test_redis_too_old(
    any_engine: Engine, tmp_path: Path, locked: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which version it is and which is wanted."""
    monkeypatch.setattr(queue, "OLDEST_REDIS", (99, 0))
    url = locked.url.replace("unix://", "unix://:sesame@")
    check(finding("queue", of(any_engine, tmp_path, redis_url=url)), "at least 99.0", "update it")


def test_postgres_down(any_engine: Engine, tmp_path: Path) -> None:
    """Where it was looked for; the password is not shown."""
    down = of(any_engine, tmp_path).model_copy(
        update={"database_url": f"postgresql://me:secret@{NOBODY}/shop"}
    )
    one = finding("database", down)
    check(one, NOBODY, "correct DATABASE_URL")
    assert "secret" not in one.detail


def test_postgres_wants_another_password(any_engine: Engine, tmp_path: Path, postgres: str) -> None:
    """Told apart from one that is down. The server of the tests believes everybody but this
    clerk.
    """
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("DROP ROLE IF EXISTS clerk")
        conn.execute("CREATE ROLE clerk LOGIN PASSWORD 'right'")
        row = conn.execute("SHOW hba_file").fetchone()
        rules = Path(row[0] if row else "")
        if rules.is_file():
            rules.write_text("local all clerk scram-sha-256\n" + rules.read_text())
        conn.execute("SELECT pg_reload_conf()")
    # That is the test.
    address = make_url(postgres).set(username="clerk", password="wrong")  # noqa: S106
    url = address.render_as_string(hide_password=False)
    one = finding("database", of(any_engine, tmp_path).model_copy(update={"database_url": url}))
    check(one, "password authentication failed", "right password", "PGPASSFILE")


def test_postgres_without_our_database(any_engine: Engine, tmp_path: Path, postgres: str) -> None:
    """Told apart from one that is down."""
    url = make_url(postgres).set(database="nowhere").render_as_string(hide_password=False)
    one = finding("database", of(any_engine, tmp_path).model_copy(update={"database_url": url}))
    check(one, '"nowhere" does not exist', "createdb")


def test_postgres_too_old(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which version it is and which is wanted."""
    monkeypatch.setattr(engines, "OLDEST_POSTGRES", 99)
    engine = open_engine(postgres)
    with (
        pytest.raises(DependencyError, match=r"at least 99 is wanted: update it"),
        read_transaction(engine),
    ):
        pass
    engine.dispose()


def test_an_older_schema(engine: Engine, tmp_path: Path) -> None:
    """What brings it up to date; nothing is migrated by looking."""
    with write_transaction(engine) as conn:
        schema.migrate(conn, "0001")
    check(finding("database", of(engine, tmp_path)), "version 0001 of", "windowshop up")
    with read_transaction(engine) as conn:
        assert schema.version(conn) == "0001"


def test_a_newer_schema(any_engine: Engine, tmp_path: Path) -> None:
    """Windowshop is what must be updated."""
    with write_transaction(any_engine) as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    check(finding("database", of(any_engine, tmp_path)), "version 9999", "update Windowshop")


def test_a_disk_that_is_nearly_full(
    any_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much is left and how much is wanted."""
    monkeypatch.setattr(doctors, "SMALLEST_SPACE", 10**18)
    check(finding("disk", of(any_engine, tmp_path)), "GB free", "are wanted")


@pytest.mark.skipif(PASS == POSTGRES, reason="SQLite's own race")
def test_the_version_of_sqlite_is_named(
    sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its race, where it has it: that is no fault of the installation."""
    monkeypatch.setattr(doctors, "SQLITE_SAFE", (99,))
    one = finding("database", of(sqlite, tmp_path))
    assert one.ok
    assert "WAL race" in one.detail


def test_data_that_is_found_nowhere(
    any_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package that holds it."""
    from functools import partial

    from simulator.catalogues import fashion_mnist as datasets

    monkeypatch.setattr(datasets, "Sources", partial(datasets.Sources, folders=()))
    found = of(any_engine, tmp_path, cache=tmp_path / "cache", keras_home=tmp_path)
    check(finding("data", found), "apt-get install")


def test_parked_work(engine: Engine, tmp_path: Path) -> None:
    """Its reason, and what to do about it."""
    with write_transaction(engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        work_id = work.add(conn, run, "rank", {"a": {}})[0]
        for _ in range(work.MOST_TRIES):
            work.take(conn, work_id, "clumsy")
            work.give_back(conn, work_id, "it broke")
    check(
        finding("work", of(engine, tmp_path)),
        "it broke",
        "windowshop work retry",
        "windowshop work list",
    )


def killed() -> int:
    """The pid of a process that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_who_was_killed_here_is_no_fault(engine: Engine, tmp_path: Path) -> None:
    """The dead are told of, and what becomes of their work; who lives and is silent hangs."""
    here = partial(Process, kind=heartbeats.WORKER, host=socket.gethostname(), every=1.0)
    with write_transaction(engine) as conn:
        heartbeats.beat(conn, here("dead", pid=killed()))
        heartbeats.beat(conn, here("other", pid=os.getpid()))  # who got the number later
        conn.execute(update(heartbeat).values(started=now() - 1e6))
        heartbeats.beat(conn, Process("before", heartbeats.WORKER, "container", 1, every=1.0))
        conn.execute(update(heartbeat).values(seen=now() - 600))
        heartbeats.beat(conn, Process("after", heartbeats.WORKER, "container", 1, every=3600.0))
    found = finding("workers", of(engine, tmp_path))
    assert found.ok
    assert found.detail.endswith("3 were killed, and the next start forgets that")
    with write_transaction(engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        work.take(conn, work.add(conn, run, "rank", {"a": {}})[0], "dead")
    found = finding("workers", of(engine, tmp_path))
    assert found.ok
    assert found.detail.endswith(
        "killed over 1 pieces of work, which the next start gives to others"
    )
    with write_transaction(engine) as conn:
        heartbeats.beat(conn, here("stuck", pid=os.getpid()))
        conn.execute(update(heartbeat).values(seen=now() - 600))
    check(finding("workers", of(engine, tmp_path)), "1 of 5 processes are silent: stuck")


def test_the_next_start_forgets_who_was_killed(engine: Engine) -> None:
    """But not before its work is given back, nor who is silent elsewhere."""
    names = ("dead", "busy", "elsewhere", "stuck")
    pids = (killed(), killed(), killed(), os.getpid())
    with write_transaction(engine) as conn:
        for name, pid in zip(names, pids, strict=True):
            host = "far" if name == "elsewhere" else socket.gethostname()
            heartbeats.beat(conn, Process(name, heartbeats.WORKER, host, pid, every=1.0))
        conn.execute(update(heartbeat).values(seen=now() - 600))
        run = runs.open_run(conn, {"policy": "random"}).number
        work.take(conn, work.add(conn, run, "rank", {"a": {}})[0], "busy")
    assert dead.forget(engine) == ["dead"]
    with read_transaction(engine) as conn:
        assert {one.name for one in heartbeats.every(conn)} == {"busy", "elsewhere", "stuck"}
    assert take_from_silent(engine)
    assert dead.forget(engine) == ["busy"]


def test_a_silent_worker(engine: Engine, tmp_path: Path) -> None:
    """Which one, where, since when; a fresh heartbeat is no fault."""
    with write_transaction(engine) as conn:
        heartbeats.beat(conn, Process("far", heartbeats.WORKER, "host", 17, every=60.0))
    assert finding("workers", of(engine, tmp_path)).ok
    with write_transaction(engine) as conn:
        conn.execute(update(heartbeat).values(seen=now() - 600))
    check(
        finding("workers", of(engine, tmp_path)),
        "far",
        "pid 17 on host",
        "host, for 60",
        "windowshop worker",
    )
