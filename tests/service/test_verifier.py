"""A second process verifies as this one does, hands its errors over, and may be lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete

from db.engine import write_transaction
from db.errors import NotFoundError
from db.tables import ended_session
from simulator.installation import run_folder
from simulator.installation.context import Context, Silence, Step
from simulator.installation.named import Named, named
from simulator.operations.verification import WORTH_A_PROCESS, Verification, verify_named
from simulator.operations.verifier import Verifier
from simulator.operations.verify import verify
from tests import factories
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


@pytest.fixture
def context(any_engine: Engine, tmp_path: Path) -> Context:
    """An installation on each database, with two workers to speak of."""
    return factories.context_of(any_engine, runs=tmp_path / "runs", workers=2)


def _played(context: Context, n: int) -> list[str]:
    with LocalWorkforce(context.engine) as workforce:
        return [
            factories.play(context.engine, workforce, policy="visual", seed=seed).run.id
            for seed in range(1, n + 1)
        ]


class _Watched(Silence):
    """Says when the first step of anything is done."""

    def __init__(self, first: threading.Event) -> None:
        self._first = first

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Step]:
        """A step sets the event."""
        del what, total

        def step(done: int = 1) -> None:
            del done
            self._first.set()

        yield step


@pytest.mark.thorough
def test_it_finds_what_this_process_finds(context: Context) -> None:
    """All is well, then sessions are not known to have ended; an unknown run is the same error."""
    [run_id] = _played(context, 1)
    with Verifier(context) as verifier:
        assert verifier.verify(run_id) == verify(context, run_id)
        with write_transaction(context.engine) as conn:
            conn.execute(delete(ended_session))
        found = verifier.verify(run_id)
        assert not all(check.ok for check in found)
        assert found == verify(context, run_id)
        with pytest.raises(NotFoundError, match="no run"):
            verifier.verify("0" * 12)
        with pytest.raises(NotFoundError, match="no run"):
            verify(context, "0" * 12)


def test_without_it_we_go_on_here(context: Context) -> None:
    """It is killed, as when memory runs out: the run is verified all the same."""
    [run_id] = _played(context, 1)
    with Verifier(context) as verifier:
        os.kill(verifier.pid, signal.SIGKILL)
        assert verifier.verify(run_id) == verify(context, run_id)


def _named(context: Context, ids: list[str]) -> Named:
    seeds = {str(seed): {"visual": run_id} for seed, run_id in enumerate(ids, 1)}
    run_folder.write(
        context.settings.runs, "many", {"run.json": {"experiment": "many", "seeds": seeds}}
    )
    return named(context, "many")


@pytest.mark.thorough
def test_a_process_begins_before_anybody_waits(context: Context) -> None:
    """What is done in the meantime has a core of its own; then both do what is left."""
    ids = _played(context, WORTH_A_PROCESS)
    first = threading.Event()
    watched = replace(context, talk=_Watched(first))
    with Verification(watched, _named(context, ids)) as verification:
        assert first.wait(60), "nothing was verified before it was waited for"
        assert verification.result() == verify_named(context, "many")


@pytest.mark.thorough
def test_an_error_beside_us_is_ours(context: Context) -> None:
    """A run that is gone: the process says so, and no other run is begun."""
    ids = _played(context, 1)
    gone = [f"{n:012x}" for n in range(1, WORTH_A_PROCESS)]
    with Verification(context, _named(context, ids)) as unhelped:
        assert unhelped.result().ok
    meant = Named("many", True, {seed: {"visual": one} for seed, one in enumerate(gone + ids)})
    with (
        pytest.raises(NotFoundError, match="no run"),
        Verification(context, meant) as verification,
    ):
        verification.result()


@pytest.mark.thorough
def test_many_runs_are_shared_by_both(context: Context) -> None:
    """Each run in its place, with the checks that it has alone."""
    ids = _played(context, WORTH_A_PROCESS)
    _named(context, ids)
    found = verify_named(context, "many")
    assert [one.id for one in found.runs] == ids
    assert found.ok
    alone = replace(context, settings=context.settings.model_copy(update={"workers": 1}))
    assert verify_named(alone, "many").runs == found.runs
