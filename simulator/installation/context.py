"""What every action needs: the settings, the database brought up to date, and somebody to talk
to.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from db import schema
from db.engine import open_engine, shown
from workers.settings import Settings


class Talk(Protocol):
    """How an action tells what it does; a terminal, or nobody."""

    def say(self, text: str) -> None:
        """One line of news."""

    def progress(self, what: str, total: int) -> AbstractContextManager[Step]:
        """A bar for something that takes longer than two seconds."""


class Step(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int = 1) -> None:
        """So much more is done."""


class Silence:
    """Talks to nobody."""

    def say(self, text: str) -> None:
        """Say nothing."""

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Step]:
        """Show nothing."""
        del what, total

        def step(done: int = 1) -> None:
            """Move nothing."""

        yield step


@dataclass(frozen=True)
class Context:
    """One installation at work."""

    settings: Settings
    engine: Engine
    talk: Talk


def open_context(settings: Settings, talk: Talk) -> Context:
    """The installation that the settings describe, its database brought up to date."""
    engine = open_engine(settings.database)
    if schema.ensure(engine):
        talk.say(f"database ready: {shown(engine.url)}")
    context = Context(settings, engine, talk)
    # Nobody closes a shop of Python: its connections end with it.
    weakref.finalize(context, engine.dispose).atexit = False
    return context
