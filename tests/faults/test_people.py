"""A worker is killed over the requests of people, which share its job: each is answered, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from db.engine import read_transaction
from db.tables import slate, work
from simulator.operations.verify import verify
from simulator.shop.live.asking import Visitor
from tests.faults.harness import supervised
from tests.faults.lane import wait_until
from tests.faults.mortal import STEPS, Fault
from tests.service.shop import NobodyWorks, ToyPremises

MANY = 12


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_is_killed_over_what_many_asked(engine: Engine, tmp_path: Path, step: str) -> None:
    """Whatever step it dies at: every request has its slate, none has two, no work is left."""
    fault = Fault(str(tmp_path), step, only="answer" if step not in {"popped"} else "")
    shop = ToyPremises(engine, NobodyWorks())
    live = shop.live()
    enquiries = shop.enquiries(live)
    visitors = [Visitor((1 << 30) + one, one) for one in range(MANY)]
    tickets = [enquiries.ask(one, live.samples[place]) for place, one in enumerate(visitors)]
    with read_transaction(engine) as conn:
        ids = [row[0] for row in conn.execute(select(work.c.id).order_by(work.c.id))]
    with supervised(engine, fault=fault) as supervisor:
        supervisor.ring_first(ids[:1])
        wait_until(lambda: not _left(engine), "all work is done")
    assert fault.deaths == 1
    assert all(enquiries.answer(one) is not None for one in tickets)
    with read_transaction(engine) as conn:
        n = conn.execute(select(func.count()).where(slate.c.run == live.run.number)).scalar_one()
    assert n == MANY
    found = {one.name: one for one in verify(shop.context, live.run.id)}
    assert {name: one.detail for name, one in found.items() if not one.ok} == {}


def _left(engine: Engine) -> int:
    with read_transaction(engine) as conn:
        return int(conn.execute(select(func.count()).select_from(work)).scalar_one())
