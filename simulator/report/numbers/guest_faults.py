"""How often recommenders that are not ours answered badly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.report.numbers.panel import Panel


@dataclass(frozen=True)
class GuestFaults:
    """What was wrong with the answers of one guest, over all its runs."""

    requests: int
    """What it was asked for."""
    bad: int
    """Requests with anything wrong."""
    kinds: Mapping[str, int]
    """Requests with each fault."""

    def to_json(self) -> dict[str, Any]:
        """As in metrics.json."""
        return {"requests": self.requests, "bad": self.bad, "kinds": dict(self.kinds)}


def of_guests(panels: Iterable[Panel]) -> dict[str, GuestFaults]:
    """Of each guest that was played, by its name."""
    found: dict[str, GuestFaults] = {}
    for panel in panels:
        run = panel.run
        if "guest" not in run.config:
            continue
        before = found.get(run.policy, GuestFaults(0, 0, {}))
        kinds = dict(before.kinds)
        for kind, n in run.faults.items():
            if kind != "slates":
                kinds[kind] = kinds.get(kind, 0) + n
        found[run.policy] = GuestFaults(
            before.requests + len(run.slates.session),
            before.bad + run.faults.get("slates", 0),
            kinds,
        )
    return found
