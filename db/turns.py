"""Whose turn it is: one command at a time plays a run, others wait; the turn ends with its process.

Two that play one run store the same events once, but each takes the other's work away when it
begins. The lock is the kernel's or the server's, so that whoever is killed holds up nobody.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine, text

from db.engine import connected
from db.errors import WindowshopError

LOOK_SECONDS = 0.1
_OURS = 1 << 48
"""Beside a run's number: advisory locks of other kinds have smaller keys."""


@contextmanager
def turn(engine: Engine, run: int, when_others_play: Callable[[], None]) -> Iterator[None]:
    """The turn to play a run, by its number; while another process has it, we say so once and
    wait.
    """
    if engine.dialect.name == "postgresql":
        yield from _by_session(engine, run, when_others_play)
    elif engine.url.database and engine.url.database != ":memory:":
        place = Path(f"{os.path.realpath(engine.url.database)}-turn-{run:012x}")
        yield from _by_file(place, when_others_play)
    else:  # nobody else can see it
        yield


def _by_session(engine: Engine, run: int, when_others_play: Callable[[], None]) -> Iterator[None]:
    """With a lock that Postgres frees when the session that holds it is over."""
    take = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=_OURS + run)
    with connected(engine) as conn:
        _wait(lambda: conn.execute(take).scalar_one() is True, when_others_play)
        try:
            yield
        finally:
            conn.invalidate()  # closed, not put back into the pool with its lock


def _by_file(place: Path, when_others_play: Callable[[], None]) -> Iterator[None]:
    """With a lock on a file beside the database, which the kernel frees when nobody has it open."""
    held: list[BinaryIO] = []
    _wait(lambda: _is_locked(place, held), when_others_play)
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        held[0].close()


def _wait(is_mine: Callable[[], bool], when_others_play: Callable[[], None]) -> None:
    if is_mine():
        return
    when_others_play()
    while not is_mine():
        time.sleep(LOOK_SECONDS)


def _is_locked(place: Path, held: list[BinaryIO]) -> bool:
    """Whether the file is ours now; it is kept open in `held`."""
    try:
        file = place.open("ab")
    except OSError as error:
        raise WindowshopError(
            f"{place}, which keeps others from playing the same run, cannot be written"
            f" ({error.strerror}); make room there, or set DATABASE_URL to a place you may write"
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_ino == place.stat().st_ino:
            held.append(file)
            return True
    except (BlockingIOError, FileNotFoundError):  # another's, or its last owner has just removed it
        pass
    file.close()
    return False
