"""Items that come into the catalogue in mid-run: not offered before their day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Arrivals:
    """items: numbers of the items that are offered from `day` (counted from 0) on."""

    day: int
    items: tuple[int, ...]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Arrivals | None:
        """What a run's config says; None when nothing arrives."""
        found = config.get("arrivals")
        return cls(int(found["day"]), tuple(found["items"])) if found else None

    def offered(self, is_candidate: NDArray[np.bool_], day: int) -> NDArray[np.bool_]:
        """The candidates bool [n] of one day."""
        if day >= self.day:
            return is_candidate
        found = is_candidate.copy()
        found[list(self.items)] = False
        return found
