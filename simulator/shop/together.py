"""Calls that come while another one is under way are done at once, by one of those who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Given = TypeVar("Given")
Got = TypeVar("Got")

MOST = 32
"""Calls that are done at once."""


@dataclass
class _Call(Generic[Given, Got]):
    wish: Given
    turn: threading.Event = field(default_factory=threading.Event)
    """It is done, or its caller shall do the next ones."""
    is_done: bool = False
    got: list[Got] = field(default_factory=list)
    error: BaseException | None = None


class GroupCall(Generic[Given, Got]):
    """One at a time does all that wait; alone, nobody waits for anybody."""

    def __init__(self, do_all: Callable[[list[Given]], list[Got | Exception]]) -> None:
        """do_all: gives what each gets, or its error; what it raises, all get."""
        self._do_all = do_all
        self._lock = threading.Lock()
        self._waiting: list[_Call[Given, Got]] = []
        self._is_led = False

    @property
    def waiting(self) -> list[Given]:
        """What is not under way yet."""
        return [one.wish for one in self._waiting]

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._is_led

    def do(self, wish: Given) -> Got:
        """Have it done, together with what others wish; gives what it got."""
        mine: _Call[Given, Got] = _Call(wish)
        with self._lock:
            self._waiting.append(mine)
            leads = not self._is_led
            self._is_led = True
        if not leads:
            mine.turn.wait()
        if not mine.is_done:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.got[0]

    def _lead(self) -> None:
        """Do those who wait, oneself among them, and leave the next ones to one of them."""
        with self._lock:
            calls = self._waiting[:MOST]
            del self._waiting[:MOST]
        try:
            self._give(calls)
        finally:
            with self._lock:
                self._is_led = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn.set()

    def _give(self, calls: list[_Call[Given, Got]]) -> None:
        try:
            for call, got in zip(calls, self._do_all([one.wish for one in calls]), strict=True):
                if isinstance(got, Exception):
                    call.error = got
                else:
                    call.got.append(got)
        except BaseException as error:
            for call in calls:
                call.error = error
        finally:
            for call in calls:
                call.is_done = True
                call.turn.set()
