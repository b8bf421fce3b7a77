"""A worker that dies, stops, crashes or hangs where it is told to: `python -m tests.faults.mortal`.

The product has no such places of its own: they are put around its functions here, before it starts.
FAULT in the environment says where and how, as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STEPS = ("popped", "taken", "read", "computed", "half written", "written", "committed", "answered")
"""The places in the life of a job, in order; `answered` is before RQ notes its result."""


@dataclass(frozen=True)
class Fault:
    """What happens at a step, to how many jobs of each kind at most; `folder` holds a mark for
    each.
    """

    folder: str
    step: str
    deed: str = "kill"
    times: int = 1
    clock: float = 0.0  # seconds by which this worker's clock is wrong
    only: str = ""  # the kind of work that it befalls; empty: every kind
    key: str = ""  # the piece of work that it befalls; empty: every one
    # seconds that this worker's transactions may do nothing on Postgres; 0: as in the product
    idle: int = 0

    def to_env(self) -> str:
        """For the environment."""
        return json.dumps(asdict(self))

    @property
    def deaths(self) -> int:
        """How often it has happened."""
        return len(list(Path(self.folder).glob("*.mark")))

    def strike(self, step: str, kind: str, key: str = "") -> None:
        """Do the deed if this is the step, and a mark is left to take."""
        if step != self.step or (self.only and kind != self.only) or (self.key and key != self.key):
            return
        for number in range(self.times):
            try:
                (Path(self.folder) / f"{kind}-{number}.mark").open("x").close()
            except FileExistsError:
                continue
            DEEDS[self.deed]()
            return


def _exhaust() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**30, before[1]))
    try:
        hoard = [bytearray(2**26) for _ in range(10_000)]
        del hoard
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


DEEDS: dict[str, Callable[[], object]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "crash": lambda: ctypes.string_at(1),
    "exhaust": _exhaust,
    "hang": lambda: ctypes.PyDLL(None).sleep(
        10_000
    ),  # native code that keeps the interpreter's lock
}


Doing = dict[str, str]
"""What this worker does just now: the kind and key of its work, and whether it writes a result."""


def arm(fault: Fault) -> None:
    """Put the steps around the functions of the product."""
    from workers import tasks

    doing = {"kind": "any", "key": "", "writes": ""}

    def strike(step: str) -> None:
        fault.strike(step, doing["kind"], doing["key"])

    _strike_when_taken(tasks.PERFORMERS, doing, strike)
    _strike_when_many_are_taken(tasks.TOGETHER, doing, strike)
    if os.environ.get("CARELESS") == "yes":  # the negative control
        _delete_rows_first(tasks.PERFORMERS)
    _strike_at_transactions(doing, strike)
    if fault.step == "half written":
        _strike_half_written(doing, strike)
    _strike_at_the_queue(doing, strike)
    _teach_a_toy_network()
    _set_clock(fault.clock)


def _strike_when_taken(
    performers: dict[str, Callable[..., Any]], doing: Doing, strike: Callable[[str], None]
) -> None:
    def around(kind: str, perform: Callable[..., Any]) -> Callable[..., Any]:
        def performing(*arguments: Any) -> Any:
            doing["kind"] = kind
            doing["key"] = arguments[1].key
            strike("taken")
            return perform(*arguments)

        return performing

    for kind, perform in list(performers.items()):
        performers[kind] = around(kind, perform)


def _strike_when_many_are_taken(
    together: dict[str, Any], doing: Doing, strike: Callable[[str], None]
) -> None:
    def around(kind: str, perform_all: Callable[..., Any]) -> Callable[..., Any]:
        def performing(library: Any, jobs: Any) -> Any:
            doing["kind"] = kind
            doing["key"] = jobs[0].key
            strike("taken")
            return perform_all(library, jobs)

        return performing

    for kind, (choose, perform_all) in list(together.items()):
        together[kind] = choose, around(kind, perform_all)


def _strike_at_transactions(doing: Doing, strike: Callable[[str], None]) -> None:
    from workers import answer, embed, fold, rank

    def read_transaction(engine: Any, inner: Callable[..., Any] = rank.read_transaction) -> Any:
        @contextmanager
        def struck() -> Iterator[Any]:
            with inner(engine) as conn:
                yield conn
            strike("read")

        return struck()

    def write_transaction(engine: Any, inner: Callable[..., Any] = rank.write_transaction) -> Any:
        @contextmanager
        def struck() -> Iterator[Any]:
            strike("computed")
            with inner(engine) as conn:
                doing["writes"] = "yes"
                yield conn
                doing["writes"] = ""
                strike("written")
            strike("committed")

        return struck()

    for module in (answer, embed, fold, rank):
        module.read_transaction = read_transaction  # type: ignore[attr-defined]
        module.write_transaction = write_transaction  # type: ignore[attr-defined]


def _strike_half_written(doing: Doing, strike: Callable[[str], None]) -> None:
    from db import bulk

    def insert(conn: Any, table: Any, columns: Any, rows: Any, *, again: bool = False) -> None:
        half = len(rows) // 2 if doing["writes"] else 0
        if half:
            whole(conn, table, columns, rows[:half], again=again)
            strike("half written")
        whole(conn, table, columns, rows[half:], again=again)

    whole = bulk.insert
    bulk.insert = insert


def _strike_at_the_queue(doing: Doing, strike: Callable[[str], None]) -> None:
    from workers import tasks

    take = tasks.Worker.perform
    perform_one = tasks.perform

    def popped(self: Any, work_id: int) -> None:
        doing["kind"] = "any"
        strike("popped")
        take(self, work_id)

    def answered(work_id: int) -> None:
        perform_one(work_id)
        strike("answered")

    # type: ignore[method-assign]
    tasks.Worker.perform = popped
    tasks.perform = answered


def _delete_rows_first(performers: dict[str, Callable[..., Any]]) -> None:
    """The work row's deletion moved out of the transaction that writes the result, and before
    it.
    """
    from db import work
    from db.engine import write_transaction

    # type: ignore[assignment]
    delete = work.finish
    work.finish = lambda *_: None

    def deleting(perform: Callable[..., Any]) -> Callable[..., Any]:
        def performing(library: Any, job: Any) -> Any:
            with write_transaction(library.engine) as conn:
                delete(conn, job.id)
            return perform(library, job)

        return performing

    for kind, perform in list(performers.items()):
        performers[kind] = deleting(perform)


def _teach_a_toy_network() -> None:
    """The toy shop's embedder needs no TensorFlow."""
    from tests.faults.toy_network import teach

    teach()


def _set_clock(seconds: float) -> None:
    """Python's clock, wrong by so much, for RQ and ourselves."""
    if not seconds:
        return
    import datetime as dt
    import time

    right = time.time
    real = dt.datetime
    time.time = lambda: right() + seconds

    class Wrong(real):  # type: ignore[misc,valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + dt.timedelta(seconds=seconds)

    dt.datetime = Wrong  # type: ignore[misc]


def main() -> None:
    """Arm, then work like any other worker."""
    fault = Fault(**json.loads(os.environ["FAULT"]))
    if fault.idle:
        from db import engine

        engine.IDLE_SECONDS = fault.idle
    if fault.clock:
        _set_clock(fault.clock)  # before RQ takes its own names for it
    from workers.__main__ import main as work

    arm(Fault(**{**asdict(fault), "clock": 0.0}))
    sys.exit(work())  # type: ignore[func-returns-value]


if __name__ == "__main__":
    main()
