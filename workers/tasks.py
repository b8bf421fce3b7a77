"""What a worker does when the bell rings: takes the work row, does it, or says why it could not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from sqlalchemy import Engine

from db import work
from db.engine import open_engine, writing
from db.errors import DependencyError
from workers import embed, fold, rank
from workers.knowledge import Library
from workers.queue import connect
from workers.settings import Settings

PERFORMERS: dict[str, Callable[[Library, work.Work], None]] = {
    "embed": embed.perform,
    "rank": rank.perform,
    "fold": fold.perform,
}

_AT_WORK: list[Worker] = []
"""The one worker of this process, put there by `work_until_stopped`: RQ calls functions, not methods."""


class Worker:
    """One pair of hands: a name, the database, and what it remembers between jobs."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.library = Library(engine)

    def perform(self, work_id: int) -> None:
        """Do one piece of work; the bell may have rung for it before, or for work that is long done."""
        with writing(self.engine) as conn:
            taken = work.take(conn, work_id, self.name)
        if taken is None:
            return
        try:
            PERFORMERS[taken.kind](self.library, taken)
        except DependencyError:
            raise  # without the database nothing can be noted
        except Exception as error:
            with writing(self.engine) as conn:
                work.give_back(conn, work_id, f"{type(error).__name__}: {error}")
            raise


def perform(work_id: int) -> None:
    """The one function that a bell may call."""
    try:
        _AT_WORK[0].perform(work_id)
    except DependencyError as error:
        # Without the database nothing can be given back: whoever restarts us does it for the dead.
        print(f"windowshop: {error}", file=sys.stderr, flush=True)  # noqa: T201 - an operator must see it
        os._exit(error.exit_code)


def work_until_stopped(settings: Settings, name: str) -> None:
    """Answer the bell in this process until SIGTERM, SIGINT, or the end of Redis.

    Raises DependencyError when Redis or the database does not answer.
    """
    from workers.hands import answer_bells  # noqa: PLC0415 - half of RQ, and only a worker needs it

    _AT_WORK[:] = [Worker(open_engine(settings.database), name)]
    answer_bells(connect(settings.redis_url), f"{name}-{os.getpid()}")
