"""Where the time of a job goes: a stopwatch for the stages read, compute and write."""

from __future__ import annotations

import time


class Stopwatch:
    """Seconds of each stage of the job at hand."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A new job begins."""
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """A stage is done; it has lasted since the one before."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._since
        self._since = now
