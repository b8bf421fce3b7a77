"""Operations: who died, hung or fell silent is seen and replaced; metrics, logs and RQ's own tools
tell.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, update

from db import backlog, heartbeats, runs, work
from db.engine import now, read_transaction, write_transaction
from db.heartbeats import Seen
from db.tables import heartbeat
from tests import factories
from workers import queue, settings
from workers.redis_server import EmbeddedServer
from workers.relay import take_from_silent
from workers.settings import Settings, for_child
from workers.supervisor import Supervisor

pytestmark = pytest.mark.service

PATIENCE = 60.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as it holds; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.02)


def processes(engine: Engine) -> list[Seen]:
    """Who beats, or has beaten."""
    with read_transaction(engine) as conn:
        return heartbeats.every(conn)


@pytest.fixture
def valkey() -> Iterator[str]:
    """A queue that is no supervisor's."""
    server = EmbeddedServer()
    yield server.url
    server.stop()


def of(engine: Engine, **flags: object) -> Settings:
    """Settings on a database, quick to notice."""
    quick = {"relay_seconds": 0.2, "heartbeat_seconds": 0.2}
    return factories.context_of(engine, **{**quick, **flags}).settings


def lone_worker(found: Settings, name: str) -> subprocess.Popen[bytes]:
    """A worker that no supervisor watches, as in a container; what it logs goes to `NAME.log`."""
    with Path(f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "workers", "--name", name], env=for_child(found), stderr=log
        )


def read(address: str | None, token: str = "") -> str:
    """What is served there."""
    request = urllib.request.Request(f"http://{address}/metrics")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def value(metrics: str, start: str) -> float:
    """The number of the first sample that starts so."""
    return next(
        float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(start)
    )


def test_metrics_heartbeats_and_logs_tell_what_a_run_did(
    any_engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Three processes of one machine share one setting and each has its own port; all are gone
    afterwards.
    """
    monkeypatch.chdir(tmp_path)
    found = of(any_engine, workers=2, metrics="127.0.0.1:0", log_level="debug", log_format="json")
    with Supervisor(found, any_engine) as supervisor:
        wait_until(lambda: len(processes(any_engine)) == 3, "three heartbeats")
        run = factories.play(any_engine, supervisor)
        seen = processes(any_engine)
        assert len({one.metrics for one in seen}) == 3
        told = {one.name: read(one.metrics) for one in seen}
    assert processes(any_engine) == []

    ours = told.pop(seen[0].name)
    assert value(ours, 'windowshop_processes{kind="worker",state="alive"}') == 2
    assert value(ours, "windowshop_database_up") == 1
    ranked = sum(value(one, "windowshop_slates_ranked_total") for one in told.values())
    with read_transaction(any_engine) as conn:
        stored = len(conn.exec_driver_sql("SELECT 1 FROM slate").fetchall())
    assert ranked == stored
    assert sum(value(one, "windowshop_folds_total") for one in told.values()) == 3
    assert any(
        'windowshop_stage_seconds_count{kind="rank",stage="compute"}' in one
        for one in told.values()
    )

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    done = [line for line in lines if line.get("action") == "work_done"]
    assert {line["run"] for line in done} == {run.run.id}
    assert {line["worker"] for line in done} <= set(told)
    assert len({line["work"] for line in done}) == len(done)
    assert all(line["level"] == "debug" and line["timestamp"].endswith("Z") for line in done)


def test_metrics_for_others_want_a_token(any_engine: Engine, tmp_path: Path) -> None:
    """Outside loopback nobody reads them who does not know it."""
    token = tmp_path / "token"
    token.write_text("a token that nobody guesses\n")
    found = of(any_engine, workers=0, metrics="0.0.0.0:0", metrics_token_file=str(token))
    with Supervisor(found, any_engine):
        address = f"127.0.0.1:{str(processes(any_engine)[0].metrics).rsplit(':', 1)[1]}"
        assert "windowshop_work" in read(address, "a token that nobody guesses")
        for wrong in ("", "a token that nobody guesse", "\xfc" * 20):
            with pytest.raises(urllib.error.HTTPError, match="401"):
                read(address, wrong)


def test_work_of_a_worker_that_nobody_watched_is_done_by_another(
    engine: Engine, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL of a lone worker with work in hand: its silence is noticed in seconds."""
    monkeypatch.chdir(tmp_path)
    factories.stock(engine)
    with write_transaction(engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        work_id = work.add(conn, run, "unheard of", {"a": {}})[0]
        assert work.take(conn, work_id, "lone")
    found = of(engine, redis_url=valkey, workers=0)
    worker = lone_worker(found, "lone")
    wait_until(lambda: [one.name for one in processes(engine)] == ["lone"], "its heartbeat")
    worker.kill()
    worker.wait()
    with Supervisor(found, engine):
        wait_until(lambda: pieces(engine)[0].state == backlog.READY, "what it held is given back")
    assert pieces(engine)[0].reason == "the worker lone fell silent over it"


def pieces(engine: Engine) -> list[backlog.Piece]:
    """The backlog."""
    with read_transaction(engine) as conn:
        return backlog.pieces(conn)


def test_a_worker_told_to_stop_ends_in_order(
    any_engine: Engine, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM: exit code 0, no heartbeat left, and the log says so."""
    monkeypatch.chdir(tmp_path)
    worker = lone_worker(of(any_engine, redis_url=valkey, log_level="info"), "polite")
    redis = Redis.from_url(valkey)
    wait_until(lambda: redis.smembers("rq:workers"), "its registration")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    assert processes(any_engine) == []
    assert "polite has stopped" in Path("polite.log").read_text()
    redis.close()


CLEANING = """
import os, signal
from workers.__main__ import main
from workers.rq_worker import RqWorker
{place}
main()
"""
IN_OURS = """
clean = RqWorker.clean_registries
def told(self):
    os.kill(os.getpid(), signal.SIGTERM)
    clean(self)
RqWorker.clean_registries = told
"""
IN_RQS = """
clean = RqWorker.clean_registries
def told(self):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        clean(self)
    except Exception:
        self.log.warning("caught")
RqWorker.clean_registries = told
"""


@pytest.mark.parametrize("place", [IN_OURS, IN_RQS], ids=["raised", "caught by RQ"])
def test_a_worker_told_to_stop_while_it_cleans_ends(
    sqlite: Engine, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A worker cleans as soon as it listens to signals: a stop at that moment is not lost."""
    monkeypatch.chdir(tmp_path)
    worker = subprocess.Popen(
        [sys.executable, "-c", CLEANING.format(place=place), "--name", "tidy"],
        env=for_child(of(sqlite, redis_url=valkey)),
        stderr=subprocess.PIPE,
    )
    try:
        said = worker.communicate(timeout=PATIENCE)[1].decode()
    finally:
        worker.kill()
    assert worker.returncode == 0, said


HANG = """
import ctypes, signal, sys
from workers import log, settings, tasks
found = settings.load()
log.configure(found)
def hang(library, job):
    # PyDLL keeps the interpreter's lock, and the alarm cannot cut the sleep short: nothing of
    # Python runs.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    ctypes.PyDLL(None).sleep(600)
tasks.PERFORMERS["hang"] = hang
tasks.work_until_stopped(found, sys.argv[1])
"""


def test_a_native_hang_that_nobody_watches_ends_at_its_deadline(
    any_engine: Engine, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own watchdog needs no interpreter; it says where the hang was."""
    monkeypatch.chdir(tmp_path)
    with write_transaction(any_engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        ids = work.add(conn, run, "hang", {"a": {}})
    found = of(any_engine, redis_url=valkey, job_seconds=1)
    queue.ring(queue.queue(queue.connect(valkey)), ids, seconds=1)
    worker = subprocess.Popen(
        [sys.executable, "-c", HANG, "stuck"], env=for_child(found), stderr=subprocess.PIPE
    )
    said = worker.communicate(timeout=2 * PATIENCE)[1].decode()
    assert worker.returncode == 1
    assert "Timeout" in said
    assert "in hang" in said
    assert [one.worker for one in pieces(any_engine)] == ["stuck"]


LATE = """
import sys, time
from workers import log, settings, tasks
from workers.__main__ import main
def late(library, job):
    # As a library does that is imported: what interrupts it comes out as something else.
    try:
        while True:
            time.sleep(0.01)
    except Exception as error:
        raise TypeError("half a module") from error
tasks.PERFORMERS["late"] = late
main()
"""


def test_a_worker_whose_job_was_interrupted_is_replaced(
    any_engine: Engine, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its interpreter may hold half a module: the job is given back with its reason, and the
    process ends.
    """
    monkeypatch.chdir(tmp_path)
    with write_transaction(any_engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        ids = work.add(conn, run, "late", {"a": {}})
    queue.ring(queue.queue(queue.connect(valkey)), ids, seconds=1)
    found = of(any_engine, redis_url=valkey)
    worker = subprocess.Popen(
        [sys.executable, "-c", LATE, "--name", "late"], env=for_child(found), stderr=subprocess.PIPE
    )
    said = worker.communicate(timeout=PATIENCE)[1].decode()
    assert worker.returncode == 1
    assert "a job was interrupted at its deadline" in said
    assert [(one.reason, one.worker) for one in pieces(any_engine)] == [
        ("TypeError: half a module", None)
    ]


def test_a_silent_worker_that_is_watched_keeps_its_work(any_engine: Engine) -> None:
    """Its supervisor sees that it lives and ends it at its deadline; of others silence is all there
    is.
    """
    with write_transaction(any_engine) as conn:
        run = runs.open_run(conn, {"policy": "random"}).number
        work_id = work.add(conn, run, "late", {"a": {}})[0]
        heartbeats.beat(conn, heartbeats.Process("busy", heartbeats.WORKER, "host", 1, every=1.0))
        work.take(conn, work_id, "busy")
        conn.execute(update(heartbeat).values(seen=now() - 60))
    assert take_from_silent(any_engine, watched={"busy"}) == []
    assert take_from_silent(any_engine) == [work_id]


def test_rq_info_works_on_our_queue(any_engine: Engine, valkey: str) -> None:
    """RQ's own command line, with jobs that wait and with a worker that listens."""
    work_queue = queue.queue(queue.connect(valkey))
    assert queue.ring(work_queue, [1, 2, 3], seconds=5)
    program = Path(sys.executable).with_name("rq")

    def lines() -> list[str]:
        command = [str(program), "info", "--url", valkey, "--raw"]
        return subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    assert any(line.startswith(f"queue {queue.NAME} 3,") for line in lines())
    worker = lone_worker(of(any_engine, redis_url=valkey), "listed")
    try:
        me = f"worker listed-{worker.pid} "
        wait_until(
            lambda: any(line.startswith(me) and f" idle {queue.NAME}." in line for line in lines()),
            "the worker, idle after three bells for nothing",
        )
    finally:
        worker.terminate()
        worker.wait()
        Path("listed.log").unlink()


def test_a_stopped_worker_counts_once_when_it_goes_on(any_engine: Engine) -> None:
    """SIGSTOP until it counts as dead, then SIGCONT: it beats again and nothing was done twice."""
    found = of(any_engine, workers=1)
    with Supervisor(found, any_engine) as supervisor:
        wait_until(lambda: len(processes(any_engine)) == 2, "two heartbeats")
        pid = next(iter(supervisor.pids.values()))
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: processes(any_engine)[1].is_silent, "silence")
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: not processes(any_engine)[1].is_silent, "a beat")
        factories.play(any_engine, supervisor, days=1)


def test_what_was_silent_for_long_is_forgotten(any_engine: Engine) -> None:
    """A supervisor sweeps when it starts."""
    with write_transaction(any_engine) as conn:
        heartbeats.beat(conn, heartbeats.Process("old", heartbeats.WORKER, "host", 1, every=1.0))
        conn.execute(update(heartbeat).values(seen=now() - 2 * heartbeats.REMEMBERED_SECONDS))
    with Supervisor(of(any_engine, workers=0), any_engine):
        assert [one.kind for one in processes(any_engine)] == [heartbeats.SUPERVISOR]


def test_every_setting_of_operations_reaches_a_worker() -> None:
    """What a supervisor was told by flag is told its workers."""
    told = for_child(
        settings.load(
            heartbeat_seconds=7,
            log_level="error",
            log_format="json",
            metrics="h:1",
            metrics_token_file="t",  # noqa: S106 - a file's name
        )
    )
    assert [
        told[f"WINDOWSHOP_{name}"] for name in ("HEARTBEAT_SECONDS", "LOG_LEVEL", "LOG_FORMAT")
    ] == [
        "7.0",
        "error",
        "json",
    ]
    assert (told["WINDOWSHOP_METRICS"], told["WINDOWSHOP_METRICS_TOKEN_FILE"]) == ("h:1", "t")
