"""The decoder of untrusted pictures: they are decoded in a process of their own without rights.

A picture that makes its decoder crash, hang or eat memory costs that process, never this one, and
is refused by name; the next picture gets a new process. One process serves many pictures: a
thousand cost one start.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from db.errors import DataError, UsageError
from db.views import COLOUR_SIDE, SIDE
from simulator.catalogues import pictures
from simulator.catalogues.decoder_process import REPLY, REQUEST, SHOWN_SIDE
from simulator.catalogues.pictures import Photo

PATIENCE_SECONDS = 60.0
"""What a picture may take, by the clock."""

PROCESSOR_SECONDS = 30
"""What a picture may take of a processor, on Linux; elsewhere the clock alone ends it."""

COMMAND = ("-m", "simulator.catalogues.decoder_process")
LONGEST_HEAD = 100_000
STORED = ([SIDE, SIDE], [COLOUR_SIDE, COLOUR_SIDE, 3])
"""A process that was taken over may reply anything; other sizes, or more, are not even read."""

_PROCESSOR_TIME = 2
"""The clock of a process that counts what it used of processors, whole (linux/posix-timers.h)."""

_SICK = (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError)
"""What comes of a process that died, or that replies what no sound one says."""

_Array = NDArray[np.uint8]


class Decoder:
    """A context with one process that decodes, started at the first picture and again whenever it
    is gone.
    """

    def __init__(
        self,
        *,
        patience: float = PATIENCE_SECONDS,
        processor_seconds: int = PROCESSOR_SECONDS,
        most_pixels: int = pictures.MOST_PIXELS,
    ) -> None:
        self._limit = [str(most_pixels)] if most_pixels != pictures.MOST_PIXELS else []
        self._patience = patience
        self._processor_seconds = processor_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._held: list[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._end(self._process)

    def read(self, path: Path) -> Photo:
        """A picture file as `pictures.read` gives it, `shown` at most 672 pixels wide and high.

        Raises UsageError when there is no such file, DataError when it is no picture or nobody
        survives it.
        """
        return self.understand(str(path), pictures.content_of(path))

    def understand(self, name: str, content: bytes) -> Photo:
        """As `read`, of a file's bytes; its name is only for what is said of it."""
        process = self._process or self._start()
        try:
            with self._deadline(process):
                self._greet(process)
                _allow(process, self._processor_seconds)
                head, shown, canonical = _asked(
                    process, name.encode("utf-8", "surrogateescape"), content
                )
        except _SICK:
            how = self._end(process)
            raise DataError(
                f"{name}: its decoder {how} over it and was ended; open the picture and save it"
                " anew"
            ) from None
        if "error" in head:
            raise (UsageError if head.get("usage") else DataError)(str(head["error"]))
        return Photo(Image.fromarray(shown), canonical, _format(head))

    def held(self) -> list[str]:
        """Which of CALLS, NETWORK and PRIVILEGES of `decoder_rights` the process has given up on
        this system.

        Raises DataError when no process starts.
        """
        process = self._process or self._start()
        try:
            with self._deadline(process):
                return self._greet(process)
        except _SICK:
            how = self._end(process)
            raise DataError(
                f"the decoder of pictures {how} at its start; "
                f"run `{sys.executable} {' '.join(COMMAND)} < /dev/null` to see why"
            ) from None

    @contextmanager
    def _deadline(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        timer = threading.Timer(self._patience, process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _greet(self, process: subprocess.Popen[bytes]) -> list[str]:
        """What a process says before its first picture: which rights it gave up."""
        if self._held is None:
            self._held = [str(one) for one in _head(process)["held"]]
        return self._held

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, *COMMAND, *self._limit],
            cwd=Path(__file__).parents[2],
            env={"OPENBLAS_NUM_THREADS": "1"},  # nothing of ours: no address, no password
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )
        self._held = None
        return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> str:
        """End the process; says how it fared before that."""
        self._process = None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it did not read
                    pipe.close()
        try:
            code = process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return f"died (signal {-code})" if code < 0 else "gave up"


def _allow(process: subprocess.Popen[bytes], seconds: int) -> None:
    """So much more processor time, then SIGXCPU ends it. Set from here: it may not lift its own
    limits.
    """
    if sys.platform != "linux":
        return
    used = int(time.clock_gettime(~process.pid << 3 | _PROCESSOR_TIME))
    with suppress(PermissionError, ValueError):  # a lower limit that we were given ourselves
        hard = resource.prlimit(process.pid, resource.RLIMIT_CPU)[1]
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (used + seconds, hard))


def _asked(
    process: subprocess.Popen[bytes], name: bytes, content: bytes
) -> tuple[dict[str, Any], _Array, _Array]:
    """The reply of the process: what it says, and two pictures, empty when it says an error."""
    if process.stdin is None:
        raise EOFError
    process.stdin.write(REQUEST.pack(len(name), len(content)) + name + content)
    process.stdin.flush()
    head = _head(process)
    if "error" in head:
        return head, np.zeros(0, np.uint8), np.zeros(0, np.uint8)
    if max(head["shown"]) > SHOWN_SIDE or head["canonical"] not in STORED:
        raise ValueError("no size that a picture has")
    shown = _picture(process, head["shown"])
    return head, shown, _picture(process, head["canonical"])


def _format(head: dict[str, Any]) -> str:
    """What the file was, if it is anything that is read; else unknown."""
    told = str(head.get("format", ""))
    return told if told in pictures.NAMES.values() else ""


def _head(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    (length,) = REPLY.unpack(_exactly(process, REPLY.size))
    if length > LONGEST_HEAD:
        raise ValueError("too long a reply")
    head = json.loads(_exactly(process, length))
    if not isinstance(head, dict):
        raise TypeError("no reply")
    return head


def _picture(process: subprocess.Popen[bytes], shape: list[int]) -> _Array:
    if min(shape) < 1 or (shape[2:] != [3] and shape not in STORED):
        raise ValueError("no size that a picture has")
    return np.frombuffer(_exactly(process, prod(shape)), np.uint8).reshape(shape)


def _exactly(process: subprocess.Popen[bytes], size: int) -> bytes:
    found = process.stdout.read(size) if process.stdout is not None else b""
    if len(found) < size:
        raise EOFError
    return found
