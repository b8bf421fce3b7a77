"""A recommender of somebody's own, tried from the browser: by `windowshop check`, one at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from db.errors import GateError, NotFoundError, UsageError
from workers.guests.address import FILES, parse
from workers.settings import Settings, for_child

RUNNING = "running"
DONE = "done"
FAILED = "failed"

ITEMS = 300
QUERIES = 100
"""The shop that it is tried in has at most so many."""

LONGEST_SECONDS = 300.0
MOST_KEPT = 20


@dataclass(frozen=True)
class TrialWish:
    """Whom to try, and in which shop. spec: an address, or the name of a file that comes along."""

    spec: str
    catalogue: str
    items: int
    queries: int
    content: bytes | None = None
    """Of the file."""

    def __post_init__(self) -> None:
        """Raise UsageError for what is neither; code is not taken from a browser."""
        if self.content is not None:
            if Path(self.spec).suffix not in FILES:
                raise UsageError(
                    f"{self.spec[:80]!r} is no file of lists; wanted one that ends in"
                    f" {', '.join(FILES)}"
                )
        elif self.spec.startswith(("http://", "https://")):
            parse(self.spec)
        else:
            raise UsageError(
                f"{self.spec[:80]!r} is no address; give http://HOST:PORT, or try a class by"
                " `windowshop check mine.py:Mine`"
            )

    def words(self, folder: Path) -> list[str]:
        """The same as words of the command line; the file is put into a folder."""
        place = self.spec
        if self.content is not None:
            held = folder / f"lists{Path(self.spec).suffix}"
            held.write_bytes(self.content)
            place = str(held)
        sizes = [
            "--items",
            str(min(ITEMS, self.items)),
            "--queries",
            str(min(QUERIES, self.queries)),
        ]
        return ["check", place, "--catalogue", self.catalogue, *sizes, "--json"]


@dataclass
class Trial:
    """One that was started here."""

    id: str
    spec: str
    process: subprocess.Popen[bytes]
    out: IO[bytes]
    said: IO[bytes]
    held: ExitStack = field(default_factory=ExitStack)

    def to_json(self) -> dict[str, Any]:
        """Its state, and what was found or what went wrong."""
        code = self.process.poll()
        told: dict[str, Any] = {"job": self.id, "spec": self.spec, "state": RUNNING}
        if code in {0, GateError.exit_code}:
            return {**told, "state": DONE, "found": json.loads(_whole(self.out))}
        if code is not None:
            lines = _whole(self.said).decode(errors="replace").strip().splitlines()
            said = lines[-1].removeprefix("windowshop: ") if lines else f"exit code {code}"
            return {**told, "state": FAILED, "said": said}
        return told

    def end(self) -> None:
        """Stop it if it goes on, and let go of its files."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.held.close()


class Trials:
    """Those of one server; the newest are kept until it ends."""

    def __init__(self) -> None:
        self._started: dict[str, Trial] = {}

    def start(self, settings: Settings, wish: TrialWish) -> Trial:
        """Try one; UsageError while another trial goes on."""
        for one in self._started.values():
            if one.process.poll() is None:
                raise UsageError(f"{one.spec} is being tried; wait until that is over")
        while len(self._started) >= MOST_KEPT:
            self._started.pop(next(iter(self._started))).end()
        with ExitStack() as held:
            folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
            out = held.enter_context(tempfile.TemporaryFile())
            said = held.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(  # noqa: S603 - our own module, checked words
                [sys.executable, "-m", "simulator", *wish.words(folder)],
                env=for_child(settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                start_new_session=True,  # Ctrl-C is for us
            )
            trial = Trial(uuid4().hex[:12], wish.spec, process, out, said, held.pop_all())
        self._started[trial.id] = trial
        return trial

    def one(self, job: str) -> Trial:
        """One by its id; NotFoundError when this server has not started it."""
        if job not in self._started:
            raise NotFoundError(f"no trial {job[:20]!r} was started here; begin another at /plug")
        return self._started[job]

    def close(self) -> None:
        """Stop what goes on."""
        for one in self._started.values():
            one.end()


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
