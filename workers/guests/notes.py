"""What is kept beside a guest's slate: faults, its own reasons, its propensities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from workers.guests.answers import FAULTS, Answered

DIGITS = 9
"""Of a propensity."""


def notes_of(answered: Answered) -> list[str]:
    """A note in JSON for each slate, empty where there is nothing to say."""
    return [_note(answered, row) for row in range(len(answered.entries))]


def total(notes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many slates had each fault, in the order of FAULTS, and under `slates` any."""
    found = dict.fromkeys(FAULTS, 0)
    bad = 0
    for note in notes:
        faults = note.get("faults", {})
        bad += bool(faults)
        for kind in faults:
            found[kind] += 1
    return {kind: n for kind, n in {"slates": bad, **found}.items() if n}


def _note(answered: Answered, row: int) -> str:
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
    return json.dumps(note, separators=(",", ":"), ensure_ascii=False) if note else ""
