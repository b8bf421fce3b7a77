"""`windowshop serve` as a process: it answers at once, loses nothing when killed, and ends well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from db import event_log, runs
from db.engine import read_transaction
from db.events import Kind
from tests.installation import TOY_FLAGS, Installation, Installer

pytestmark = pytest.mark.service

PATIENCE = 60.0
FLAGS = ("serve", "--catalogue", "toy", "--workers", "1", "--port", "0")
SEARCH = "/api/v1/searches"


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as it holds; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def made(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation in which blend was played."""
    found = installed(tmp_path_factory.mktemp("made") / "shop")
    done = found.call("simulate", "--policy", "blend", "--local", *TOY_FLAGS)
    assert done.returncode == 0, done.stderr
    return found


@contextmanager
def serving(made: Installation) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A server, and who asks it; killed at the end if it still lives."""
    with made.said.open("a") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *FLAGS],
            cwd=made.folder,
            env=made.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[0]
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def is_ready(client: httpx.Client) -> bool:
    """Whether the shop is open and a worker lives."""
    return client.get("/readyz").status_code == 200


def kinds(made: Installation) -> Counter[str]:
    """The events of the live run by kind."""
    engine = made.engine()
    with read_transaction(engine) as conn:
        (live,) = (one for one in runs.every(conn) if one.config.get("kind") == "live")
        log = event_log.read(conn, live.number, k=10)
    engine.dispose()
    return Counter(Kind(kind).name.lower() for kind in log.rows["kind"].tolist())


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sorted({*map(int, found), *(int(one) for t in threads for one in _of(t))})


def _of(thread: Path) -> list[str]:
    try:
        return (thread / "children").read_text().split()
    except OSError:
        return []


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_answers_at_once_and_never_sees_tensorflow(made: Installation) -> None:
    """Alive when it says its address; then open, and a search goes through a worker. Told to stop
    it ends with 0 and leaves nobody behind.
    """
    with serving(made) as (process, client):
        assert client.get("/healthz").text == "ok\n"
        wait_until(lambda: is_ready(client), "the shop opens")
        assert client.get("/").status_code == 200
        found = client.post(SEARCH, json={"item": "query-0130", "wait": 30})
        assert found.status_code == 200
        assert len(found.json()["items"]) == 10
        assert "tensorflow" not in Path(f"/proc/{process.pid}/maps").read_text()
        assert "windowshop_http_requests_total" in client.get("/metrics").text
        started = children(process.pid)
        assert started
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        wait_until(lambda: not any(map(lives, started)), "nobody is left")


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_that_is_killed_loses_nothing(made: Installation) -> None:
    """A search that was promised before the kill is answered after it, once, for the visitor who
    asked.
    """
    with serving(made) as (process, client):
        wait_until(lambda: is_ready(client), "the shop opens")
        before = kinds(made)
        answer = client.post(SEARCH, json={"item": "query-0131", "wait": 0})
        assert answer.status_code in {200, 202}
        place = f"/api/v1/recommendations/{answer.json()['search']}"
        cookies = dict(client.cookies)
        started = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_until(lambda: not any(map(lives, started)), "nobody outlives it")
    with serving(made) as (_, client):
        wait_until(lambda: is_ready(client), "the shop opens again")
        client.cookies.update(cookies)
        wait_until(lambda: client.get(place).status_code == 200, "the promise is kept")
        told = {"kind": "click", "search": answer.json()["search"], "position": 1}
        assert client.post("/api/v1/events", json=told).json()["accepted"] == 1
        assert kinds(made) - before == {"search": 1, "impression": 1, "click": 1}


def test_what_keeps_a_shop_from_opening_is_one_line(made: Installation) -> None:
    """A run that is not there, a policy that nobody serves, a port that is taken."""
    done = made.call("serve", "--run", "000000000000", "--port", "0")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no run '000000000000'" in done.stderr
    done = made.call("serve", "--policy", "oracle")
    assert done.returncode == 2
    assert "choose one of" in done.stderr
    with serving(made) as (_, client):
        done = made.call("serve", "--port", str(client.base_url.port))
        assert done.returncode == 2
        assert "--port" in done.stderr


@pytest.mark.thorough
def test_an_experiment_is_started_watched_and_done(made: Installation) -> None:
    """By the shop's own workers, one at a time; then its runs can be compared."""
    wanted = {"policies": ["visual", "cf"], "days": 2, "shoppers": 40, "items": 100}
    with serving(made) as (_, client):
        wait_until(lambda: is_ready(client), "the shop opens")
        assert client.post("/api/v1/experiments", json={**wanted, "days": 0}).status_code == 422
        strange = {**wanted, "policies": ["visual", "nobody"]}
        assert client.post("/api/v1/experiments", json=strange).status_code == 404
        answer = client.post("/api/v1/experiments", json=wanted)
        assert answer.status_code == 202
        place = answer.headers["location"]
        if client.get(place).json()["state"] == "running":
            assert client.post("/api/v1/experiments", json=wanted).status_code == 400
        wait_until(lambda: client.get(place).json()["state"] != "running", "it is done")
        told = client.get(place).json()
        assert told["state"] == "done", told
        visual, cf = (told["result"]["runs"][policy] for policy in ("visual", "cf"))
        page = client.get("/compare", params={"a": cf, "b": visual}).text
        assert page.count('class="name"') >= 10
        assert "It is done." in client.get(place.removeprefix("/api/v1")).text
