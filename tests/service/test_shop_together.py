"""Requests of people that wait share a job, and each is answered as if she had been alone."""

from __future__ import annotations

import threading
import time
from functools import partial

import numpy as np
import pytest
from redis import Redis
from sqlalchemy import Engine, event

from db import visits, work
from db.engine import read_transaction, write_transaction
from db.errors import UsageError
from db.events import Kind
from db.tables import event as event_table
from simulator.operations.verify import verify
from simulator.shop.live.asking import Inquiry, Ticket, Visitor
from simulator.shop.live.watching import SlateWatch
from simulator.shop.opening import Premises
from simulator.shop.storing import LAST_STEP
from tests.service.shop import NobodyWorks, ToyPremises
from workers.answer import go_together
from workers.news import News, announce, read
from workers.queue import connect
from workers.redis_server import EmbeddedServer
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
        work.take(conn, first, "dead")
        work.give_back_all_of(conn, "dead")
        again = work.take(conn, first, "one")
        assert again is not None
        assert work.take_alike(conn, again, "one", list, MANY) == [again]
        other = work.take(conn, second, "two")
        assert other is not None
        assert len(work.take_alike(conn, other, "two", list, MANY)) == MANY - 1


def test_two_requests_of_one_visit_are_two_batches(any_engine: Engine) -> None:
    """The second may have seen what the first shows; a batch knows of neither."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    visitor = Visitor(1 << 30, 1 << 30)
    for item in live.samples[:2]:
        shop.enquiries(live).ask(visitor, item)
    with write_transaction(any_engine) as conn:
        (first, *_) = waiting(any_engine)
        taken = work.take(conn, first, "one")
        assert taken is not None
        assert work.take_alike(conn, taken, "one", go_together, MANY) == [taken]
        work.give_back(conn, first, "it was a look")


def test_a_job_whose_work_is_done_takes_what_waits(any_engine: Engine) -> None:
    """Its own row may have gone with another job's, whose row then stays behind."""
    shop = ToyPremises(any_engine, NobodyWorks())
    ask_all(shop)
    done = max(waiting(any_engine)) + 1
    Worker(any_engine, "one").perform(done)
    assert not waiting(any_engine)


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


def test_those_who_ask_at_once_share_a_transaction_and_a_bell(any_engine: Engine) -> None:
    """While one transaction is under way MANY ask: they are the next one, and one of them rings."""
    workforce = Bells()
    shop = ToyPremises(any_engine, workforce)
    live = shop.live()
    found: dict[int, Ticket] = {}

    def ask(one: int) -> None:
        found[one] = shop.enquiries(live).ask(Visitor((1 << 30) + one, one), live.samples[one])

    asking = [threading.Thread(target=ask, args=(one,)) for one in range(MANY)]
    deadline = time.monotonic() + 30
    with write_transaction(any_engine) as conn:  # the first waits for us
        visits.hold(conn, live.run.number, 1 << 30)
        asking[0].start()
        while not shop.counter.ask.is_busy or shop.counter.ask.waiting:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        for one in asking[1:]:
            one.start()
        while len(shop.counter.ask.waiting) < MANY - 1:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    for one in asking:
        one.join()
    assert len({str(one) for one in found.values()}) == MANY
    assert len(waiting(any_engine)) == MANY
    assert len(workforce.rung) == 2  # the first was alone
    worker = Worker(any_engine, "one")
    for one in workforce.rung:
        worker.perform(one)
    assert all(shop.enquiries(live).answer(one) for one in found.values())
    found_wrong = [one for one in verify(shop.context, live.run.id) if not one.ok]
    assert not found_wrong


def test_one_visitor_who_asks_twice_at_once_has_one_visit(any_engine: Engine) -> None:
    """Two requests of one visitor in one transaction are two steps of one visit."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    wishes = [
        Inquiry(live, Visitor(1 << 30, 1 << 30), item, Kind.SEARCH) for item in live.samples[:3]
    ]
    found = shop.counter.ask_all(wishes)
    tickets = [one[0] for one in found if not isinstance(one, Exception)]
    assert [one.step for one in tickets] == [0, 1, 2]
    assert len({one.session for one in tickets}) == 1
    Worker(any_engine, "one").perform(waiting(any_engine)[0])
    assert all(shop.enquiries(live).answer(one) for one in tickets)
    assert not [one for one in verify(shop.context, live.run.id) if not one.ok]


@pytest.mark.thorough
def test_a_visit_that_is_too_long_costs_the_others_nothing(any_engine: Engine) -> None:
    """Her request is refused, those of the same transaction are stored."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    enquiries = shop.enquiries(live)
    ticket = enquiries.ask(Visitor(1 << 30, 1), live.samples[0])
    with write_transaction(any_engine) as conn:
        conn.execute(
            event_table.update()
            .where(event_table.c.session == ticket.session)
            .values(step=LAST_STEP)
        )
    people = [Visitor((1 << 30) + one, 1 + one) for one in range(3)]
    wishes = [Inquiry(live, one, live.samples[1], Kind.SEARCH) for one in people]
    first, *others = shop.counter.ask_all(wishes)
    assert isinstance(first, UsageError)
    assert not any(isinstance(one, Exception) for one in others)


def test_what_workers_say_is_heard_at_once(any_engine: Engine) -> None:
    """Who waits, and who begins to wait later, is told; a broken announcement is passed over."""
    watch = SlateWatch(any_engine)
    watch.news = Silent()
    began = time.monotonic()
    threading.Timer(0.02, lambda: watch.hear([(7, "12.3")])).start()
    assert watch.wait((7, 12, 3), 30)
    watch.hear(read(b"7:13.4 x y:1 7:.. 7:a.b"))
    assert watch.wait((7, 13, 4), 30)
    assert time.monotonic() - began < 20


@pytest.mark.thorough
def test_answers_are_announced_over_redis(any_engine: Engine) -> None:
    """From the worker that stored them to whoever listens."""
    server = EmbeddedServer()
    try:
        heard_over(any_engine, connect(server.url))
    finally:
        server.stop()


def heard_over(any_engine: Engine, connection: Redis) -> None:
    """One is asked, answered and heard of."""
    heard: list[tuple[int, str]] = []
    news = News(connection, heard.extend)
    deadline = time.monotonic() + 30
    while not news.is_heard:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    ticket = shop.enquiries(live).ask(Visitor(1 << 30, 1), live.samples[0])
    worker = Worker(any_engine, "one")
    worker.announce = partial(announce, connection)
    worker.perform(waiting(any_engine)[0])
    while not heard:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    news.close()
    assert heard == [(live.run.number, f"{ticket.session}.{ticket.step}")]


class Bells:
    """A workforce that remembers what it was rung for."""

    def __init__(self) -> None:
        self.rung: list[int] = []

    def ring_first(self, work_ids: list[int]) -> None:
        """Heard."""
        self.rung += work_ids

    ring = ring_first


class Silent:
    """Listens, and nobody says anything."""

    is_heard = True
