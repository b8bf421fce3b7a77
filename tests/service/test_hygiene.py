"""Nothing is left running however a command ends, and nothing that befalls Redis changes what a run
gives.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select, text

from db import schema
from db.engine import open_engine, read_transaction
from db.tables import slate
from simulator.operations.verify import verify
from tests import factories
from tests.databases import fresh_postgres
from tests.installation import TOY_FLAGS, Installation, Installer, copy_of, install
from tests.tiers import first_of
from workers.local_workforce import LocalWorkforce
from workers.redis_server import EmbeddedServer
from workers.supervisor import Supervisor

pytestmark = pytest.mark.service

PATIENCE = 120.0
"""Seconds until something that must happen soon has not happened."""


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as it holds; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.01)


def n_slates(engine: Engine) -> int:
    """How many requests were answered so far."""
    with read_transaction(engine) as conn:
        return int(conn.execute(select(func.count()).select_from(slate)).scalar_one())


# Nothing is left running.


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation that nobody has used yet."""
    return installed(tmp_path_factory.mktemp("hygiene"))


class Command:
    """A `windowshop simulate` whose processes, whoever their parent is now, are known by what they
    inherit.

    That is a mark in the environment; a Valkey overwrites its own, but its title names the socket's
    folder.
    """

    def __init__(self, installation: Installation, *, days: int, redis_url: str) -> None:
        self.mark = f"HYGIENE={uuid4().hex}"
        self.scratch = Path(
            tempfile.mkdtemp(prefix="ws-", dir="/tmp")
        )  # a socket's path must be short
        name, value = self.mark.split("=")
        self.process = installation.start(
            *("simulate", *TOY_FLAGS[:-2], "--days", str(days), "--workers", "2", "--again"),
            **{
                name: value,
                "TMPDIR": str(self.scratch),
                **({"REDIS_URL": redis_url} if redis_url else {}),
            },
        )
        self.said = installation.said
        self.engine = installation.engine()

    def family(self) -> dict[int, str]:
        """All processes that live and bear the mark: their command lines."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                inherited = (folder / "environ").read_bytes().split(b"\0")
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # gone meanwhile
                continue
            if line and (self.mark.encode() in inherited or str(self.scratch) in line):
                found[int(folder.name)] = line
        return found

    def is_in_the_middle(self, n_processes: int) -> bool:
        """Whether everybody is there and work was done."""
        assert self.process.poll() is None, "the command was done before it could be ended"
        return len(self.family()) >= n_processes and n_slates(self.engine) > 0

    def end(self) -> None:
        """After a failed test, too, nothing shall be left."""
        for pid in self.family():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.engine.dispose()
        shutil.rmtree(self.scratch, ignore_errors=True)


@contextmanager
def playing(installation: Installation, *, days: int, redis_url: str = "") -> Iterator[Command]:
    """A command that plays."""
    command = Command(installation, days=days, redis_url=redis_url)
    try:
        yield command
    finally:
        command.end()


@pytest.fixture(params=first_of(["embedded", "own"]))
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """REDIS_URL: empty, or that of a server which is not the command's to end."""
    if request.param == "embedded":
        yield ""
        return
    server = EmbeddedServer()
    yield server.url
    assert server.guard.poll() is None
    server.stop()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.thorough),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.thorough),
    ],
    ids=str,
)
def test_nothing_is_left_when_a_command_is_ended(
    shop: Installation, tmp_path: Path, redis_url: str, how: signal.Signals, code: int
) -> None:
    """Ctrl-C, SIGTERM, kill -9 of the command alone, in mid-run: workers, guard, Valkey, socket are
    gone.
    """
    n_processes = 3 if redis_url else 5  # the command and two workers; the guard and the server
    with playing(copy_of(shop, tmp_path / "shop"), days=5000, redis_url=redis_url) as command:
        wait_until(lambda: command.is_in_the_middle(n_processes), "a run in full swing")
        assert any("valkey" in line for line in command.family().values()) == (not redis_url)
        command.process.send_signal(how)
        assert command.process.wait(PATIENCE) == code, command.said.read_text()
        wait_until(lambda: not command.family(), f"the end of {command.family()}")
        wait_until(lambda: not list(command.scratch.iterdir()), f"an empty {command.scratch}")


@pytest.mark.thorough
def test_nothing_is_left_on_a_postgres_either(postgres: str, tmp_path: Path) -> None:
    """Kill -9 of a command and its workers die with it: the server soon serves none of them any
    more.
    """
    with playing(
        install(tmp_path / "shop", postgres=fresh_postgres(postgres)), days=5000
    ) as command:
        wait_until(lambda: command.is_in_the_middle(5), "a run in full swing")
        assert n_served(command.engine) > 1
        command.process.kill()
        wait_until(lambda: not command.family(), f"the end of {command.family()}")
        wait_until(lambda: n_served(command.engine) == 0, "the end of their sessions")


def n_served(engine: Engine) -> int:
    """How many others the server serves in this database."""
    with read_transaction(engine) as conn:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        statement = text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")  # noqa: S608
        return int(conn.execute(statement).scalar_one())


@pytest.mark.thorough
def test_nothing_is_left_when_a_command_is_done(
    shop: Installation, tmp_path: Path, redis_url: str
) -> None:
    """The moment the command has ended, everything else has."""
    with playing(copy_of(shop, tmp_path / "shop"), days=2, redis_url=redis_url) as command:
        assert command.process.wait(PATIENCE) == 0, command.said.read_text()
        assert command.family() == {}
        assert list(command.scratch.iterdir()) == []


@pytest.mark.thorough
def test_impatience_leaves_nothing_either(shop: Installation, tmp_path: Path) -> None:
    """Ctrl-C three times at once, the later ones while everything is being ended."""
    with playing(copy_of(shop, tmp_path / "shop"), days=5000) as command:
        wait_until(lambda: command.is_in_the_middle(5), "a run in full swing")
        for _ in range(3):
            command.process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        command.process.wait(PATIENCE)
        wait_until(lambda: not command.family(), f"the end of {command.family()}")
        wait_until(lambda: not list(command.scratch.iterdir()), f"an empty {command.scratch}")


# What happens to Redis and the workers changes nothing.

DAYS = 6


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Run id and export of the toy shop played in this process."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('reference') / 'shop.db'}")
    schema.ensure(engine)
    run = factories.play(engine, LocalWorkforce(engine), days=DAYS).run.id
    exported = factories.exported(engine, run)
    engine.dispose()
    return run, exported


@contextmanager
def supervised(engine: Engine) -> Iterator[Supervisor]:
    """Two workers, and bells that are rung again soon."""
    context = factories.context_of(engine, workers=2, relay_seconds=0.2)
    with Supervisor(context.settings, engine) as supervisor:
        yield supervisor


def check(engine: Engine, run: str, reference: tuple[str, str]) -> None:
    """Same id, same bytes, and everything recomputes."""
    assert (run, factories.exported(engine, run)) == reference
    assert [
        finding for finding in verify(factories.context_of(engine), run) if not finding.ok
    ] == []


@contextmanager
def meanwhile(engine: Engine, deed: Callable[[], None], *, times: int = 1) -> Iterator[None]:
    """Does something when the first slates are there, and again as more come."""
    done_at: list[int] = []

    def work() -> None:
        while len(done_at) < times and not over.wait(0.002):
            if n_slates(engine) > (done_at[-1] if done_at else 0):
                done_at.append(n_slates(engine))
                deed()

    over = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert len(done_at) == times
    assert done_at[-1] < n_slates(engine), "it happened when all was done already"


def test_a_dead_worker_is_replaced(engine: Engine) -> None:
    """Two live, one is killed, two live again."""
    with supervised(engine) as supervisor:
        before = supervisor.pids
        os.kill(min(before.values()), signal.SIGKILL)
        wait_until(
            lambda: len(supervisor.pids) == 2 and supervisor.pids != before, "another worker"
        )
        assert supervisor.restarts == 1


@pytest.mark.thorough
def test_a_killed_valkey_is_revived_and_changes_nothing(
    engine: Engine, reference: tuple[str, str]
) -> None:
    """Kill -9 of the server, twice in a run; what stood in its queue is rung for again."""
    factories.stock(engine)
    with supervised(engine) as supervisor:
        with meanwhile(engine, lambda: os.kill(server_of(supervisor), signal.SIGKILL), times=2):
            run = factories.play(engine, supervisor, days=DAYS).run.id
        wait_until(lambda: supervisor.restarts >= 2, "two revivals")
    check(engine, run, reference)


def server_of(supervisor: Supervisor) -> int:
    """The process id of the embedded Valkey: the one child of its guard."""
    assert supervisor._server is not None
    found: list[int] = []

    def is_there() -> bool:
        guard = supervisor._server.guard.pid  # type: ignore[union-attr]
        children = Path(f"/proc/{guard}/task/{guard}/children")
        found[:] = [int(word) for word in children.read_text().split()] if children.exists() else []
        return bool(found)

    wait_until(is_there, "a server")
    return found[0]


@pytest.mark.thorough
def test_an_emptied_valkey_changes_nothing(engine: Engine, reference: tuple[str, str]) -> None:
    """FLUSHALL three times in a run: bells, job hashes and the workers' own registration are
    gone.
    """
    factories.stock(engine)
    with supervised(engine) as supervisor:
        redis = Redis.from_url(supervisor.settings.redis_url)
        with meanwhile(engine, lambda: redis.flushall() and None, times=3):
            run = factories.play(engine, supervisor, days=DAYS).run.id
        redis.close()
    check(engine, run, reference)


class Insistent:
    """Rings for everything several times, as lost acknowledgements would."""

    def __init__(self, supervisor: Supervisor, times: int) -> None:
        self.supervisor = supervisor
        self.times = times

    def ring(self, work_ids: list[int]) -> None:
        """Ring again and again."""
        for _ in range(self.times):
            self.supervisor.ring(work_ids)


@pytest.mark.thorough
def test_a_bell_rung_five_times_changes_nothing(engine: Engine, reference: tuple[str, str]) -> None:
    """The later bells find the work taken or done."""
    factories.stock(engine)
    with supervised(engine) as supervisor:
        run = factories.play(engine, Insistent(supervisor, 5), days=DAYS).run.id
    check(engine, run, reference)
