"""Experiments that are started from the browser: played by the command itself, one at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
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

FOLDER = "shop-experiments"
WISH = "wish.json"
OUT = "out.json"
SAID = "said.txt"
LOOKED_AT = "looked-at"
STOPPED = (
    "It was stopped with the server. Start it again with the same settings, and it goes on where"
    " it stopped."
)
"""Said of one that a signal ended; pages translate it."""


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
    """An experiment that was started here, by this server or by one before it."""

    id: str
    policies: Sequence[str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def to_json(self) -> dict[str, Any]:
        """Its state, and its result as the command tells it, or what went wrong."""
        code = self.process.poll() if self.process else self._ended_as()
        told: dict[str, Any] = {
            "job": self.id,
            "state": RUNNING if code is None else FAILED if code else DONE,
            "policies": list(self.policies),
        }
        if code == 0:
            told["result"] = json.loads((self.folder / OUT).read_bytes())
        elif code is not None:
            lines = (self.folder / SAID).read_text(errors="replace").strip().splitlines()
            told["said"] = STOPPED if code < 0 else lines[-1] if lines else f"exit code {code}"
        return told

    def _ended_as(self) -> int:
        """How one ended whose server is gone: what it told is whole, or it was stopped."""
        try:
            return 0 if json.loads((self.folder / OUT).read_bytes()) else -1
        except ValueError:
            return -1


class Experiments:
    """Those of an installation, each with a folder; who restarts the server finds them again.

    What goes on ends with its server, and is taken up when it is started again.
    """

    def __init__(self, home: Path) -> None:
        self._place = home / FOLDER
        self._started: dict[str, Started] = {}
        for told in sorted(self._place.glob(f"*/{WISH}"), key=lambda one: one.stat().st_mtime):
            try:
                policies = json.loads(told.read_bytes())["policies"]
            except (OSError, ValueError, KeyError):  # its server was killed while it wrote
                continue
            name = told.parent.name
            self._started[name] = Started(name, policies, told.parent)

    def start(self, settings: Settings, wish: ExperimentWish) -> Started:
        """Start one with the queue of these settings; UsageError while another one goes on."""
        for one in self._started.values():
            if one.process is not None and one.process.poll() is None:
                raise UsageError(f"experiment {one.id} goes on; one at a time is played from here")
        name = uuid4().hex[:12]
        folder = self._place / name
        folder.mkdir(parents=True)
        with (folder / OUT).open("wb") as out, (folder / SAID).open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - our own module, checked words
                [sys.executable, "-m", "simulator", *wish.words()],
                env={**for_child(settings), "WINDOWSHOP_RUNS": str(Path(settings.runs).absolute())},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                start_new_session=True,  # Ctrl-C is for us
            )
        (folder / WISH).write_text(json.dumps(asdict(wish)))
        started = Started(name, wish.policies, folder, process)
        self._started[name] = started
        return started

    def one(self, job: str) -> Started:
        """One by its id; NotFoundError when nobody has started it here."""
        if job not in self._started:
            raise NotFoundError(f"no experiment {job[:20]!r} was started here")
        return self._started[job]

    def news(self) -> list[dict[str, Any]]:
        """Those that go on, and those that ended and were not looked at since."""
        return [
            one.to_json()
            for one in list(self._started.values())
            if not (one.folder / LOOKED_AT).exists()
        ]

    def look_at(self, job: str) -> None:
        """Somebody knows how it ended."""
        (self._started[job].folder / LOOKED_AT).touch()

    def close(self) -> None:
        """Stop what goes on; the same command takes it up again."""
        for one in self._started.values():
            if one.process is None:
                continue
            if one.process.poll() is None:
                one.process.terminate()
            try:
                one.process.wait(10.0)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
