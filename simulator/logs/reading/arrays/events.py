"""A whole log as arrays, in the order of the file, with the names behind the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
ABSENT = -1


@dataclass(frozen=True)
class Names:
    """A column of names. codes int32 [n], ABSENT where there is none; words: an Arrow array of
    distinct strings.
    """

    codes: Codes
    words: Any

    def texts(self) -> list[str]:
        """The distinct names."""
        return [str(one) for one in self.words.to_pylist()]


@dataclass(frozen=True)
class LogEvents:
    """What is kept of a log. line int64, kind int8, time float64 (seconds) [n]."""

    line: NDArray[np.int64]
    kind: NDArray[np.int8]
    time: NDArray[np.float64]
    shopper: Names
    session: Names
    item: Names
    slate_row: NDArray[np.int64]
    """int64 [n_shown]: the event that showed an item, of impressions with several."""
    slate_item: Sequence[str]
    """Its id, [n_shown]."""
    texts: dict[int, str] = field(default_factory=dict)
    """Row to its line, of our own JSON where that was asked for."""

    def __len__(self) -> int:
        return len(self.line)
