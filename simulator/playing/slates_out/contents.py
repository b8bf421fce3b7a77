"""What is exported of a slate: its items in their order, with scores and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from recommender.ranking import REASONS, SLATE

Told = Sequence[float | None]
"""Propensities of the items of one slate."""
NUMBERS = ("score", *REASONS, "propensity")
"""What may be missing of an item: NaN in the database, nothing in what is written."""
COLUMNS = ("run", "session", "step", "generation", "position", "item", *NUMBERS)
"""Of a table: one row an item shown."""


class ShownSlate(NamedTuple):
    """One stored slate."""

    run: str
    session: int
    step: int
    """0-based number of the slate in its session."""
    generation: int
    """What the recommender knew: -1 is nothing, 0 what it had learned at the first update."""
    entries: Any
    """[k] of `recommender.ranking.SLATE`."""
    propensities: Told | None
    """Of the items shown, where they are stored."""


def items_of(slate: ShownSlate, item_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """`item` and the numbers that are known of it, by rank; float32 as short as it can be told."""
    shown = slate.entries[slate.entries["item"] >= 0]
    chances = slate.propensities or [None] * len(shown)
    for entry, chance in zip(shown, chances, strict=True):
        found: dict[str, Any] = {"item": item_ids[int(entry["item"])]}
        for name in ("score", *REASONS):
            if not np.isnan(entry[name]):
                found[name] = _short(entry[name])
        if chance is not None:
            found["propensity"] = chance
        yield found


def json_object(slate: ShownSlate, item_ids: Sequence[str]) -> dict[str, Any]:
    """A slate with all its items; what is not known is no key."""
    return {
        "run": slate.run,
        "session": slate.session,
        "step": slate.step,
        "generation": slate.generation,
        "items": list(items_of(slate, item_ids)),
    }


def table_rows(slate: ShownSlate, item_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row an item, position from 1; what is not known is None."""
    nothing = dict.fromkeys(COLUMNS)
    place = (slate.run, slate.session, slate.step, slate.generation)
    for position, item in enumerate(items_of(slate, item_ids), 1):
        keys = dict(zip(COLUMNS, (*place, position), strict=False))
        yield {**nothing, **keys, **item}


def _short(number: Any) -> float:
    """A float64 as it is; a float32 as the shortest number that means it."""
    return float(str(number)) if number.dtype == SLATE["looks"] else float(number)
