"""What is kept of one intake, for `catalogue show`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from simulator.catalogues.csv_file import Skipped, printable
from simulator.catalogues.intake.reasons import by_reason
from simulator.catalogues.source import CatalogueSource

NAMED = 20
"""Of what was passed over, so many are kept by name; all are counted."""


class Read(Protocol):
    """A picture that was read."""

    @property
    def format(self) -> str:
        """What its file was; empty where nobody knows."""


def told(
    source: CatalogueSource,
    title: str,
    new: Sequence[Read],
    known: Sequence[Read],
    left_out: Sequence[Skipped],
) -> dict[str, Any]:
    """Where the pictures came from, how many, in which formats, and what was left out and why."""
    formats = Counter(one.format for one in new)
    return {
        "place": printable(str(source.place)),
        "csv": None if source.csv is None else printable(str(source.csv)),
        "feed": title or None,
        "new": len(new),
        "known": len(known),
        "formats": dict(sorted(formats.items(), key=lambda one: (-one[1], one[0]))),
        "left_out": len(left_out),
        "reasons": by_reason(left_out),
        "first": [one.text() for one in left_out[:NAMED]],
    }
