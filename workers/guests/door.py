"""The one way in which a guest is asked, whatever stands behind the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workers.guests.address import Guest
from workers.guests.protocol import Day, Requests, Shop


@dataclass(frozen=True)
class Limits:
    """How long and how much a guest may take."""

    seconds: float = 30.0
    """For one batch of slates; three times as long for `start` and `learn`."""
    memory: int = 4 * 2**30
    """Bytes of its own; only for a guest of Python."""


@dataclass(frozen=True)
class Answer:
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

    def slates(self, requests: Requests) -> Answer:
        """A slate for each request."""

    def learn(self, day: Day) -> None:
        """A day is over."""

    def close(self) -> None:
        """Nobody asks any more."""


def open_door(guest: Guest, limits: Limits, run: str) -> Door:
    """The door of a guest, which is asked with the first call; run: what it calls this run."""
    # Each kind of guest needs its own libraries.
    if guest.door == "python":
        from workers.guests.process import PythonDoor  # noqa: PLC0415

        return PythonDoor(guest, limits)
    if guest.door == "file":
        from workers.guests.lists import ListsDoor  # noqa: PLC0415

        return ListsDoor(guest)
    if guest.door == "here":
        from workers.guests.here import HereDoor  # noqa: PLC0415

        return HereDoor(guest)
    from workers.guests.http import HttpDoor  # noqa: PLC0415

    return HttpDoor(guest, limits, run)
