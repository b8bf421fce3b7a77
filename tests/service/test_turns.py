"""One command at a time plays a run: a second waits, and takes over at once from one that was
killed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import runs
from db.engine import read_transaction
from db.turns import turn
from tests.installation import ROOT, TOY_FLAGS, Installation, Installer
from tests.tiers import first_of

pytestmark = pytest.mark.service

RUN = 0x0123456789AB
OTHER = 0x0123456789AC
PATIENCE = 120.0

HOLDER = """
import sys, time
from db.engine import open_engine
from db.turns import turn
with turn(open_engine(sys.argv[1]), int(sys.argv[2]), lambda: None):
    print("mine", flush=True)
    time.sleep(600)
"""


def holder(engine: Engine) -> subprocess.Popen[str]:
    """Another process whose turn it is."""
    address = engine.url.render_as_string(hide_password=False)
    started = subprocess.Popen(
        [sys.executable, "-c", HOLDER, address, str(RUN)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "mine\n"
    return started


def test_who_is_killed_holds_up_nobody(engine: Engine) -> None:
    """The next waits, says so once, and has its turn when the process is gone."""
    other = holder(engine)
    waits = threading.Event()
    mine = threading.Event()

    def play() -> None:
        with turn(engine, RUN, waits.set):
            mine.set()

    player = threading.Thread(target=play, daemon=True)
    player.start()
    assert waits.wait(PATIENCE)
    assert not mine.is_set()
    other.kill()
    assert mine.wait(PATIENCE)
    player.join()
    other.communicate()


def test_another_run_waits_for_nobody(engine: Engine) -> None:
    """Turns are by run, and over with their block; nothing is left of them."""
    told: list[int] = []
    with (
        turn(engine, RUN, lambda: told.append(RUN)),
        turn(engine, OTHER, lambda: told.append(OTHER)),
    ):
        pass
    with turn(engine, RUN, lambda: told.append(RUN)):
        pass
    assert told == []
    if engine.url.get_backend_name() == "sqlite":
        assert list(Path(str(engine.url.database)).parent.glob("*-turn-*")) == []


def test_a_turn_ends_with_whatever_ends_its_block(engine: Engine) -> None:
    """An error passes through as it is."""
    told: list[int] = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turn(engine, RUN, lambda: told.append(RUN)):
            raise ZeroDivisionError
    assert told == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    "how", first_of([("--local",), ("--workers", "1"), ("--local", "--again")])
)
def test_a_pair_that_plays_one_run_ends_well(
    tmp_path: Path, installed: Installer, how: tuple[str, ...]
) -> None:
    """Both exit 0 with the same run, which holds; and the events are those of a run played
    alone.
    """
    installation = installed(tmp_path / "pair")
    alone = installed(tmp_path / "alone")
    assert alone.call("simulate", *TOY_FLAGS, "--local").returncode == 0
    pair = [start(installation, number, *how) for number in (1, 2)]
    ended = [
        (one.wait(PATIENCE), (installation.folder / f"said-{n}").read_text()) for n, one in pair
    ]
    assert [code for code, _ in ended] == [0, 0], ended
    run = latest(installation)
    checked = installation.call("verify", run)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (
        installation.call("events", "export", run).stdout
        == alone.call("events", "export", run).stdout
    )
    assert (installation.folder / "runs" / run / "report.html").exists()


@pytest.mark.thorough
def test_a_report_waits_for_the_end_of_a_run_that_is_played_anew(
    tmp_path: Path, installed: Installer
) -> None:
    """It says so, exits 0 and reports the finished run."""
    installation = installed(tmp_path / "shop")
    long = ("--local", "--days", "20")
    assert installation.call("simulate", *TOY_FLAGS, *long).returncode == 0
    run = latest(installation)
    _, player = start(installation, 1, *long, "--again")
    deadline = time.monotonic() + PATIENCE
    engine = installation.engine()
    while _state(engine, run) == runs.FINISHED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    engine.dispose()
    reported = installation.call("report", run)
    assert reported.returncode == 0, reported.stderr
    assert "waiting for it" in reported.stderr
    assert player.wait(PATIENCE) == 0


@pytest.mark.thorough
def test_who_waits_takes_over_from_one_that_was_killed(
    tmp_path: Path, installed: Installer
) -> None:
    """The first is killed while the second waits for it; the second resumes and finishes."""
    installation = installed(tmp_path / "shop")
    long = (*TOY_FLAGS, "--days", "40")
    first, second = (start(installation, number, "--local", *long)[1] for number in (1, 2))
    said = [installation.folder / f"said-{number}" for number in (1, 2)]
    deadline = time.monotonic() + PATIENCE
    while not any("waiting for it" in path.read_text() for path in said):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    waits = 0 if "waiting for it" in said[0].read_text() else 1
    player, waiter = (second, first) if waits == 0 else (first, second)
    player.kill()
    player.wait()
    assert waiter.wait(PATIENCE) == 0, said[waits].read_text()
    assert installation.call("verify", latest(installation)).returncode == 0


def start(
    installation: Installation, number: int, *words: str
) -> tuple[int, subprocess.Popen[bytes]]:
    """A simulate that goes on beside the test, and what it says in `said-NUMBER`."""
    with (installation.folder / f"said-{number}").open("wb") as said:
        return number, subprocess.Popen(
            [sys.executable, "-m", "simulator", "simulate", *TOY_FLAGS, *words],
            cwd=installation.folder,
            env=installation.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )


def _state(engine: Engine, run: str) -> str:
    with read_transaction(engine) as conn:
        return runs.read(conn, run).state


def latest(installation: Installation) -> str:
    """The run's id."""
    return (installation.folder / "runs" / "latest").readlink().name
