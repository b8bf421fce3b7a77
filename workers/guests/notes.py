"""What is kept beside a guest's slate: faults, its own reasons, its propensities."""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.guests.answers import FAULTS, Answered

DIGITS = 9
"""Of a propensity."""


def notes_of(answered: Answered) -> list[dict[str, Any]]:
    """A note for each slate, as JSON can say it; empty where there is nothing to say."""
    return [_note(answered, row) for row in range(len(answered.entries))]


def _note(answered: Answered, row: int) -> dict[str, Any]:
    faults = answered.faults[row]
    note: dict[str, Any] = {}
    if faults.any():
        note["faults"] = {FAULTS[kind]: int(faults[kind]) for kind in np.flatnonzero(faults)}
    if answered.reasons is not None and any(answered.reasons[row]):
        note["reasons"] = answered.reasons[row]
    if answered.propensities is not None:
        note["propensities"] = [
            None if np.isnan(one) else round(float(one), DIGITS)
            for one in answered.propensities[row]
        ]
    return note
