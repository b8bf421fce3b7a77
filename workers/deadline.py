"""A question that must be answered in time as a whole, however slowly its answer drips in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def within(seconds: float, ask: Callable[[], Answer]) -> Answer:
    """What `ask` gives, or raises; TimeoutError when that takes longer.

    A timeout of a socket counts from its last byte, so it never ends what drips. The question is
    asked in a thread of its own, which is left to itself: let it end by closing what it reads from.
    """
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(ask())
        except BaseException as error:
            errors.append(error)

    asked = threading.Thread(target=run, name="deadline", daemon=True)
    asked.start()
    asked.join(seconds)
    if answers:
        return answers[0]
    if errors:
        raise errors[0]
    raise TimeoutError(f"no whole answer within {seconds:g} s")
