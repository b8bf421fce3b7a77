"""Requests of people that wait share a job, and each is answered as if she had been alone."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine, event

from db import work
from db.engine import read_transaction, write_transaction
from db.events import Kind
from simulator.operations.verify import verify
from simulator.shop.live.asking import Ticket, Visitor
from simulator.shop.opening import Premises
from tests.service.shop import NobodyWorks, ToyPremises
from workers.tasks import Worker

pytestmark = pytest.mark.service

MANY = 9


def ask_all(shop: Premises, *, step: int = 0) -> list[Ticket]:
    """Each of MANY visitors asks for an item of her own; every other one once more."""
    live = shop.live()
    enquiries = shop.enquiries(live)
    visitors = [Visitor((1 << 30) + one, (1 << 30) + one) for one in range(MANY)]
    return [
        enquiries.ask(one, live.samples[place + step], Kind.SEARCH)
        for place, one in enumerate(visitors)
        if step == 0 or place % 2
    ]


def waiting(engine: Engine) -> list[int]:
    """The ids of work that nobody has."""
    with read_transaction(engine) as conn:
        return [row.id for row in conn.execute(work.work.select().order_by(work.work.c.id))]


def test_one_job_answers_all_who_wait(any_engine: Engine) -> None:
    """Two jobs for MANY visitors, though some are further on in their visit than others; what each
    sees is what she would have seen alone, bit by bit.
    """
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    worker = Worker(any_engine, "one")
    tickets = ask_all(shop)
    worker.perform(waiting(any_engine)[0])
    assert not waiting(any_engine)
    tickets += ask_all(shop, step=1)
    extra = shop.enquiries(live).ask(Visitor(77, 77), live.samples[0])
    worker.perform(waiting(any_engine)[0])
    for ticket in [*tickets, extra]:
        assert shop.enquiries(live).answer(ticket) is not None
    found = {one.name: one for one in verify(shop.context, live.run.id)}
    assert {name: one.detail for name, one in found.items() if not one.ok} == {}


def test_one_request_that_cannot_be_answered_costs_the_others_nothing(any_engine: Engine) -> None:
    """A request whose event is not there fails, alone; the others are answered by the same job."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    tickets = ask_all(shop)
    with write_transaction(any_engine) as conn:
        payload = {
            "generation": -1,
            "step": 0,
            "sessions": [12345],
            "brings": False,
            "refused": [],
            "offers": 0,
        }
        (bad,) = work.add(conn, live.run.number, "answer", {"12345.0": payload})
    worker = Worker(any_engine, "one")
    with pytest.raises(ValueError, match=r"zip|longer|shorter"):
        worker.perform(waiting(any_engine)[0])
    assert waiting(any_engine) == [bad]
    assert all(shop.enquiries(live).answer(one) for one in tickets)


def test_what_failed_before_is_done_alone(any_engine: Engine) -> None:
    """A piece that killed its worker must not take others with it a second time."""
    shop = ToyPremises(any_engine, NobodyWorks())
    ask_all(shop)
    first, second, *_ = waiting(any_engine)
    with write_transaction(any_engine) as conn:
        taken = work.take(conn, first, "dead")
        assert taken is not None
        work.give_back_all_of(conn, "dead")
    worker = Worker(any_engine, "one")
    worker.perform(first)
    assert len(waiting(any_engine)) == MANY - 1
    with write_transaction(any_engine) as conn:
        work.take(conn, second, "dead")
        work.give_back_all_of(conn, "dead")
    worker.perform(waiting(any_engine)[-1])
    assert waiting(any_engine) == [second]


def test_two_requests_of_one_visit_are_two_jobs(any_engine: Engine) -> None:
    """The second may have seen what the first shows; a batch knows of neither."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    visitor = Visitor(1 << 30, 1 << 30)
    for item in live.samples[:2]:
        shop.enquiries(live).ask(visitor, item)
    Worker(any_engine, "one").perform(waiting(any_engine)[0])
    assert len(waiting(any_engine)) == 1


def test_a_job_asks_as_much_for_many_as_for_one(any_engine: Engine) -> None:
    """The statements of a job do not grow with the requests in it."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    asked: list[str] = []
    event.listen(any_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    worker = Worker(any_engine, "one")
    counts = []
    for visitors in (range(1), range(1, 2), range(2, 10)):
        for one in visitors:
            shop.enquiries(live).ask(Visitor((1 << 30) + one, one), live.samples[one])
        (first, *_) = waiting(any_engine)
        asked.clear()
        worker.perform(first)
        counts.append(len(asked))
    assert counts[2] <= counts[1] + 1  # who takes others says so
    assert np.diff(counts)[0] <= 0  # the first reads what is known
