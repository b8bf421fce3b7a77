"""Seconds to fold the events of one day into SQLite, and what grows how with the day.

`python -m benchmarks.fold [--growth] [--largest] [--workers]`: made-up sessions over 10,000 items,
a million events, folded as a worker does it: read, count, learn, write. --growth folds 0.1 and 1 M
events, --largest 10 M, too: each in a process of its own, with its parts, its peak of memory and
the size of the database. --workers folds a night of 20,000 sessions as one worker does it and as
the first of two does it while the other has nothing in hand, in turn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.made import traffic
from benchmarks.rig.measured import claim, peak_mb
from db import cointeractions, event_log, schema
from db.engine import open_engine, read_transaction, write_transaction
from db.runs import open_run
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from workers.fold import fold_sessions
from workers.knowledge import NOTHING_KNOWN
from workers.run_recommender import RunRecommender

EVENTS = 1_000_000
ITEMS = 10_000
WANTED = 8.0
EVENTS_A_SESSION = 8.03
NIGHT = 20_000
WANTED_OF_TWO = 1.7
PIECE = 50_000
"""Sessions made and stored at once."""


def main() -> None:
    """Fold, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--largest", action="store_true")
    parser.add_argument("--workers", action="store_true", help="one worker beside two")
    parser.add_argument("--one", action="store_true", help="be the process that folds")
    arguments = parser.parse_args()
    if not arguments.one:
        is_growth = arguments.growth or arguments.largest
        sizes = [EVENTS // 10, EVENTS] if is_growth else [arguments.events]
        sizes += [10 * EVENTS] if arguments.largest else []
        # A process each: freed memory does not shrink one. One thread for NumPy, as in a worker.
        one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        for size in sizes:
            times = "1" if is_growth else str(arguments.times)
            words = [sys.executable, "-m", "benchmarks.fold", "--one"]
            words += ["--events", str(size), "--times", times]
            words += ["--workers"] if arguments.workers else []
            subprocess.run(words, check=True, env=one_thread)
        return
    if arguments.workers:
        _compare(arguments.times)
        return
    taken = _measure(arguments.events, arguments.times)
    if arguments.events == EVENTS:
        claim(
            "fold of 1 M events into SQLite",
            f"{taken:.1f} s",
            f"at most {WANTED:.0f} s",
            holds=taken <= WANTED,
        )


def _measure(n_events: int, times: int) -> float:
    with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
        file = Path(folder) / "fold.db"
        engine = open_engine(f"sqlite:///{file}")
        schema.ensure(engine)
        recommender, sessions, stored = _stock(engine, round(n_events / EVENTS_A_SESSION))
        before = file.stat().st_size
        totals = []
        for number in range(times):
            parts: dict[str, float] = {}
            used = time.process_time()
            n_pairs = _fold(engine, recommender, sessions, number, parts)
            used = time.process_time() - used
            totals.append(sum(parts.values()))
        spent = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in parts.items())
        with read_transaction(engine) as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        grown = (file.stat().st_size - before) / times / 1e6
        print(
            f"{stored:,} events, {n_pairs:,} pairs: {median(totals):.2f} s "
            f"(last: {spent}; {used:.2f} s of processor), memory {peak_mb():,.0f} MB, "
            f"events {before / 1e6:,.0f} MB, counts {grown:,.0f} MB"
        )
        engine.dispose()
    return median(totals)


def _compare(times: int) -> None:
    """A night by one worker and by two, each once a round: by the clock, and in processor seconds
    of the thread that folds. The second shows on a busy machine what the first shows on a quiet
    one.
    """
    clock: dict[int, list[float]] = {1: [], 2: []}
    used: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'fold.db'}")
        schema.ensure(engine)
        recommender, sessions, stored = _stock(engine, NIGHT)
        print(f"{NIGHT:,} sessions, {stored:,} events, load {os.getloadavg()[0]:.1f}")
        for number in range(2 * times):
            parts: dict[str, float] = {}
            n = 1 + number % 2
            began = time.thread_time()
            _fold(engine, recommender, sessions, number, parts, n_threads=n)
            used[n].append(time.thread_time() - began)
            clock[n].append(sum(parts.values()))
            told = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in parts.items())
            print(f"  {n} of 2: {told}; {used[n][-1]:.2f} s of processor")
        engine.dispose()
    gained = _median_ratio(clock)
    spared = _median_ratio(used)
    claim(
        f"fold of {NIGHT:,} sessions, two workers beside one",
        f"{gained:.2f} times by the clock, {spared:.2f} by processor",
        f"at least {WANTED_OF_TWO} times",
        holds=gained >= WANTED_OF_TWO,
    )


def _median_ratio(spent: dict[int, list[float]]) -> float:
    return median(one / two for one, two in zip(spent[1], spent[2], strict=True))


def _stock(engine, n_sessions: int):  # type: ignore[no-untyped-def]
    """A run whose sessions have ended; its recommender before any evidence."""
    vectors = traffic.unit_vectors(ITEMS)
    config = RecommenderConfig()
    knowledge = Knowledge.start(config, vectors, np.ones(ITEMS, np.bool_))
    stored = 0
    with write_transaction(engine) as conn:
        run = open_run(conn, {"benchmark": "fold"})
    for first in range(0, n_sessions, PIECE):
        piece = traffic.events(min(PIECE, n_sessions - first), n_items=ITEMS, first_session=first)
        with write_transaction(engine) as conn:
            event_log.append(conn, run.number, piece)
        stored += len(piece)
    return (
        RunRecommender(run.number, 1, config, NOTHING_KNOWN, knowledge),
        np.arange(n_sessions),
        stored,
    )


def _fold(  # type: ignore[no-untyped-def]
    engine, recommender, sessions, number: int, parts: dict[str, float], *, n_threads: int = 1
) -> int:
    """What workers.fold.perform does, its parts timed apart."""
    with _timed(parts, "read"), read_transaction(engine) as conn:
        events = event_log.read_sessions(
            conn, recommender.run, sessions, up_to_step=np.iinfo(np.int16).max, k=traffic.K
        )
    with _timed(parts, "count and learn"):
        counts, folded = fold_sessions(recommender, sessions, events, number, n_threads=n_threads)
    with _timed(parts, "write"), write_transaction(engine) as conn:
        cointeractions.add(conn, recommender.run, folded, counts.pack())
    return len(counts)


@contextmanager
def _timed(parts: dict[str, float], part: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    parts[part] = time.perf_counter() - began


if __name__ == "__main__":
    main()
