"""How often the interval of a fitted number holds the true one: worlds with known numbers are
simulated, exported, read as a log and fitted. `python -m benchmarks.world_fit --worlds 20`.
"""

from __future__ import annotations

import argparse
import io
import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.fitting.fit import FitWish, fit_events
from simulator.fitting.simulated import shops
from simulator.installation.context import Context
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.playing.export import write
from simulator.playing.in_memory import play_in_memory, share_world
from simulator.playing.plan import Plan
from simulator.playing.record import Record
from simulator.playing.simulate import prepare_all
from windowshop import open as open_shop

BETWEEN = {
    "visit_base": (-0.8, 1.2),
    "habit_spread": (0.4, 1.2),
    "demand_skew": (0.2, 0.9),
    "click_base": (-4.4, -3.0),
    "examine_falloff": (0.82, 0.96),
    "leave_base": (-3.6, -1.2),
    "cart_base": (-3.4, -1.6),
    "purchase_base": (-2.0, -0.2),
    "popular_share": (0.05, 0.5),
}
"""Where the known numbers are drawn; the presets' other numbers stay."""
SIZES: dict[str, Any] = {"items": 200, "queries": 80, "shoppers": 400, "days": 6}


def known_world(number: int) -> dict[str, float]:
    """The numbers of one world."""
    rng = np.random.default_rng(number)
    return {name: round(float(rng.uniform(*ends)), 3) for name, ends in BETWEEN.items()}


def log_of(context: Context, truth: dict[str, float], seed: int, policy: str) -> bytes:
    """The export of a run in that world."""
    text = ",".join(["mixed", *(f"{name}={value}" for name, value in truth.items())])
    plan = Plan(policy=policy, world=text, seed=seed, **SIZES)
    [shop] = shops(context, list(prepare_all(context, [plan])))
    shared = share_world(shop.resolved.config, shop.pictures, shop.vectors)
    record = Record(shared.world.slate_size)
    play_in_memory(shared, policy, record=record)
    out = io.StringIO()
    write("0" * 12, record.events, [item.item_id for item in shop.resolved.items], out)
    return out.getvalue().encode()


def main() -> None:
    """Print a line a world, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--policy", default="visual")
    asked = parser.parse_args()
    context = open_shop().context
    within: dict[str, list[bool]] = defaultdict(list)
    wish = replace(FitWish(), policy=asked.policy)
    for number in range(asked.first, asked.first + asked.worlds):
        truth = known_world(number)
        content = log_of(context, truth, seed=number, policy=asked.policy)
        found = fit_events(context, reading.given(content, Notes("log")), wish)
        for name, one in found.numbers.items():
            within[name].append(one["low"] <= truth[name] <= one["high"])
        print(json.dumps({"world": number, "truth": truth, **found.to_json()}), flush=True)
    for name, hits in within.items():
        print(f"{name}: {sum(hits)} of {len(hits)}", flush=True)
    hits = [hit for some in within.values() for hit in some]
    print(f"all: {sum(hits)} of {len(hits)}, {np.mean(hits):.3f}", flush=True)


if __name__ == "__main__":
    main()
