"""A server that is away, too old, or wants another secret is named in one line with its cure."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from tests.installation import TOY_FLAGS, Installation, Installer
from tests.journey.refusals import DEPENDENCY, USAGE
from tests.tiers import first_of
from workers.redis_server import EmbeddedServer

pytestmark = pytest.mark.journey

SIMULATE = ("simulate", *TOY_FLAGS)
NOBODY = "127.0.0.1:1"
WANTS_NEWER_REDIS = """
from workers import queue
queue.OLDEST_REDIS = (99, 0)
from simulator.cli.main import main
main()
"""
WANTS_NEWER_POSTGRES = """
from db import engine
engine.OLDEST_POSTGRES = 99
from simulator.cli.main import main
main()
"""
"""The command lines of a Windowshop of a later day, for which today's servers are too old."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation that nobody has used yet."""
    return installed(tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The address, without its secret, of a Redis that wants one."""
    server = EmbeddedServer()
    connection = Redis.from_url(server.url)
    connection.config_set("requirepass", "sesame")
    connection.close()
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def clerk(postgres: str) -> str:
    """The address, with a wrong secret, of a Postgres that believes everybody but this clerk."""
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("DROP ROLE IF EXISTS cashier")
        conn.execute("CREATE ROLE cashier LOGIN PASSWORD 'right'")
        row = conn.execute("SHOW hba_file").fetchone()
        rules = Path(row[0] if row else "")
        if rules.is_file():
            rules.write_text("local all cashier scram-sha-256\n" + rules.read_text())
        conn.execute("SELECT pg_reload_conf()")
    return (
        make_url(postgres)
        .set(username="cashier", password="wrong")  # noqa: S106 - of a server that this test starts
        .render_as_string(hide_password=False)
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One line with all the words and no secret, nothing on standard output."""
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr
    assert "wrong" not in done.stderr
    assert done.stdout == ""


ASKED = [SIMULATE, ("up",), ("worker",)]


@pytest.mark.parametrize("command", first_of(ASKED), ids=lambda one: one[0])
def test_a_redis_that_is_away(shop: Installation, command: tuple[str, ...]) -> None:
    """Where it was looked for."""
    refused(
        shop.call(*command, REDIS_URL=f"redis://{NOBODY}/0"), DEPENDENCY, NOBODY, "unset REDIS_URL"
    )


@pytest.mark.parametrize("command", first_of(ASKED), ids=lambda one: one[0])
@pytest.mark.parametrize("secret", ["", ":wrong@"], ids=["missing", "wrong"])
def test_a_redis_that_wants_a_secret(
    shop: Installation, redis: str, secret: str, command: tuple[str, ...]
) -> None:
    """Both ways to give it."""
    done = shop.call(*command, REDIS_URL=redis.replace("unix://", f"unix://{secret}"))
    refused(
        done, DEPENDENCY, "refuses our password, or wants one", "WINDOWSHOP_REDIS_PASSWORD_FILE"
    )


def test_a_secret_whose_file_is_not_there(shop: Installation) -> None:
    """The file, and the variable that names it."""
    changes = {"REDIS_URL": f"redis://{NOBODY}", "WINDOWSHOP_REDIS_PASSWORD_FILE": "nowhere"}
    done = shop.call("up", **changes)
    refused(done, USAGE, "nowhere", "WINDOWSHOP_REDIS_PASSWORD_FILE")


@pytest.mark.parametrize("command", first_of(ASKED), ids=lambda one: one[0])
def test_a_redis_that_is_too_old(shop: Installation, redis: str, command: tuple[str, ...]) -> None:
    """Which it is and which is wanted."""
    url = redis.replace("unix://", "unix://:sesame@")
    done = shop.python("-c", WANTS_NEWER_REDIS, *command, REDIS_URL=url)
    refused(done, DEPENDENCY, "at least 99.0 is wanted", "unset REDIS_URL")


ASKING_POSTGRES = [(*SIMULATE, "--local"), ("up",), ("status",)]


@pytest.mark.parametrize("command", first_of(ASKING_POSTGRES), ids=lambda one: one[0])
def test_a_postgres_that_is_away(shop: Installation, command: tuple[str, ...]) -> None:
    """Where it was looked for."""
    done = shop.call(*command, DATABASE_URL=f"postgresql://me:wrong@{NOBODY}/shop")
    refused(done, DEPENDENCY, NOBODY, "correct DATABASE_URL")


@pytest.mark.parametrize("command", first_of(ASKING_POSTGRES), ids=lambda one: one[0])
@pytest.mark.parametrize("is_given", [False, True], ids=["missing", "wrong"])
def test_a_postgres_that_wants_a_secret(
    shop: Installation, clerk: str, is_given: bool, command: tuple[str, ...]
) -> None:
    """Where to put the right one."""
    address = make_url(clerk)
    given = address if is_given else make_url(clerk.replace(":wrong@", "@"))
    done = shop.call(*command, DATABASE_URL=given.render_as_string(hide_password=False))
    refused(done, DEPENDENCY, "password", "give the right password in DATABASE_URL", "PGPASSFILE")


@pytest.mark.parametrize("command", first_of(ASKING_POSTGRES), ids=lambda one: one[0])
def test_a_postgres_that_is_too_old(
    shop: Installation, postgres: str, command: tuple[str, ...]
) -> None:
    """Which it is and which is wanted."""
    done = shop.python("-c", WANTS_NEWER_POSTGRES, *command, DATABASE_URL=postgres)
    refused(done, DEPENDENCY, "at least 99 is wanted", "unset DATABASE_URL")
