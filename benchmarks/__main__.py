"""Every benchmark, one after the other, each in a process of its own; at the end one line a claim.

`python -m benchmarks [--largest]`; exit 4 when a claim is not met. --largest adds what takes more
than half an hour: the fold of 10 M events, and how runs of up to a million events grow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks.rig.measured import CLAIM, machine

SCRIPTS = (
    ("embedding",),
    ("similar",),
    ("similar", "--first"),
    ("neighbours", "--million"),
    ("slates",),
    ("item_table",),
    ("fold",),
    ("fold", "--workers"),
    ("recount",),
    ("pipeline",),
    ("pipeline", "--items", "10000", "--days", "4"),
    ("load",),
    ("log_reading",),
    ("logs",),
    ("logs", "--rows", "1500000"),
    ("burst",),
    ("environment",),
    ("guests",),
    ("serving", "--seconds", "5"),
    ("serving", "--items", "60000", "--seconds", "5"),
)
LARGEST = (("fold", "--largest"), ("recount", "--events", "10000000", "--times", "1"))


def main() -> int:
    """Run them all; what one of them says is shown as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", action="store_true")
    is_largest = parser.parse_args().largest
    growth = (*LARGEST, ("growth",)) if is_largest else (("fold", "--growth"),)
    print(machine(), flush=True)
    claims: list[str] = []
    for script in (*SCRIPTS, *growth):
        claims += _run(*script)
    print("\n" + "\n".join(claims))
    return 4 if any("NOT MET" in line for line in claims) else 0


def _run(name: str, *words: str) -> list[str]:
    print(f"\n== {' '.join((name, *words))}", flush=True)
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}", *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    claims = []
    for line in child.stdout or ():
        print(line, end="", flush=True)
        if line.startswith(CLAIM):
            claims.append(line.removeprefix(CLAIM).rstrip())
    if child.wait():
        claims.append(f"NOT MET  {name}: ended with exit code {child.returncode}")
    print(f"   {time.perf_counter() - began:.0f} s", flush=True)
    return claims


if __name__ == "__main__":
    sys.exit(main())
