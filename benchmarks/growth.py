"""What a run of ten thousand, a hundred thousand and a million events costs: time, memory,
database.

`python -m benchmarks.growth [--database sqlite,postgres] [--by shoppers,days]` plays the blend at
1,000 items with two workers, growing by shoppers (8 days) or by days (1,800 shoppers), each in a
process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace

from benchmarks.rig.installation import DATABASES, database_mb, installed
from benchmarks.rig.measured import machine
from benchmarks.rig.road import travel
from simulator.playing.plan import Plan

SIZES = {
    "shoppers": ((224, 8), (2_240, 8), (22_400, 8)),
    "days": ((1_800, 1), (1_800, 10), (1_800, 100)),
}
STAGES = (
    ("rank", "read"),
    ("rank", "compute"),
    ("fold", "read"),
    ("fold", "compute"),
    ("fold", "write"),
)
HEAD = (
    f"{'database':<9}{'shoppers':>9}{'days':>5}{'events':>11}{'s':>8}{'events/s':>10}{'processor':>10}"
    f"{'store':>7}"
    + "".join(f"{' '.join(stage):>13}" for stage in STAGES)
    + f"{'simulator MB':>14}{'worker MB':>11}{'database MB':>13}{'bytes/event':>13}"
)


def main() -> None:
    """A line a size; processor (all processes), store and stages are milliseconds of each thousand
    events.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=",".join(DATABASES))
    parser.add_argument("--by", default=",".join(SIZES))
    parser.add_argument("--one", nargs=2, type=int, metavar=("SHOPPERS", "DAYS"))
    arguments = parser.parse_args()
    if arguments.one:
        _measure(arguments.database, *arguments.one)
        return
    print(machine())
    print(HEAD, flush=True)
    for database in arguments.database.split(","):
        for shoppers, days in (size for by in arguments.by.split(",") for size in SIZES[by]):
            words = ("--database", database, "--one", str(shoppers), str(days))
            subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "benchmarks.growth", *words], check=True
            )


def _measure(database: str, shoppers: int, days: int) -> None:
    with installed(database) as context:
        plan = Plan(shoppers=shoppers, days=days)
        travel(context, replace(plan, shoppers=10, days=1))  # embeds, which would count as memory
        before = database_mb(context.engine)
        road = travel(context, plan)
    grown = road.memory["database"] - before
    spent = "".join(f"{road.milliseconds(road.stages[stage][0]):>13.1f}" for stage in STAGES)
    print(
        f"{database:<9}{shoppers:>9,}{days:>5}{road.events:>11,}{road.total:>8.1f}{road.rate:>10,.0f}"
        f"{road.milliseconds(sum(road.cpu.values())):>10.1f}{road.milliseconds(road.parts['store']):>7.1f}{spent}"
        f"{road.memory['simulator']:>14,.0f}{road.memory['worker']:>11,.0f}{grown:>13,.1f}"
        f"{1e6 * grown / road.events:>13,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
