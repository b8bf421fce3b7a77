"""A recommender of somebody's own that fails again and again in mid-run: the run goes on, and the
report says how often.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from db import guests
from db.engine import read_transaction
from simulator.operations.verify import verify
from simulator.playing.report import load
from simulator.playing.simulate import simulate
from simulator.report.numbers.panel import lay_out, of_guests
from tests import factories
from tests.faults.harness import supervised
from tests.faults.lane import short_or_whole
from tests.guest_classes import HERE
from workers.guests.door import Limits

MEMORY = 2 * 2**30

HANGING = "Odd?how=hangs&often=10"
DEEDS = {
    "Odd?how=unknown&often=10": ("unknown item", "garbage in a tenth of its calls"),
    "Odd?how=raises&often=10": ("raised", "an exception in a tenth of its calls"),
    HANGING: ("late", "a hang in a tenth of its calls"),
    "Leaky": ("raised", "a leak up to its limit, again and again"),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("deed", DEEDS, ids=[what for _, what in DEEDS.values()])
def test_a_guest_that_fails_now_and_then_does_not_stop_a_run(stocked: Engine, deed: str) -> None:
    """Every request has its slate, all counts are right, and each fault is counted by kind."""
    wanted = factories.resolved(
        stocked, policy=f"mine={HERE}:{deed}", days=short_or_whole(4, 20), shoppers=40
    )
    assert wanted.guest is not None
    limits = Limits(seconds=3.0 if deed == HANGING else 60.0, memory=MEMORY)
    wanted = replace(wanted, guest=replace(wanted.guest, limits=limits))
    context = factories.context_of(stocked)
    with supervised(stocked) as workforce:
        run = simulate(context, wanted, workforce).run
    assert [one for one in verify(context, run.id) if not one.ok] == []
    kind, _ = DEEDS[deed]
    with read_transaction(stocked) as conn:
        noted = guests.notes(conn, run.number)
    assert {name for note in noted.values() for name in note.get("faults", {})} == {kind}
    found = of_guests([lay_out(load(context, run.id))])["mine"]
    assert found.kinds == {kind: found.bad}
    assert 0 < found.bad < found.requests / 2
