"""How often realism calls shoppers unlike that are alike: logs of a world beside the same world.
`python -m benchmarks.realism --logs 40`.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.installation.context import Context
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.playing.export import write
from simulator.playing.in_memory import gather_for_policy, play_in_memory, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.record import Record
from simulator.playing.simulate import prepare_all
from simulator.realism.goods import of_world
from simulator.realism.observed import Observed, of_log
from simulator.realism.realism import compared, played
from windowshop import open as open_shop

SIZES: dict[str, Any] = {"items": 200, "queries": 80, "shoppers": 400, "days": 6}


def as_log(context: Context, resolved: Resolved) -> Observed:
    """A run in memory, exported and read as a log."""
    config = resolved.config
    shared = share_world(config, *gather_for_policy(context, resolved))
    record = Record(config["recommender"]["slate_size"])
    play_in_memory(shared, config["policy"], record=record)
    out = io.StringIO()
    write("0" * 12, record.events, [item.item_id for item in resolved.items], out)
    log = reading.given(out.getvalue().encode(), Notes("log"))
    goods = of_world(resolved.items, shared.world.catalogue, config["categories"]).of_log(log)
    return of_log(log, days=config["days"], shoppers=config["shoppers"], goods=goods)


def main() -> None:
    """Print a line a log, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=40)
    parser.add_argument("--first", type=int, default=1001)
    parser.add_argument("--policy", default="random")
    asked = parser.parse_args()
    context = open_shop().context
    marked: Counter[str] = Counter()
    held, clean, n_measures, areas = 0, 0, 0, []
    for number in range(asked.first, asked.first + asked.logs):
        plan = Plan(policy=asked.policy, seed=number, **SIZES)
        theirs, ours = prepare_all(context, [plan, replace(plan, seed=number + 500_000)])
        real = as_log(context, theirs)
        simulated, *others = played(context, ours, real.known)
        names = ours.config["categories"]
        found = compared(real, simulated, others, seed=number, categories=names)
        wrong = [name for name, one in found["measures"].items() if one["is_unlike"]]
        auc = found["auc"]
        held += auc["low"] <= 0.5 <= auc["high"]
        clean += not wrong
        n_measures += sum(one["low"] is not None for one in found["measures"].values())
        areas.append(auc["value"])
        marked.update(wrong)
        print(number, f"auc {auc['value']:.3f}", ", ".join(wrong) or "nothing", flush=True)
    print(f"auc {np.mean(areas):.3f} in the mean; its interval held 0.5 in {held} of {asked.logs}")
    print(
        f"marked: {marked.total()} of {n_measures} measures, none in {clean} of {asked.logs} logs"
    )
    print(", ".join(f"{name} {n}" for name, n in marked.most_common()))


if __name__ == "__main__":
    main()
