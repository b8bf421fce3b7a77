"""What an operator does about work: looks at it, has parked pieces tried again, or drops them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from db import backlog
from db.backlog import STATES, Piece
from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, UsageError
from db.work import PARKED
from simulator.installation.context import Context
from workers import queue


@dataclass(frozen=True)
class Listed:
    """Pieces of work, the oldest first."""

    pieces: list[Piece]

    def to_json(self) -> list[dict[str, Any]]:
        """The result that other programs rely on; `waits` is in seconds."""
        return [{**one._asdict(), "waits": round(one.waits, 1)} for one in self.pieces]

    def text(self) -> str:
        """A line each, for people."""
        lines = [
            f"{one.id:>8}  {one.state:<6}  {one.kind:<5}  run {one.run}  tries {one.tries}  "
            f"waits {one.waits:.0f} s" + (f"  in {one.worker}" if one.worker else "") + _reason(one)
            for one in self.pieces
        ]
        return "\n".join(lines) or "no work waits and none was given up"


def listed(context: Context, state: str | None) -> Listed:
    """The work of one state, or all of it. Raises UsageError when there is no such state."""
    if state is not None and state not in STATES:
        raise UsageError(f"--state must be one of {', '.join(STATES)}, found {state!r}")
    with read_transaction(context.engine) as conn:
        return Listed(backlog.pieces(conn, state))


def retry(context: Context, ids: Sequence[int], *, every: bool) -> list[int]:
    """Parked work waits again, and is rung for where there is a queue; gives the ids."""
    done = _settle(context, backlog.retry, ids, every=every)
    if done and context.settings.redis_url:
        with contextlib.suppress(DependencyError):  # whoever relays rings when Redis is back
            work_queue = queue.queue(queue.connect(context.settings.redis_url))
            queue.ring(work_queue, done, seconds=context.settings.job_seconds)
    return done


def drop(context: Context, ids: Sequence[int], *, every: bool) -> list[int]:
    """Parked work is deleted; gives the ids."""
    return _settle(context, backlog.drop, ids, every=every)


def _settle(
    context: Context,
    deed: Callable[[Connection, Sequence[int]], None],
    ids: Sequence[int],
    *,
    every: bool,
) -> list[int]:
    if bool(ids) == every:
        raise UsageError(
            "give the ids of parked work or --all; `windowshop work list --state parked` shows it"
        )
    with write_transaction(context.engine) as conn:
        chosen = [one.id for one in backlog.pieces(conn, PARKED)] if every else sorted(set(ids))
        deed(conn, chosen)
    return chosen


def _reason(piece: Piece) -> str:
    return f"\n          {piece.reason}" if piece.reason else ""
