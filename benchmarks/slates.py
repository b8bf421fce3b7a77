"""Slates a second on two cores: candidates, blend, top 10, at 60,000 items.

`python -m benchmarks.slates [--items 60000] [--times 5]`: two processes at once with one thread
each, as workers are. Requests come from made-up sessions; the counts from as many sessions before
them. Neighbour lists are known, as they are once a worker is warm; the first time, when each is
looked for, stands beside.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from statistics import median

import numpy as np

from benchmarks.made import traffic
from benchmarks.rig.measured import claim
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.policies import recommend
from recommender.profile import Profiles
from workers.fold import fold_sessions, read_slates
from workers.knowledge import NOTHING_KNOWN, advanced
from workers.run_recommender import RunRecommender

SESSIONS = 20_000
REQUESTS = 2560
BATCH = 256
PROCESSES = 2
WANTED = 2000


def main() -> None:
    """Two processes, their rates added up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=60_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--one", action="store_true", help="be one of the processes")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(rates(arguments.items, SESSIONS, REQUESTS, times=arguments.times)))
        return
    words = [sys.executable, "-m", "benchmarks.slates", "--one", "--items", str(arguments.items)]
    words += ["--times", str(arguments.times)]
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    pair = [
        subprocess.Popen(words, env=one_thread, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    found = [json.loads(one.communicate()[0]) for one in pair]
    warm, cold = (sum(one[name] for one in found) for name in ("warm", "cold"))
    what = f"slates of blend at {arguments.items:,} items, {PROCESSES} processes"
    said = f"{warm:,.0f}/s, {cold:,.0f}/s while every neighbour list is new"
    claim(what, said, f"at least {WANTED:,}/s", holds=warm >= WANTED)


def rates(n_items: int, n_sessions: int, n_requests: int, *, times: int) -> dict[str, float]:
    """Slates a second of this process, with neighbour lists known (warm) and not (cold)."""
    recommender = informed(n_items, n_sessions)
    later = traffic.events(n_sessions, n_items=n_items, first_session=n_sessions)
    profiles, _, _ = read_slates(recommender, later)
    asked = profiles[
        np.linspace(0, len(profiles) - 1, min(n_requests, len(profiles))).astype(np.int64)
    ]
    cold = _seconds(recommender, asked)
    warm = median(_seconds(recommender, asked) for _ in range(times))
    return {"warm": len(asked) / warm, "cold": len(asked) / cold}


def informed(n_items: int, n_sessions: int) -> RunRecommender:
    """A recommender after one generation of sessions."""
    config = RecommenderConfig()
    knowledge = Knowledge.start(config, traffic.unit_vectors(n_items), np.ones(n_items, np.bool_))
    first = RunRecommender(1, 1, config, NOTHING_KNOWN, knowledge)
    events = traffic.events(n_sessions, n_items=n_items)
    counts, folded = fold_sessions(first, np.arange(n_sessions), events, 0)
    return advanced(first, [folded], counts.pack())


def _seconds(recommender: RunRecommender, profiles: Profiles) -> float:
    began = time.perf_counter()
    for start in range(0, len(profiles), BATCH):
        recommend(
            recommender.config,
            recommender.knowledge,
            profiles[start : start + BATCH],
            recommender.seed,
        )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
