"""Threads that share what is computed, in pieces whose cut follows from the data alone.

Each piece gives a result of its own, and the results stand in the order of the pieces. So they do
not depend on how many threads there are, nor on which of them is first. NumPy and SciPy let go of
the interpreter's lock in all but the smallest steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")

_POOL: ContextVar[tuple[Executor, int] | None] = ContextVar("threads", default=None)
"""Who helps this thread, and how many they are. They have no help: what they call stays whole."""


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Inside, `each` and `beside` use so many threads, this one among them."""
    if number < 2:
        yield
        return
    with ThreadPoolExecutor(number - 1) as pool:
        token = _POOL.set((pool, number - 1))
        try:
            yield
        finally:
            _POOL.reset(token)


def each(work: Callable[[slice], One], n: int, at_once: int) -> list[One]:
    """What work gives for pieces of n rows, so many rows a piece."""
    pieces = [slice(begin, min(begin + at_once, n)) for begin in range(0, n, at_once)]
    helpers = _POOL.get()
    if helpers is None or len(pieces) < 2:
        return [work(piece) for piece in pieces]
    left = deque(enumerate(pieces))
    found: dict[int, One] = {}

    def some() -> None:
        while True:
            try:
                number, piece = left.popleft()
            except IndexError:
                return
            found[number] = work(piece)

    pool, n_helpers = helpers
    helping = [pool.submit(some) for _ in range(min(n_helpers, len(pieces) - 1))]
    some()
    for helper in helping:
        if not helper.cancel():  # who is busy beside us never began
            helper.result()
    return [found[number] for number in range(len(pieces))]


def beside(mine: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """Two calls that need nothing of each other; the first, made here, may use `each` itself."""
    helpers = _POOL.get()
    if helpers is None:
        return mine(), other()
    meanwhile = helpers[0].submit(other)
    return mine(), meanwhile.result()
