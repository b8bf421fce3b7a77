"""How long it takes to read and check a large log, and how much memory.

`python -m benchmarks.log_reading [--rows 10000000]` writes visits with text columns, a few broken
lines and doubles, and reads them in a process of its own, down to the arrays that are judged.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from benchmarks.rig.measured import claim, peak_mb

SECONDS = 60
MEGABYTES = 4_000
BROKEN = b"1,1,soon,1,view,x\n"
BLOCK = 1_000_000


def main() -> None:
    """Write a log, read it elsewhere, say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read)
        return
    with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
        path = Path(folder, "log.csv")
        write(path, arguments.rows)
        sys.stdout.flush()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.log_reading", "--read", str(path)], check=True
        )


def write(path: Path, rows: int) -> None:
    """Visits of about four events, in the order of time, one line in 10,000 broken."""
    rng = np.random.default_rng([rows, 3])
    with path.open("wb") as file:
        file.write(b"user_id,user_session,event_time,product_id,event_type,brand\n")
        for first in range(0, rows, BLOCK):
            n = min(BLOCK, rows - first)
            session = first // 4 + np.arange(n) // 4
            columns = {
                "user": session * 7919 % 1_000_003,
                "session": pa.array([f"72d76fde-8bb3-4e00-{one:012x}" for one in session.tolist()]),
                "time": 1_570_000_000 + first // 4 + np.arange(n) // 4 + np.arange(n) % 4,
                "item": rng.zipf(1.3, n) % 100_000 + 1_000_000,
                "kind": pa.array(["view", "view", "cart", "purchase"]).take(
                    pa.array(rng.integers(0, 4, n))
                ),
                "brand": pa.array(['plain, "quoted"', "shiseido", ""]).take(
                    pa.array(rng.choice(3, n, p=[0.01, 0.59, 0.4]))
                ),
            }
            options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
            arrow_csv.write_csv(pa.table(columns), file, options)
            arrow_csv.write_csv(pa.table(columns)[:100], file, options)  # fired twice
            file.write(BROKEN.replace(b",x", b",x,x") * (n // 20_000) + BROKEN * (n // 20_000))


def read(path: Path) -> None:
    """Read it and say what it took."""
    from simulator.logs import log_arrays  # noqa: PLC0415 - what is imported counts, too

    size = path.stat().st_size / 1e6
    began = time.perf_counter()
    found = log_arrays.read(path)
    taken = time.perf_counter() - began
    work = time.process_time()
    most = peak_mb()
    notes = found.notes
    claim(
        f"a log of {notes.n_events:,} lines ({size:,.0f} MB) read and checked: {notes.read:,} kept,"
        f" {notes.duplicates:,} doubles, {len(notes.skipped):,} left out",
        f"{work:.0f} s of processor, {taken:.0f} s by the clock, {most:,.0f} MB at most",
        f"at most {SECONDS} s of processor and {MEGABYTES:,} MB",
        holds=work <= SECONDS and most <= MEGABYTES,
    )


if __name__ == "__main__":
    main()
