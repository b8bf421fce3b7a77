"""A guest that lives in this very process: an object that somebody made in a notebook."""

from __future__ import annotations

import hashlib
import inspect
import traceback
from collections.abc import Callable
from typing import Any

from workers.guests.door import GuestAnswer, GuestError
from workers.guests.doors.child import packed
from workers.guests.guest import Guest
from workers.guests.protocol import Day, Recommender, Requests, Shop

_KNOWN: dict[str, Any] = {}
"""By place."""


def take_in(recommender: Any) -> str:
    """The policy's name of a class or an object of it; the latest of a name counts."""
    kind = recommender if inspect.isclass(recommender) else type(recommender)
    place = f"here:{kind.__name__}"
    _KNOWN[place] = recommender
    return place


def guest_of(place: str) -> Guest:
    """The guest that was taken in under a place. Raises KeyError where there is none."""
    recommender = _KNOWN[place]
    kind = recommender if inspect.isclass(recommender) else type(recommender)
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # typed at a prompt
        source = ""
    version = hashlib.sha256(source.encode()).hexdigest()
    return Guest(kind.__name__, "here", place, place, version=version)


class HereDoor:
    """A class, of which each run has an object of its own, or one object for all."""

    def __init__(self, guest: Guest) -> None:
        self._made = _KNOWN[guest.place]
        self._guest: Recommender | None = None

    def start(self, shop: Shop) -> None:
        """The shop opens."""

        def start() -> None:
            guest: Any = self._made() if inspect.isclass(self._made) else self._made
            guest.start(shop)
            self._guest = guest

        _called(start)

    def slates(self, requests: Requests) -> GuestAnswer:
        """A slate for each request."""
        guest = self._started()
        said = packed(_called(lambda: guest.slates(requests)))
        return GuestAnswer(
            said.arrays.get("items"),
            said.arrays.get("scores"),
            said.arrays.get("propensities"),
            said.head.get("reasons"),
            str(said.head.get("odd", "")),
        )

    def learn(self, day: Day) -> None:
        """A day is over."""
        guest = self._started()
        _called(lambda: guest.learn(day))

    def close(self) -> None:
        """Let it go."""
        self._guest = None

    def _started(self) -> Recommender:
        if self._guest is None:
            raise GuestError("died", "it was not started")
        return self._guest


def _called(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        trace = "".join(traceback.format_exception(error))[-4000:]
        raise GuestError("raised", f"{type(error).__name__}: {error}", trace) from error
