"""The whole road of a run, measured: by part of the simulator, stage of the workers, processor and
memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig.installation import (
    Stages,
    cpu_of,
    cpu_of_postgres,
    database_mb,
    memory_mb,
    stages,
)
from db import heartbeats
from db.engine import read_transaction
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare, simulate
from workers.supervisor import Supervisor

PARTS = ("store", "wait", "fetch", "shop")
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Road:
    """One run played; seconds, MB. `memory`: the most that the simulator and the largest worker
    held.
    """

    events: int
    total: float
    parts: dict[str, float]
    stages: Stages
    cpu: dict[str, float]
    memory: dict[str, float]

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.total

    def milliseconds(self, seconds: float) -> float:
        """Milliseconds of each thousand events."""
        return 1e6 * seconds / self.events


def travel(context: Context, plan: Plan, *, workers: int = 2) -> Road:
    """Play a run anew with workers that have started; its clock begins with its first morning."""
    resolved = prepare(context, plan)
    chosen = context.settings.model_copy(update={"workers": workers})
    with Supervisor(chosen, context.engine) as workforce:
        wait_for(context, workers)
        forget_peak()
        before = _cpu(context, workforce)
        began = time.perf_counter()
        played = simulate(context, resolved, workforce, again=True)
        took = time.perf_counter() - began
        spent = {name: after - before[name] for name, after in _cpu(context, workforce).items()}
        found = stages(context.engine)
        memory = {
            "simulator": memory_mb("self", "VmHWM"),
            "worker": max(memory_mb(pid, "VmHWM") for pid in workforce.pids.values()),
            "database": database_mb(context.engine),
        }
    share = (
        played.seconds["total"] / took
    )  # the rest: forgetting the run before, building the world
    cpu = {name: seconds * share for name, seconds in spent.items()}
    parts = {name: played.seconds[name] for name in PARTS}
    return Road(played.events, played.seconds["total"], parts, found, cpu, memory)


def wait_for(context: Context, workers: int) -> None:
    """Until so many workers beat."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with read_transaction(context.engine) as conn:
            alive = [one for one in heartbeats.every(conn) if one.kind == heartbeats.WORKER]
        if len(alive) >= workers:
            return
        time.sleep(0.02)
    raise SystemExit(f"{workers} workers did not start within {READY_SECONDS:.0f} s")


def forget_peak() -> None:
    """From now on VmHWM is the most that this process held since."""
    Path("/proc/self/clear_refs").write_text("5")


def _cpu(context: Context, workforce: Supervisor) -> dict[str, float]:
    return {
        "simulator": time.process_time(),
        "workers": sum(cpu_of(pid) for pid in workforce.pids.values()),
        "postgres": cpu_of_postgres(context.engine),
    }
