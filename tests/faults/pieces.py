"""Cuts events into pieces: any of them, in the order of the log."""

from __future__ import annotations

from typing import Any

import numpy as np

from db.events import Events, Kind


def some_of(events: Events, rows: Any) -> Events:
    """Some events, by their places in the array."""
    impressions = np.cumsum(events.rows["kind"] == Kind.IMPRESSION) - 1
    chosen = events.rows[rows]
    return Events(chosen, events.shown[impressions[rows[chosen["kind"] == Kind.IMPRESSION]]])
