"""Which lane runs: the short one by default, the whole one with FAULTS=whole; and the one seed of
both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SETTINGS = ("FAULTS", "FAULTS_SEED", "SOAK_MINUTES")
"""The variables that decide what is done, here and in test_soak.py."""

WHOLE = os.environ.get("FAULTS") == "whole"
SEED = int(os.environ.get("FAULTS_SEED", "1"))
PATIENCE = 240.0
"""Seconds until something that must happen soon has not happened, on a machine that may be busy."""
DRAIN_SECONDS = 30.0
"""I3: no work row is left so long after the end of a fault, on an idle machine."""


def short_or_whole(short: T, whole: T) -> T:
    """A count of each lane."""
    return whole if WHOLE else short


def allowed_drain() -> float:
    """DRAIN_SECONDS, longer by as much as others keep this machine busy."""
    return DRAIN_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_until(condition: Callable[[], object], what: str, *, seconds: float = PATIENCE) -> float:
    """Returns as soon as it holds, with the seconds that took; fails when it takes too long."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.01)
    return time.monotonic() - began
