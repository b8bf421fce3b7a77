"""Events a second through Valkey on SQLite and on Postgres, with one worker and with two, stage by stage.

`python -m benchmarks.load [--database sqlite,postgres] [--workers 1,2] [--times 3]` plays the policy blend at
the demo's sizes on a fresh database of each kind. Stages are the workers' own Prometheus metrics.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass

from benchmarks.installation import DATABASES, Stages, cpu_of, cpu_of_postgres, installed, stages
from benchmarks.measured import claim, machine
from simulator.actions.config import Plan
from simulator.actions.context import Context
from simulator.actions.simulate import prepare, simulate
from workers.supervisor import Supervisor

WANTED = {"sqlite": 8000.0, "postgres": 3000.0}
SHOWN = ("store", "wait", "fetch", "shop")
KINDS = ("rank", "fold")
STAGES = ("take", "read", "compute", "write")


@dataclass(frozen=True)
class Road:
    """One run played: seconds by part of the simulator, by stage of the workers, by process."""

    events: int
    total: float
    parts: dict[str, float]
    stages: Stages
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.total


def main() -> None:
    """Measure each database with each number of workers, and print what each stage gains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=",".join(DATABASES))
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    plan = Plan(items=arguments.items, days=arguments.days)
    numbers = [int(one) for one in arguments.workers.split(",")]
    print(machine())
    print(f"blend, {plan.items:,} items, {plan.days} days, {plan.shoppers:,} shoppers")
    for database in arguments.database.split(","):
        with installed(database) as context:
            roads = {number: _median(context, plan, number, arguments.times) for number in numbers}
        _show(database, roads)


def _median(context: Context, plan: Plan, workers: int, times: int) -> Road:
    """The run of the median rate, after one that does not count: it embeds."""
    roads = [_road(context, plan, workers) for _ in range(times + 1)][1:]
    rates = [round(one.rate) for one in roads]
    print(
        f"{context.engine.dialect.name}, {workers} workers: {rates} events/s, load {os.getloadavg()[0]:.1f}"
    )
    return sorted(roads, key=lambda one: one.rate)[times // 2]


def _road(context: Context, plan: Plan, workers: int) -> Road:
    resolved = prepare(context, plan)
    chosen = context.settings.model_copy(update={"workers": workers})
    with Supervisor(chosen, context.engine) as hands:
        before, began = _cpu(context, hands), time.perf_counter()
        played = simulate(context, resolved, hands, again=True)
        took = time.perf_counter() - began
        spent = {name: after - before[name] for name, after in _cpu(context, hands).items()}
        found = stages(context.engine)
    share = played.seconds["total"] / took  # the rest forgot the run before and asked for missing vectors
    cpu = {name: seconds * share for name, seconds in spent.items()}
    parts = {name: played.seconds[name] for name in SHOWN}
    return Road(played.events, played.seconds["total"], parts, found, cpu)


def _cpu(context: Context, hands: Supervisor) -> dict[str, float]:
    return {
        "simulator": time.process_time(),
        "workers": sum(cpu_of(pid) for pid in hands.pids.values()),
        "postgres": cpu_of_postgres(context.engine),
    }


def _show(database: str, roads: dict[int, Road]) -> None:
    """A column a number of workers: milliseconds a thousand events, and what the last gains on the first."""
    first, *_, last = (*roads.values(), *roads.values())
    print(f"\n{database}: milliseconds of each thousand events, by number of workers; gain: first / last")
    print(f"  {'':<28}" + "".join(f"{number:>9}" for number in roads) + f"{'gain':>9}{'ms a job':>10}")
    for name in ("total", *SHOWN):
        values = [
            1e6 * (one.total if name == "total" else one.parts[name]) / one.events for one in roads.values()
        ]
        print(f"  {'clock: ' + name:<28}" + _line(values))
    for kind in KINDS:
        for stage in STAGES:
            place = kind, stage
            values = [1e6 * one.stages[place][0] / one.events for one in roads.values()]
            seconds, times = last.stages[place]
            print(f"  {f'workers: {kind} {stage}':<28}" + _line(values) + f"{1000 * seconds / times:>10.2f}")
    for name in first.cpu:
        values = [1e6 * one.cpu[name] / one.events for one in roads.values()]
        print(f"  {'processor: ' + name:<28}" + _line(values))
    claim(
        f"events a second at 1,000 items on {database}, {max(roads)} workers",
        f"{roads[max(roads)].rate:,.0f}",
        f"{WANTED[database]:,.0f}",
        holds=roads[max(roads)].rate >= WANTED[database],
    )


def _line(values: list[float]) -> str:
    gain = values[0] / values[-1] if values[-1] else 0.0
    return "".join(f"{value:>9.1f}" for value in values) + f"{gain:>9.2f}"


if __name__ == "__main__":
    main()
