"""Several runs at once: while one waits for its night to be folded, others have slates ranked."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from simulator.installation.context import Context
from simulator.playing.desk import Workforce
from simulator.playing.plan import Resolved
from simulator.playing.simulate import Played, simulate

FAREWELL_SECONDS = 5.0
"""How long runs that were told to stop may take for what they have in hand."""


def play_all(
    context: Context,
    resolved: Sequence[Resolved],
    workforce: Workforce,
    *,
    at_once: int,
    again: bool = False,
) -> list[Played]:
    """All runs, played to their end and given in their order; at_once: so many at a time.

    A run that fails leaves the others: they are played to their end, then its error is raised.
    """
    halt = threading.Event()

    def play_one(one: Resolved) -> Played:
        return simulate(context, one, workforce, again=again, halt=halt)

    if at_once == 1:
        return [play_one(one) for one in resolved]
    return _in_threads(play_one, resolved, at_once, halt)


def _in_threads(
    play_one: Callable[[Resolved], Played],
    resolved: Sequence[Resolved],
    at_once: int,
    halt: threading.Event,
) -> list[Played]:
    played: dict[int, Played] = {}
    failed: dict[int, BaseException] = {}
    waiting = deque(enumerate(resolved))

    def play_some() -> None:
        while not halt.is_set():
            try:
                number, one = waiting.popleft()
            except IndexError:
                return
            try:
                played[number] = play_one(one)
            except BaseException as error:
                failed[number] = error

    threads = [
        threading.Thread(target=play_some, name=f"run-{n}", daemon=True) for n in range(at_once)
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:  # Ctrl-C, or an end from outside
        halt.set()
        for thread in threads:
            thread.join(FAREWELL_SECONDS / at_once)
        raise
    if failed:
        raise failed[min(failed)]
    return [played[number] for number in range(len(resolved))]
