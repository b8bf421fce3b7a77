"""One run as the database has it, for whoever computes it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from db.events import Events, Kind
from db.runs import Run


@dataclass(frozen=True)
class StoredRun:
    """One run as it is stored."""

    run: Run
    events: Events
    session: Any
    step: Any
    generation: Any
    entries: Any


def events_of(events: Events, sessions: np.ndarray[Any, np.dtype[np.int64]]) -> Events:
    """The events of some sessions."""
    wanted = np.isin(events.rows["session"], sessions)
    return Events(events.rows[wanted], events.shown[wanted[events.rows["kind"] == Kind.IMPRESSION]])
