"""The gate for untrusted pictures: they are decoded in a process of their own that has next to no rights.

A picture that makes its decoder crash, hang or eat memory costs that process, never this one, and is refused
by name; the next picture gets a new process. One process serves many pictures: a thousand cost one start.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from db.errors import DataError, UsageError
from simulator import pictures
from simulator.picture_cell import ANSWER, REQUEST, SHOWN_SIDE
from simulator.pictures import Photo

PATIENCE_SECONDS = 60.0
"""What a picture may take, by the clock; its processor time has a limit of its own."""

COMMAND = ("-m", "simulator.picture_cell")
LONGEST_HEAD = 100_000
LARGEST_CANONICAL = 10_000_000
"""A decoder that was taken over may answer anything; more than this is not even read."""

_Array = NDArray[np.uint8]


class Gate:
    """A context with one cell, started at the first picture and again whenever it is gone."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._cell: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._cell is not None:
            self._end(self._cell)

    def read(self, path: Path) -> Photo:
        """A jpg, png or webp as `pictures.read` gives it, `shown` at most 672 pixels wide and high.

        Raises UsageError when there is no such file, DataError when it is no picture or nobody survives it.
        """
        content = pictures.content_of(path)
        cell = self._cell or self._start()
        timer = threading.Timer(self._patience, cell.kill)
        timer.start()
        try:
            head, shown, canonical = _asked(cell, str(path).encode("utf-8", "surrogateescape"), content)
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            how = self._end(cell)
            raise DataError(
                f"{path}: its decoder {how} over it and was ended; open the picture and save it anew"
            ) from None
        finally:
            timer.cancel()
        if "error" in head:
            raise (UsageError if head.get("usage") else DataError)(str(head["error"]))
        return Photo(Image.fromarray(shown), canonical)

    def _start(self) -> subprocess.Popen[bytes]:
        self._cell = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, *COMMAND],
            cwd=Path(__file__).parents[1],
            env={"OPENBLAS_NUM_THREADS": "1"},  # nothing of ours: no address, no password
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )
        return self._cell

    def _end(self, cell: subprocess.Popen[bytes]) -> str:
        """End the cell; says how it fared before that."""
        self._cell = None
        for pipe in (cell.stdin, cell.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it did not read
                    pipe.close()
        try:
            code = cell.wait(1.0)
        except subprocess.TimeoutExpired:
            cell.kill()
            code = cell.wait()
        return f"died (signal {-code})" if code < 0 else "gave up"


def _asked(
    cell: subprocess.Popen[bytes], name: bytes, content: bytes
) -> tuple[dict[str, Any], _Array, _Array]:
    """The cell's answer: what it says, and two pictures, empty when it says an error."""
    if cell.stdin is None:
        raise EOFError
    cell.stdin.write(REQUEST.pack(len(name), len(content)) + name + content)
    cell.stdin.flush()
    (length,) = ANSWER.unpack(_exactly(cell, ANSWER.size))
    if length > LONGEST_HEAD:
        raise ValueError("too long an answer")
    head: dict[str, Any] = json.loads(_exactly(cell, length))
    if "error" in head:
        return head, np.zeros(0, np.uint8), np.zeros(0, np.uint8)
    shown = _picture(cell, head["shown"], SHOWN_SIDE * SHOWN_SIDE * 3)
    return head, shown, _picture(cell, head["canonical"], LARGEST_CANONICAL)


def _picture(cell: subprocess.Popen[bytes], shape: list[int], most: int) -> _Array:
    size = prod(shape)
    if min(shape) < 1 or len(shape) > 3 or size > most:
        raise ValueError("no size of a picture")
    return np.frombuffer(_exactly(cell, size), np.uint8).reshape(shape)


def _exactly(cell: subprocess.Popen[bytes], size: int) -> bytes:
    found = cell.stdout.read(size) if cell.stdout is not None else b""
    if len(found) < size:
        raise EOFError
    return found
