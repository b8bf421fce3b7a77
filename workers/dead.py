"""Which silent processes are dead for certain: nobody of ours has their pid any more."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sqlalchemy import Engine

from db import heartbeats
from db.engine import read_transaction, write_transaction
from db.heartbeats import Seen

OURS = (b"workers", b"windowshop", b"simulator", b"tests")
"""One of these stands on the command line of every process of ours."""


def among(found: list[Seen]) -> list[Seen]:
    """The silent ones that have ended for certain. Of other machines only a successor can tell."""
    alive = {(one.host, one.pid) for one in found if not one.is_silent}
    here = socket.gethostname()
    return [
        one
        for one in found
        if one.is_silent
        and ((one.host, one.pid) in alive or (one.host == here and _has_ended(one.pid)))
    ]


def _has_ended(pid: int) -> bool:
    """Whether no process of ours has this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # of another user; whether it is ours its command line tells
        pass
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # no Linux, or it has just ended: only its silence is known
        return False
    return not any(word in words for word in OURS)  # of a process that waits to be reaped, no word


def forget(engine: Engine) -> list[str]:
    """Take the dead off the list unless their work is still to be given back; gives the names."""
    with read_transaction(engine) as conn:
        found = heartbeats.every(conn)
    names = sorted(one.name for one in among(found) if one.work is None)
    if names:
        with write_transaction(engine) as conn:
            heartbeats.stop(conn, names)
    return names
