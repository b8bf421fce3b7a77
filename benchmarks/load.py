"""Events a second through Valkey on SQLite and on Postgres, with one worker and with two, stage by
stage.

`python -m benchmarks.load [--database sqlite,postgres] [--workers 1,2] [--times 3]` plays the
policy blend at the demo's sizes on a fresh database of each kind. Stages are the workers' own
Prometheus metrics.
"""

from __future__ import annotations

import argparse
import os

from benchmarks.rig.installation import DATABASES, installed
from benchmarks.rig.measured import claim, machine
from benchmarks.rig.road import PARTS, Road, travel
from simulator.installation.context import Context
from simulator.playing.plan import Plan

WANTED = {"sqlite": 8000.0, "postgres": 3000.0}
KINDS = ("rank", "fold")
STAGES = ("take", "read", "compute", "write")


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
    roads = [travel(context, plan, workers=workers) for _ in range(times + 1)][1:]
    rates = [round(one.rate) for one in roads]
    print(
        f"{context.engine.dialect.name}, {workers} workers: {rates} events/s, load"
        f" {os.getloadavg()[0]:.1f}"
    )
    return sorted(roads, key=lambda one: one.rate)[times // 2]


def _show(database: str, roads: dict[int, Road]) -> None:
    """A column a number of workers: milliseconds a thousand events, and what the last gains on the
    first.
    """
    last = list(roads.values())[-1]
    print(f"\n{database}: milliseconds of each thousand events by number of workers")
    print(
        f"  {'':<28}" + "".join(f"{number:>9}" for number in roads) + f"{'gain':>9}{'ms a job':>10}"
    )
    _row("clock: total", [one.milliseconds(one.total) for one in roads.values()])
    for name in PARTS:
        _row(f"clock: {name}", [one.milliseconds(one.parts[name]) for one in roads.values()])
    for place in ((kind, stage) for kind in KINDS for stage in STAGES):
        seconds, times = last.stages[place]
        values = [one.milliseconds(one.stages[place][0]) for one in roads.values()]
        _row(f"workers: {' '.join(place)}", values, f"{1000 * seconds / times:>10.2f}")
    for name in last.cpu:
        _row(f"processor: {name}", [one.milliseconds(one.cpu[name]) for one in roads.values()])
    _row("processor: all", [one.milliseconds(sum(one.cpu.values())) for one in roads.values()])
    rate = roads[max(roads)].rate
    what = f"events a second at 1,000 items on {database}, {max(roads)} workers"
    claim(what, f"{rate:,.0f}", f"{WANTED[database]:,.0f}", holds=rate >= WANTED[database])


def _row(name: str, values: list[float], more: str = "") -> None:
    gain = values[0] / values[-1] if values[-1] else 0.0
    print(f"  {name:<28}" + "".join(f"{value:>9.1f}" for value in values) + f"{gain:>9.2f}{more}")


if __name__ == "__main__":
    main()
