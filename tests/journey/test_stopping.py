"""Being told to stop is no failure: what serves ends with 0, what had work left with a code of its
own.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import read_transaction
from db.tables import event
from tests.installation import TOY_FLAGS, Installation, Installer
from tests.tiers import first_of

pytestmark = pytest.mark.journey

PATIENCE = 250.0
SOON = 30.0
"""Seconds in which a command that was told to stop has ended, workers and all."""


@pytest.fixture
def shop(tmp_path: Path, installed: Installer) -> Installation:
    """An installation of its own, without any event yet."""
    return installed(tmp_path)


@pytest.mark.parametrize("told", first_of([signal.SIGTERM, signal.SIGINT]))
def test_up_ends_well_when_told_to(shop: Installation, told: signal.Signals) -> None:
    """Exit code 0, and its workers are gone with it."""
    child = subprocess.Popen(
        [sys.executable, "-m", "simulator", "up", "--workers", "1", "--json"],
        cwd=shop.folder,
        env=shop.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    with child.stdout:
        ready = json.loads(child.stdout.readline())
    child.send_signal(told)
    assert child.wait(PATIENCE) == 0
    assert [pid for pid in ready["workers"] if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.parametrize("told", first_of([signal.SIGTERM, signal.SIGINT]))
def test_a_run_that_was_stopped_tells_by_what(shop: Installation, told: signal.Signals) -> None:
    """128 and the signal's number, as shells count."""
    code = 128 + told
    child = shop.start("simulate", *TOY_FLAGS, "--days", "500", "--local", "--seed", str(code))
    wait_for_events(shop, child)
    child.send_signal(told)
    assert child.wait(PATIENCE) == code, shop.said.read_text()


@pytest.mark.thorough
@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_runs_at_once_are_stopped_together_and_go_on(
    shop: Installation, told: signal.Signals, code: int
) -> None:
    """Soon, with the same exit codes; the same command ends them."""
    words = ("experiment", "--policies", "random,blend", *TOY_FLAGS, "--seeds", "2")
    child = shop.start(*words, "--days", "12", "--workers", "1")
    wait_for_events(shop, child)
    began = time.monotonic()
    child.send_signal(told)
    assert child.wait(PATIENCE) == code, shop.said.read_text()
    assert time.monotonic() - began < SOON
    done = shop.call(*words, "--days", "12", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert shop.call("verify", "latest").returncode == 0


def wait_for_events(shop: Installation, child: subprocess.Popen[bytes]) -> None:
    """Until the command that was started has stored something."""
    engine = shop.engine()
    deadline = time.monotonic() + PATIENCE
    while True:
        with read_transaction(engine) as conn:
            if conn.execute(select(event.c.run).limit(1)).first():
                break
        assert time.monotonic() < deadline
        assert child.poll() is None
    engine.dispose()
