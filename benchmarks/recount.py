"""Seconds to count the co-interactions of a day: our fold's counting, SciPy, Polars, DuckDB, Spark.

`python -m benchmarks.recount [--events 1000000] [--times 3] [--engines ours,scipy,...]`: made-up
sessions over 10,000 items as Parquet tables, which each engine reads and counts in a process of its
own, all in turn. Every engine must find the same cells.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.made import polars_engine, traffic
from benchmarks.rig.measured import claim, peak_mb
from recommender.profile import ProfileConfig
from recommender.scoring.cointeraction import EXAMINATION
from simulator.recount import tables
from simulator.recount.cells import Cells
from simulator.recount.engines import scipy_engine
from simulator.recount.engines.engine import Means, open_engine
from simulator.recount.engines.engine_names import EngineName
from simulator.recount.question import SlateQuestion

EVENTS = 1_000_000
ITEMS = 10_000
EVENTS_A_SESSION = 8.03
PIECE = 50_000
MEGABYTES = 4_000
ENGINES = ("ours", "scipy", "polars", "duckdb", "spark")
Found = dict[str, Any]


def main() -> None:
    """Write the tables, let each count, say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_count(arguments.one[0], Path(arguments.one[1]))))
        return
    names = arguments.engines.split(",")
    if "spark" in names and shutil.which("java") is None:
        print("   Spark is left out: there is no Java")
        names.remove("spark")
    with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
        stored = _write(Path(folder, "tables"), round(arguments.events / EVENTS_A_SESSION))
        rounds = [
            {name: _elsewhere(name, folder) for name in names} for _ in range(arguments.times)
        ]
    _tell(stored, rounds)


def _tell(n_events: int, rounds: list[dict[str, Found]]) -> None:
    first = next(iter(rounds[0].values()))
    same = {one["digest"] for found in rounds for one in found.values()}
    for name in rounds[0]:
        of = [found[name] for found in rounds]
        seconds = [one["seconds"] for one in of]
        started = median(one["started"] for one in of)
        memory = max(one["megabytes"] for one in of)
        print(
            f"{name:<7} {median(seconds):7.2f} s ({min(seconds):.2f} to {max(seconds):.2f}),"
            f" start {started:.1f} s, its Python's memory {memory:,.0f} MB"
        )
    what = f"cells of {n_events:,} events, {first['cells']:,} of them"
    claim(
        f"{what}, by {', '.join(rounds[0])}",
        "all equal" if len(same) == 1 else f"{len(same)} different answers",
        "all equal",
        holds=len(same) == 1,
    )
    if "ours" in rounds[0] and len(rounds[0]) > 1:
        ratios = [_ratio(found) for found in rounds]
        print(f"   seconds of ours over those of the fastest other: {median(ratios):.2f}")


def _ratio(found: dict[str, Found]) -> float:
    others = [one["seconds"] for name, one in found.items() if name != "ours"]
    return float(found["ours"]["seconds"] / min(others))


def _write(folder: Path, n_sessions: int) -> int:
    """The tables of so many sessions; how many events they hold."""
    stored = 0
    for piece, first in enumerate(range(0, n_sessions, PIECE)):
        events = traffic.events(min(PIECE, n_sessions - first), n_items=ITEMS, first_session=first)
        tables.write_slates(folder, events, piece)
        stored += len(events)
    falling = EXAMINATION / np.log2(np.arange(2, traffic.K + 2))
    tables.write_weights(folder, np.rint(falling).astype(np.int64))
    return stored


def _elsewhere(name: str, folder: str) -> Found:
    words = [sys.executable, "-W", "ignore", "-m", "benchmarks.recount", "--one", name, folder]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _count(name: str, folder: Path) -> Found:
    """One engine's answer, in this process."""
    question = SlateQuestion(folder / "tables", ITEMS, ProfileConfig())
    began = time.perf_counter()
    count = _opened(name, folder)
    started = time.perf_counter() - began
    began = time.perf_counter()
    cells = count(question)
    seconds = time.perf_counter() - began
    digest = sha256(cells.key.tobytes() + cells.values.tobytes()).hexdigest()
    return {
        "seconds": seconds,
        "started": started,
        "megabytes": peak_mb(),
        "cells": len(cells),
        "digest": digest,
    }


def _opened(name: str, folder: Path) -> Callable[[SlateQuestion], Cells]:
    if name == "ours":
        return scipy_engine.as_folded
    if name == "polars":
        return polars_engine.count
    return open_engine(EngineName(name), Means(folder, MEGABYTES, "local[2]")).count


if __name__ == "__main__":
    main()
