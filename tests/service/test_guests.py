"""Recommenders of one's own, through database and workers: the same slates by every door."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import uvicorn
from sqlalchemy import Engine

import windowshop as ws
from db import guests, work
from db.engine import read_transaction
from db.errors import WorkError
from simulator.operations.verify import verify
from simulator.playing.report import load
from simulator.playing.simulate import simulate
from simulator.report.numbers.panel import lay_out, of_guests
from tests import factories, guest_classes
from tests.guest_classes import HERE
from tests.installation import Installer
from workers.guests.address import parse
from workers.guests.doors.serve import Served, app_of
from workers.local_workforce import LocalWorkforce
from workers.supervisor import Supervisor

pytestmark = pytest.mark.service
TOY = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 60, "days": 3, "seeds": 1}


@pytest.fixture
def address() -> Iterator[str]:
    """Clicks behind HTTP, served by us."""
    served = Served(parse(f"{HERE}:Clicks"))
    server = uvicorn.Server(uvicorn.Config(app_of(served), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)
    served.close()


@pytest.mark.thorough
def test_every_door_gives_the_same_slates(
    installed: Installer, tmp_path: Path, address: str
) -> None:
    """A class in this process, in one of its own, behind HTTP, and by workers: event for event."""
    made = installed(tmp_path / "shop")
    shop = ws.open(
        home=made.home, database_url=made.database_url, runs=tmp_path / "runs", workers=2
    )
    here = shop.experiment([guest_classes.Clicks], **TOY)
    file = shop.experiment([f"file={HERE}:Clicks", f"web={address}"], stored=True, **TOY)
    memory = shop.experiment([f"file={HERE}:Clicks"], **TOY)
    for found, name in ((file, "file"), (file, "web"), (memory, "file")):
        ours = here.events("Clicks").drop(columns=["event_id", "run"], errors="ignore")
        theirs = found.events(name).drop(columns=["event_id", "run"], errors="ignore")
        columns = [one for one in ours.columns if ours[one].dtype != object or one == "kind"]
        pd.testing.assert_frame_equal(ours[columns], theirs[columns])
    pd.testing.assert_frame_equal(
        here.metrics.drop(columns="policy"),
        memory.metrics.drop(columns="policy"),
        check_exact=True,
    )
    shop.context.engine.dispose()


@pytest.mark.parametrize("name", ["Clicks", "Looks"])
def test_a_run_of_a_guest_verifies(any_engine: Engine, name: str) -> None:
    """It is asked again, and says the same; what it said beside its slates is kept."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"{HERE}:{name}")
    with LocalWorkforce(any_engine) as workforce:
        run = simulate(context, resolved, workforce).run
    checks = {one.name: one for one in verify(context, run.id)}
    assert all(one.ok for one in checks.values())
    assert checks["slates"].detail.endswith("asked again, all answers equal")
    with read_transaction(any_engine) as conn:
        kept = guests.notes(conn, run.number)
    assert not [note for note in kept.values() if "faults" in note]
    if name == "Looks":
        days = {note["reasons"][0] for note in kept.values()}
        assert days == {"day 0", "day 1", "day 2"}
        assert {tuple(note["propensities"]) for note in kept.values()} == {(1.0,) * 10}


@pytest.mark.thorough
def test_a_server_is_asked_anew_by_a_run_again_and_by_verify(
    any_engine: Engine, address: str
) -> None:
    """However often: what it has learned of a run is kept under a name of its own."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"web={address}")
    with LocalWorkforce(any_engine) as workforce:
        run = simulate(context, resolved, workforce).run
        first = factories.exported(any_engine, run.id)
    with LocalWorkforce(any_engine) as workforce:
        simulate(context, resolved, workforce, again=True)
    assert factories.exported(any_engine, run.id) == first
    for _ in range(2):
        checks = {one.name: one for one in verify(context, run.id)}
        assert checks["slates"].detail.endswith("asked again, all answers equal")


def test_one_that_answers_differently_is_told_and_no_fault(any_engine: Engine) -> None:
    """Its stored slates stay the truth."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"{HERE}:Forgetful")
    with LocalWorkforce(any_engine) as workforce:
        run = simulate(context, resolved, workforce).run
    checks = {one.name: one for one in verify(context, run.id)}
    assert all(one.ok for one in checks.values())
    assert "differently; what it said first is what the shoppers saw" in checks["slates"].detail


def test_garbage_in_a_third_of_the_calls_is_counted(any_engine: Engine) -> None:
    """The run finishes, and the report says how often."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"{HERE}:Odd?how=unknown&often=3")
    with LocalWorkforce(any_engine) as workforce:
        run = simulate(context, resolved, workforce).run
    with read_transaction(any_engine) as conn:
        kept = guests.notes(conn, run.number)
    assert {tuple(note["faults"]) for note in kept.values()} == {("unknown item",)}
    faults = of_guests([lay_out(load(context, run.id))])["Odd"]
    assert faults.kinds == {"unknown item": len(kept)}
    assert faults.bad == len(kept) < faults.requests
    assert all(one.ok for one in verify(context, run.id))


def test_strict_stops_at_the_first_and_quotes_it(any_engine: Engine) -> None:
    """One line with request and answer; no further try."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"{HERE}:Odd?how=twice", is_strict=True)
    with LocalWorkforce(any_engine) as workforce, pytest.raises(WorkError) as stopped:
        simulate(context, resolved, workforce)
    said = str(stopped.value)
    assert "Odd answered badly (twice): to session" in said
    assert "\n" not in said


def test_one_that_cannot_start_parks_its_work_with_the_traceback(any_engine: Engine) -> None:
    """Where `work list` shows it."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"{HERE}:NeverStarts")
    with LocalWorkforce(any_engine) as workforce, pytest.raises(WorkError, match="no such device"):
        simulate(context, resolved, workforce)
    with read_transaction(any_engine) as conn:
        (parked,) = work.parked(conn)
    assert "Traceback" in str(parked)


@pytest.mark.thorough
def test_a_guest_that_is_killed_again_and_again_changes_nothing(any_engine: Engine) -> None:
    """Its process is started again, learns what it had learned, and the run has the same slates."""
    quiet = factories.context_of(any_engine)
    policy = f"{HERE}:Clicks"
    with LocalWorkforce(any_engine) as workforce:
        resolved = factories.resolved(any_engine, policy=policy, days=30, shoppers=400)
        first = simulate(quiet, resolved, workforce).run
    expected = factories.exported(any_engine, first.id)
    context = factories.context_of(any_engine, workers=2)
    stop = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        while not stop.wait(0.1) and len(killed) < 20:
            for pid in _guests(older_than=2.0):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    with Supervisor(context.settings, any_engine) as workforce:
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        try:
            run = simulate(context, resolved, workforce, again=True).run
        finally:
            stop.set()
            killer.join()
    assert len(killed) >= 3
    with read_transaction(any_engine) as conn:
        kept = guests.notes(conn, run.number)
    if not kept:
        assert factories.exported(any_engine, run.id) == expected
    assert all(one.ok for one in verify(quiet, run.id))


def _guests(*, older_than: float) -> list[int]:
    """The processes of guests that have lived for so many seconds: those had time to answer."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            age = time.time() - folder.stat().st_ctime
        except OSError:
            continue
        if b"workers.guests.doors.child" in words and age > older_than:
            found.append(int(folder.name))
    return found
