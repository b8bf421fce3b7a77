"""Experiments that are started from the browser: played by the command itself, one at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from db.errors import NotFoundError, UsageError
from db.nearest import nearest
from recommender.registry import POLICY_NAMES
from workers.settings import Settings, for_child

LARGEST = {"days": 60, "shoppers": 20_000, "items": 60_000, "seeds": 10}
"""What may be asked for from a browser; the command line has no such bounds."""

RUNNING = "running"
DONE = "done"
FAILED = "failed"


@dataclass(frozen=True)
class ExperimentWish:
    """The sizes of an experiment, and its policies."""

    policies: Sequence[str]
    days: int = 4
    shoppers: int = 500
    items: int = 1000
    seeds: int = 1
    catalogue: str = "fashion-mnist"

    def __post_init__(self) -> None:
        """Raise UsageError for what cannot be played."""
        for name in self.policies:
            if name not in POLICY_NAMES:
                hint = nearest(name, POLICY_NAMES)
                raise NotFoundError(
                    f"no policy {name[:40]!r}; {hint}choose among {', '.join(POLICY_NAMES)}"
                )
        if len(set(self.policies)) < 2:
            raise UsageError("at least two policies are compared")
        for name, most in LARGEST.items():
            if not 1 <= getattr(self, name) <= most:
                raise UsageError(f"{name} must be between 1 and {most:,}")

    def words(self) -> list[str]:
        """The same as words of the command line."""
        policies = ",".join(dict.fromkeys(self.policies))
        sizes = ("days", "shoppers", "items", "seeds", "catalogue")
        flags = [word for name in sizes for word in (f"--{name}", str(getattr(self, name)))]
        return ["experiment", "--policies", policies, *flags, "--workers", "0", "--json"]


@dataclass
class Started:
    """An experiment that was started here."""

    id: str
    wish: ExperimentWish
    process: subprocess.Popen[bytes]
    out: IO[bytes]
    said: IO[bytes]

    def to_json(self) -> dict[str, Any]:
        """Its state, and its result as the command tells it, or what went wrong."""
        code = self.process.poll()
        told: dict[str, Any] = {
            "job": self.id,
            "state": RUNNING if code is None else FAILED if code else DONE,
            "policies": list(self.wish.policies),
        }
        if code == 0:
            told["result"] = json.loads(_whole(self.out))
        elif code is not None:
            lines = _whole(self.said).decode(errors="replace").strip().splitlines()
            told["said"] = lines[-1] if lines else f"exit code {code}"
        return told


class Experiments:
    """Those of one server; they end with it, and are taken up when they are started again."""

    def __init__(self) -> None:
        self._started: dict[str, Started] = {}
        self._looked_at: set[str] = set()

    def start(self, settings: Settings, wish: ExperimentWish) -> Started:
        """Start one with the queue of these settings; UsageError while another one goes on."""
        for one in self._started.values():
            if one.process.poll() is None:
                raise UsageError(f"experiment {one.id} goes on; one at a time is played from here")
        out = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        said = tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(  # noqa: S603 - our own module, checked words
            [sys.executable, "-m", "simulator", *wish.words()],
            env={**for_child(settings), "WINDOWSHOP_RUNS": str(Path(settings.runs).absolute())},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for us
        )
        started = Started(uuid4().hex[:12], wish, process, out, said)
        self._started[started.id] = started
        return started

    def one(self, job: str) -> Started:
        """One by its id; NotFoundError when this server has not started it."""
        if job not in self._started:
            raise NotFoundError(f"no experiment {job[:20]!r} was started here")
        return self._started[job]

    def news(self) -> list[dict[str, Any]]:
        """Those that go on, and those that ended and were not looked at since."""
        return [
            one.to_json() for job, one in list(self._started.items()) if job not in self._looked_at
        ]

    def look_at(self, job: str) -> None:
        """Somebody knows how it ended."""
        self._looked_at.add(job)

    def close(self) -> None:
        """Stop what goes on; the same command takes it up again."""
        for one in self._started.values():
            if one.process.poll() is None:
                one.process.terminate()
            try:
                one.process.wait(10.0)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
            one.out.close()
            one.said.close()


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
