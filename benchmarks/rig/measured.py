"""What every benchmark shares: a duration beside its peer's, and the line that says what came
out.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

Work = Callable[[], object]

PACKAGES = ("numpy", "scipy", "tensorflow-cpu", "keras", "onnxruntime", "faiss-cpu", "implicit")
CLAIM = "claim: "
"""How a line begins that `python -m benchmarks` gathers."""


@dataclass(frozen=True)
class Pair:
    """Medians over rounds: seconds of ours and of the peer, and the ratio peer / ours of each
    round.
    """

    ours: float
    peer: float
    ratio: float


def seconds(work: Work, times: int) -> float:
    """The median of some calls, by the clock on the wall, after one that does not count."""
    return median(_rounds([work], times)[0])


def beside(ours: Work, peer: Work, times: int) -> Pair:
    """Ours and the peer's in turn, so that a busy moment meets both; ratio above 1: ours is
    faster.
    """
    mine, theirs = _rounds([ours, peer], times)
    ratios = [b / a for a, b in zip(mine, theirs, strict=True)]
    return Pair(median(mine), median(theirs), median(ratios))


def claim(what: str, found: str, wanted: str, *, holds: bool) -> None:
    """One line: met or not, what was claimed, what was found, what was wanted."""
    print(
        f"{CLAIM}{'met    ' if holds else 'NOT MET'}  {what}: {found} (wanted: {wanted})",
        flush=True,
    )


def peak_mb() -> float:
    """The most memory that this process has held, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if platform.system() == "Linux" else 1024**2)


def machine() -> str:
    """Where and with what it was measured: processor, versions, commit, load."""
    folder = Path(__file__).parent
    words = ["git", "-C", str(folder), "log", "-1", "--format=%h"]
    commit = (
        subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
        or "unknown"
    )
    load = os.getloadavg()[0]
    lines = [
        (
            f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, commit"
            f" {commit}"
        ),
        ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        f"load {load:.1f}" + ("; busy: read ratios, not seconds" if load > 0.5 else ""),
    ]
    return "\n".join(lines)


def _rounds(works: Sequence[Work], times: int) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in works]
    for number in range(times + 1):
        for work, found in zip(works, taken, strict=True):
            began = time.perf_counter()
            work()
            if number:  # the first call traces, allocates, warms
                found.append(time.perf_counter() - began)
    return taken


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if "model name" in line
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
