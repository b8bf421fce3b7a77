"""A piece of a log between its text and its arrays: one row an event, every field as it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """Arrow arrays of n events; None is a role that the log does not have.

    line: int64 [n], from 1 in the file; session, shopper, item, kind: strings; time: strings,
    numbers or timestamps; offset: milliseconds to add to the time.
    """

    line: NDArray[np.int64]
    item: Any
    time: Any = None
    shopper: Any = None
    session: Any = None
    kind: Any = None
    offset: Any = None
    slates: dict[int, list[str]] = field(default_factory=dict)
    """Row to the items of an impression, in the order shown."""
    texts: dict[int, str] = field(default_factory=dict)
    """Line to its JSON, of our own format."""
    is_export: bool = False
    """Our own JSON: its times are seconds, and what is searched with is an item."""
    without_item: frozenset[int] = frozenset()
    """Rows of our own JSON that need no item."""

    bad: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, reason and kind of reason of lines between these that are no rows at all."""

    def __len__(self) -> int:
        return len(self.line)
