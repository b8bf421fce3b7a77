"""Which silent processes are dead for certain: nobody has their pid, or somebody younger."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sqlalchemy import Engine

from db import heartbeats
from db.engine import read_transaction, write_transaction
from db.heartbeats import Seen

SKEW_SECONDS = 10.0
"""How far the clocks of the database and of this machine may drift apart in a process's life."""


def among(found: list[Seen]) -> list[Seen]:
    """The silent ones that have ended for certain. Of other machines only a successor can tell."""
    alive = {(one.host, one.pid) for one in found if not one.is_silent}
    here = socket.gethostname()
    return [
        one
        for one in found
        if one.is_silent
        and ((one.host, one.pid) in alive or (one.host == here and _has_ended(one)))
    ]


def _has_ended(process: Seen) -> bool:
    """Whether nobody has its number, or one who is younger, or one who waits to be reaped."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # of another user
        pass
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:  # no Linux, or it has just ended: only its silence is known
        return False
    age = uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return fields[0] == "Z" or age < process.lived - SKEW_SECONDS


def forget(engine: Engine) -> list[str]:
    """Take the dead off the list unless their work is still to be given back; gives the names."""
    with read_transaction(engine) as conn:
        found = heartbeats.every(conn)
    names = sorted(one.name for one in among(found) if one.work is None)
    if names:
        with write_transaction(engine) as conn:
            heartbeats.stop(conn, names)
    return names
