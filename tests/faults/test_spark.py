"""A Spark that loses an executor while it counts: the answer is the same."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine

from simulator.installation.context import Silence, Step
from simulator.recount.engines.engine_names import EngineName
from simulator.recount.recount import RecountWish, recount
from tests import factories
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.fault

TWO_EXECUTORS = "local-cluster[2,1,1024]"
EXECUTOR = "CoarseGrainedExecutorBackend"
MEGABYTES = 1024


class KillsOneExecutor(Silence):
    """Hears that a part is counted, and kills whoever counts."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Step]:
        """A bar whose first step costs an executor its life."""
        del what, total

        def step(done: int = 1) -> None:
            del done
            if not self.killed:
                self.killed = executors()[:1]
                os.kill(self.killed[0], signal.SIGKILL)

        yield step


def executors() -> list[int]:
    """The processes that count, ours alone."""
    ours = psutil.Process().children(recursive=True)
    return [one.pid for one in ours if EXECUTOR in " ".join(one.cmdline())]


@pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java for Spark")
def test_a_lost_executor_costs_no_cell(sqlite: Engine, tmp_path: Path) -> None:
    """Two of them, each a process; one is killed between two generations."""
    plan = replace(factories.TOY_PLAN, days=2, shoppers=40)
    run = factories.play(sqlite, LocalWorkforce(sqlite), plan).run.id
    talk = KillsOneExecutor()
    context = replace(factories.context_of(sqlite), talk=talk)
    wish = RecountWish(EngineName.SPARK, TWO_EXECUTORS, MEGABYTES, tmp_path)
    found = recount(context, run, wish, policy=None, seed=None)
    assert talk.killed
    assert found.ok, found.text()
    assert found.parts == plan.days
