"""The one way in which a guest is asked, whatever stands behind the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workers.guests.protocol import Day, Requests, Shop


@dataclass(frozen=True)
class Limits:
    """How long and how much a guest may take."""

    seconds: float = 30.0
    """For one batch of slates; three times as long for `start` and `learn`."""
    memory: int = 4 * 2**30
    """Bytes of its own; only for a guest of Python."""


@dataclass(frozen=True)
class GuestAnswer:
    """What a guest said to a batch of requests, not looked at yet."""

    items: NDArray[Any] | None
    """As it came; None where it was no array."""
    scores: NDArray[np.float64] | None = None
    propensities: NDArray[np.float64] | None = None
    reasons: list[list[str]] | None = None
    odd: str = ""
    """What came instead of an array, in its own words."""


class GuestError(Exception):
    """A guest did not answer."""

    def __init__(self, kind: str, says: str, traceback: str = "") -> None:
        super().__init__(says)
        self.kind = kind
        """late, died, raised."""
        self.traceback = traceback
        """Where a guest of Python raised; empty elsewhere."""


class Door(Protocol):
    """A guest that can be asked. Each call raises GuestError where it fails."""

    def start(self, shop: Shop) -> None:
        """The shop opens; whatever it had learned is forgotten."""

    def slates(self, requests: Requests) -> GuestAnswer:
        """A slate for each request."""

    def learn(self, day: Day) -> None:
        """A day is over."""

    def close(self) -> None:
        """Nobody asks any more."""
