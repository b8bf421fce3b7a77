"""Scratch folders below TMPDIR: locked while their owner lives, else removed by the next start."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from db.errors import UsageError, WindowshopError

PREFIX = "windowshop-scratch-"
LOCK = ".owner"
LONGEST_SOCKET = 100
"""Bytes of a unix socket's path; Linux takes 107, macOS 103."""
SHORT = Path("/tmp")  # noqa: S108 - only where TMPDIR is too long; folders in it are made as TMPDIR's are
BORN_SECONDS = 60.0
"""An empty folder older than this is not about to be locked: its owner died in between."""


class Scratch:
    """A folder of our own, gone when it is closed; whose owner was killed is found by `sweep`.

    socket: the name of a unix socket that must fit in it.
    Raises UsageError where TMPDIR is too long for that, WindowshopError where none can be made.
    """

    def __init__(self, *, socket: str = "") -> None:
        place = _place(socket)
        sweep(place)
        try:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
            self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise WindowshopError(
                f"no scratch folder can be made in {place} ({error.strerror}); "
                "make room, or set TMPDIR to a folder that can be written"
            ) from None
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the folder; the lock goes last."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def sweep(place: Path) -> None:
    """Remove our folders whose owners are dead: their lock is free. Nobody else's is touched."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            if found.st_uid == os.getuid() and folder.is_dir() and not folder.is_symlink():
                _remove_if_orphaned(folder, age=time.time() - found.st_mtime)
        except OSError:  # its owner removes it just now, or holds it
            continue


def _remove_if_orphaned(folder: Path, *, age: float) -> None:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        if age > BORN_SECONDS:
            folder.rmdir()  # only if it is empty: what has no lock and holds something is not ours
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _place(socket: str) -> Path:
    """TMPDIR, or a short folder where a socket would not fit in it."""
    try:
        wanted = Path(tempfile.gettempdir())
    except OSError as error:
        raise WindowshopError(
            f"{error.strerror}; set TMPDIR to a folder that can be written"
        ) from None
    if not socket or _socket_bytes(wanted, socket) <= LONGEST_SOCKET:
        return wanted
    if os.access(SHORT, os.W_OK | os.X_OK):
        return SHORT
    raise UsageError(
        f"TMPDIR {wanted} is too long for a unix socket (at most {LONGEST_SOCKET} bytes); "
        "set a shorter one"
    )


def _socket_bytes(place: Path, socket: str) -> int:
    return len(os.fsencode(place / f"{PREFIX}12345678" / socket))
