"""Events a second from the first morning to the end of the last fold, and where the time goes.

`python -m benchmarks.pipeline [--items 1000] [--days 8] [--times 3]` plays the policy blend through
Valkey, two workers and the database in force (DATABASE_URL); then once more in this process under
the profiler, to divide the time. `benchmarks.load` compares databases and numbers of workers.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
from statistics import median

from benchmarks.rig.installation import METRICS
from benchmarks.rig.measured import claim
from benchmarks.rig.road import PARTS, Road, travel
from simulator.installation.context import Context, Silence, open_context
from simulator.playing.plan import Plan
from simulator.playing.simulate import Played, prepare, simulate, workforce_for
from workers import settings

WANTED = {1_000: 8_000, 10_000: 3_000}
"""Events a second by items."""

STAGES = {
    "read the events of a batch": ("event_log.py", "read_sessions"),
    "build profiles": ("profile.py", "build_profiles"),
    "candidates, scores, top k": ("policies.py", "recommend"),
    "write slates": ("slates.py", "add"),
    "read slates": ("slates.py", "at_step"),
    "fold (count and learn)": ("fold.py", "fold_sessions"),
    "load a generation": ("knowledge.py", "recommender"),
    "write events": ("event_log.py", "append"),
    "write slate outcomes": ("slate_outcomes.py", "add"),
    "world: ask": ("day.py", "ask"),
    "world: read": ("day.py", "read"),
}


def main() -> None:
    """Measure, divide, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    context = open_context(settings.load(metrics=METRICS), Silence())
    plan = Plan(items=arguments.items, days=arguments.days)
    load = os.getloadavg()[0]
    print(
        f"blend, {plan.items:,} items, {plan.days} days, {plan.shoppers:,} shoppers, load"
        f" {load:.1f}"
    )
    rates = [_rate(travel(context, plan)) for _ in range(arguments.times)]
    found = f"{median(rates):,.0f}/s, median of {[round(rate) for rate in rates]}"
    what = f"events of blend at {plan.items:,} items, 2 workers"
    wanted = WANTED.get(plan.items, 0)
    claim(what, found, f"at least {wanted:,}/s", holds=median(rates) >= wanted)
    _divide(context, plan)


def _rate(road: Road) -> float:
    spent = ", ".join(f"{part} {road.parts[part]:.2f} s" for part in PARTS)
    print(f"  {road.events:,} events: {spent}, total {road.total:.2f} s")
    return road.rate


def _alone(context: Context, plan: Plan) -> Played:
    resolved = prepare(context, plan)
    with workforce_for(context, local=True) as workforce:
        return simulate(context, resolved, workforce, again=True)


def _divide(context: Context, plan: Plan) -> None:
    """One process does everything: what share of its time each stage takes."""
    profile = cProfile.Profile()
    played = profile.runcall(_alone, context, plan)
    total = played.seconds["total"]
    print(f"in one process under the profiler: {total:.1f} s, of which")
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for stage, (file, function) in STAGES.items():
        seconds = sum(
            row[3]
            for (path, _, name), row in found.items()
            if path.endswith(f"/{file}") and name == function
        )
        print(f"  {stage:<28} {seconds:6.2f} s  {seconds / total:5.1%}")


if __name__ == "__main__":
    main()
