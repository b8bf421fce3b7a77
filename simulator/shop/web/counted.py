"""Counts the requests of this process, beside the gauges that every process of ours shows."""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram, generate_latest
from sqlalchemy import Engine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.metrics import SupervisorMetrics

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """What /metrics says."""

    def __init__(self, engine: Engine) -> None:
        self.registry = SupervisorMetrics(engine).registry
        self.requests = Counter(
            "windowshop_http_requests",
            "Requests answered, by path and status.",
            ("path", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "windowshop_http_seconds",
            "Seconds until the head of an answer, by path.",
            ("path",),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def slowest(self) -> list[tuple[str, int, float]]:
        """Paths with how often they were asked and their mean seconds, the most asked first."""
        sums: dict[str, float] = {}
        counts: dict[str, float] = {}
        for family in self.seconds.collect():
            for sample in family.samples:
                path = sample.labels.get("path", "")
                if sample.name.endswith("_sum"):
                    sums[path] = sample.value
                elif sample.name.endswith("_count"):
                    counts[path] = sample.value
        found = [(path, int(counts[path]), sums[path] / counts[path]) for path in counts]
        return sorted(found, key=lambda one: -one[1])[:12]

    def read(self) -> bytes:
        """The text for Prometheus."""
        return generate_latest(self.registry)


class Counted:
    """ASGI middleware that counts by the route's pattern, never by what somebody typed."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                path = getattr(route, "path", "other")
                self._metrics.requests.labels(path, str(message["status"])).inc()
                self._metrics.seconds.labels(path).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noted)
