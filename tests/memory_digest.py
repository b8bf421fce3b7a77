"""Plays runs of the demo's sizes in memory: `python -m tests.memory_digest POLICY,... SEED,...`.

Prints a line a run: policy, seed, sha256 of what the nights learned, sha256 of the event export. It
is a process of its own because NumPy chooses threads, BLAS kernel and instructions when it is
imported.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db import runs
from db.events import Events
from simulator.cli.options import SHOP
from simulator.installation.context import Silence, open_context
from simulator.playing.export import lines
from simulator.playing.in_memory import MemoryRun, gather, share_world
from simulator.playing.plan import Plan
from simulator.playing.play import play
from simulator.playing.simulate import prepare
from simulator.world.day import SlateOutcomes
from workers.settings import load


@dataclass
class Digesting(MemoryRun):
    """A run that keeps its events and digests the judge's chances and what each night learns."""

    digest: Any = field(default_factory=hashlib.sha256)
    events: list[Events] = field(default_factory=list)

    def note(self, events: Events, outcomes: SlateOutcomes | None = None) -> None:
        """As before; the events are kept."""
        super().note(events, outcomes)
        self.events.append(events)
        if outcomes is not None:
            self.digest.update(outcomes.expected.tobytes())

    def end_day(self, sessions: NDArray[np.int64], generation: int) -> None:
        """As before; what was learned goes into the digest."""
        super().end_day(sessions, generation)
        known = self.recommender.knowledge
        self.digest.update(known.learned.to_json().encode())
        if known.taste is not None:
            self.digest.update(known.taste.pack())


def digests(plan: Plan) -> tuple[str, str]:
    """Of what one run learned, and of its event export."""
    context = open_context(load(), Silence())
    resolved = prepare(context, plan)
    shared = share_world(resolved.config, *gather(context, resolved))
    desk = Digesting(shared.recommender(plan.policy))
    play(
        shared.world,
        desk,
        days=plan.days,
        policy=plan.policy,
        seed=plan.seed,
        after_day=lambda _day: None,
    )
    export = hashlib.sha256()
    item_ids = [item.item_id for item in resolved.items]
    for line in lines(runs.id_of(resolved.config), Events.concat(desk.events), item_ids):
        export.update(line.encode() + b"\n")
    return desk.digest.hexdigest(), export.hexdigest()


if __name__ == "__main__":
    for name in sys.argv[1].split(","):
        for seed in sys.argv[2].split(","):
            found = digests(Plan(policy=name, seed=int(seed), **SHOP))
            sys.stdout.write(" ".join([name, seed, *found]) + "\n")
