"""A guest of Python: a process of its own, ended when it hangs, started again when it is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO, Any

import numpy as np

from workers.guests.door import GuestAnswer, GuestError, Limits
from workers.guests.doors import wire
from workers.guests.doors.wire import Message
from workers.guests.guest import Guest
from workers.guests.protocol import Day, Requests, Shop
from workers.settings import for_guest

LAST_WORDS = 2000
"""Bytes of what it printed that are kept of one that died."""


class PythonDoor:
    """A class of somebody's own in a process of its own."""

    def __init__(self, guest: Guest, limits: Limits) -> None:
        self._guest = guest
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._printed: IO[bytes] | None = None

    def load(self) -> dict[str, Any]:
        """Start its process and load its class; says its sha256 and which calls it lacks."""
        self.close()
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workers.guests.doors.child"],
            env=for_guest(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            start_new_session=True,  # Ctrl-C is for us
        )
        asked = {"call": "load", "place": self._guest.place, "options": self._guest.options}
        name = self._guest.target.rpartition(":")[2]
        head = {**asked, "name": name, "memory": self._limits.memory}
        return self._ask(Message(head), 3 * self._limits.seconds).head

    def start(self, shop: Shop) -> None:
        """Load its class anew, and open the shop to it."""
        self.load()
        arrays: dict[str, Any] = {"pictures": shop.pictures, "vectors": shop.vectors}
        message = Message(
            {"call": "start", "k": shop.k, "seed": shop.seed},
            {"items": shop.items, "queries": shop.queries},
            arrays,
        )
        self._ask(message, 3 * self._limits.seconds)

    def slates(self, requests: Requests) -> GuestAnswer:
        """A slate for each request."""
        message = Message(
            {"call": "slates"}, {"requests": requests.table}, {"on_sale": requests.on_sale}
        )
        said = self._ask(message, self._limits.seconds)
        return GuestAnswer(
            said.arrays.get("items"),
            _floats(said, "scores"),
            _floats(said, "propensities"),
            said.head.get("reasons"),
            str(said.head.get("odd", "")),
        )

    def learn(self, day: Day) -> None:
        """A day is over."""
        tables = {"slates": day.slates, "events": day.events}
        self._ask(Message({"call": "learn", "day": day.day}, tables), 3 * self._limits.seconds)

    def close(self) -> None:
        """End its process, whatever it does."""
        process = self._process
        self._process = None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        if self._printed is not None:
            self._printed.close()
            self._printed = None

    def _ask(self, message: Message, seconds: float) -> Message:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise GuestError("died", "its process is not there")
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            wire.send(process.stdin, message)  # type: ignore[arg-type]
            said = wire.receive(process.stdout)  # type: ignore[arg-type]
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            words = self._last_words()
            self.close()
            if is_late.is_set():
                raise GuestError("late", f"no answer within {seconds:g} s") from None
            how = f"{type(error).__name__}: {error}" if str(error) else "its process ended"
            raise GuestError("died", f"{how}{words}") from None
        finally:
            timer.cancel()
        if (raised := said.head.get("error")) is not None:
            if raised["out_of_memory"]:  # it may have leaked; a new one has room
                self.close()
            raise GuestError("raised", f"{raised['kind']}: {raised['says']}", raised["traceback"])
        return said

    def _last_words(self) -> str:
        if self._printed is None:
            return ""
        with suppress(OSError, ValueError):
            size = self._printed.seek(0, os.SEEK_END)
            self._printed.seek(max(0, size - LAST_WORDS))
            lines = self._printed.read().decode(errors="replace").strip().splitlines()
            return f"; its last words: {lines[-1]}" if lines else ""
        return ""


def _floats(said: Message, name: str) -> Any:
    found = said.arrays.get(name)
    return None if found is None else np.asarray(found, np.float64)
