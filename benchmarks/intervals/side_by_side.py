"""The parts of `make coverage` in processes of their own, as many at once as there are cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue

from benchmarks.intervals.progress import NEWS, TELLER, StatusLine
from workers.blas import keep_to_one_blas_thread

Blocks = Mapping[str, str]
"""Where on the page a table stands to the table."""


def blocks_of(
    parts: Mapping[str, Callable[[], Blocks]], *, at_once: int | None = None
) -> Iterator[Blocks]:
    """What each part finds, as it is done; the first mistake ends all.

    NumPy has one thread in each: its threads wait by spinning, which made a part more than twice as
    dear.
    """
    keep_to_one_blas_thread()
    context = get_context("spawn")
    queue: SimpleQueue[NEWS] = context.SimpleQueue()
    line = StatusLine()
    with ProcessPoolExecutor(
        at_once or os.cpu_count(), mp_context=context, initializer=_listen, initargs=(queue,)
    ) as pool:
        waiting = {pool.submit(_perform, name, part): name for name, part in parts.items()}
        while waiting:
            done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            while not queue.empty():
                line.take(queue.get())
            line.show()
            try:
                for one in done:
                    found, seconds = one.result()
                    line.finished(waiting.pop(one), seconds)
                    yield found
            except BaseException:
                _end(pool, list(waiting))
                raise


def _listen(queue: SimpleQueue[NEWS]) -> None:
    TELLER.queue = queue


def _perform(name: str, part: Callable[[], Blocks]) -> tuple[Blocks, float]:
    TELLER.part = name
    TELLER.tell("begins")
    began = time.process_time()
    try:
        return part(), time.process_time() - began
    finally:
        TELLER.tell("")


def _end(pool: ProcessPoolExecutor, waiting: Sequence[Future[tuple[Blocks, float]]]) -> None:
    for one in waiting:
        one.cancel()
    # Nothing public ends them.
    for process in list((pool._processes or {}).values()):
        process.terminate()
