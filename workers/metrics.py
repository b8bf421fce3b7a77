"""What Prometheus reads: of each worker what it did and how long it took, by the supervisor the
backlog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from db import backlog, heartbeats
from db.backlog import Pile
from db.engine import read_transaction
from db.errors import WindowshopError
from db.heartbeats import Seen

SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
)


class WorkerMetrics:
    """The counts of one worker process since it was started."""

    def __init__(self) -> None:
        self.registry = _registry()
        self._stages = Histogram(
            "windowshop_stage_seconds",
            "Seconds of each stage of a piece of work: take, read, compute, write.",
            ("kind", "stage"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._ended = Counter(
            "windowshop_work_ended",
            "Pieces of work by how they ended: done, failed (tried again), parked, taken (not ours"
            " to do).",
            ("kind", "how"),
            registry=self.registry,
        )
        self._results = {
            "embed": self._counter("windowshop_images_embedded", "Pictures that got their vector."),
            "rank": self._counter("windowshop_slates_ranked", "Requests that got their slate."),
            "answer": self._counter(
                "windowshop_people_answered", "Requests of people that got their slate."
            ),
            "offer": self._counter("windowshop_items_offered", "Items that came into a shop."),
            "fold": self._counter(
                "windowshop_sessions_folded", "Sessions that went into the counts."
            ),
        }
        self._folds = self._counter("windowshop_folds", "Generations of counts that were folded.")

    def done(self, kind: str, results: int, stages: Mapping[str, float], pieces: int = 1) -> None:
        """Work was done, some pieces of it at once; so many results were written."""
        self._ended.labels(kind, "done").inc(pieces)
        self._results[kind].inc(results)
        if kind == "fold":
            self._folds.inc()
        for stage, seconds in stages.items():
            self._stages.labels(kind, stage).observe(seconds)

    def ended(self, kind: str, how: str) -> None:
        """A piece of work has ended here."""
        self._ended.labels(kind, how).inc()

    def _counter(self, name: str, what: str) -> Counter:
        return Counter(name, what, registry=self.registry)


class SupervisorMetrics:
    """What the supervisor did, and the state of the database whenever somebody asks."""

    def __init__(self, engine: Engine) -> None:
        self.registry = _registry()
        self.registry.register(_Database(engine))
        self.restarts = Counter(
            "windowshop_restarts",
            "Processes started again after their death.",
            ("what",),
            registry=self.registry,
        )
        self.deadline_kills = Counter(
            "windowshop_deadline_kills",
            "Workers killed over a piece of work.",
            registry=self.registry,
        )
        self.rung_again = Counter(
            "windowshop_bells_rung_again",
            "Work rung for again after it waited.",
            registry=self.registry,
        )
        self.given_back = Counter(
            "windowshop_work_given_back",
            "Work taken back from dead workers.",
            registry=self.registry,
        )


class _Database(Collector):
    """Reads backlog and heartbeats at every scrape; nothing is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges of this moment; `windowshop_database_up` alone when the database is away."""
        try:
            with read_transaction(self._engine) as conn:
                piles = backlog.piles(conn)
                processes = heartbeats.every(conn)
        except WindowshopError:
            yield GaugeMetricFamily("windowshop_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("windowshop_database_up", "Whether the database answers.", 1)
        yield from _of_work(piles)
        yield _of_processes(processes)


def _of_work(piles: list[Pile]) -> Iterator[GaugeMetricFamily]:
    number = GaugeMetricFamily("windowshop_work", "Pieces of work to do.", labels=("kind", "state"))
    oldest = GaugeMetricFamily(
        "windowshop_work_oldest_seconds",
        "How long the oldest of them waits.",
        labels=("kind", "state"),
    )
    for pile in piles:
        number.add_metric((pile.kind, pile.state), pile.number)
        oldest.add_metric((pile.kind, pile.state), pile.oldest)
    yield number
    yield oldest


def _of_processes(processes: list[Seen]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "windowshop_processes", "Processes by their heartbeat.", labels=("kind", "state")
    )
    for kind in (heartbeats.SUPERVISOR, heartbeats.WORKER):
        of_kind = [one for one in processes if one.kind == kind]
        silent = sum(one.is_silent for one in of_kind)
        family.add_metric((kind, "alive"), len(of_kind) - silent)
        family.add_metric((kind, "silent"), silent)
    return family


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry
