"""How the shop waits for slates, and that its answers leave at once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
from sqlalchemy import Engine, event

from simulator.shop.live.asking import Visitor
from simulator.shop.serve import _listen
from tests.service.shop import NobodyWorks, ToyPremises
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


class Later:
    """A workforce that begins when it is told to."""

    def __init__(self, engine: Engine) -> None:
        self.rung: list[int] = []
        self._workforce = LocalWorkforce(engine)

    def ring_first(self, work_ids: list[int]) -> None:
        """Heard, and not done yet."""
        self.rung += work_ids

    ring = ring_first

    def begin(self) -> None:
        """Do all of it."""
        with self._workforce as workforce:
            workforce.ring(self.rung)


def test_many_wait_by_one_question(any_engine: Engine) -> None:
    """Twelve wait for twelve slates: the questions are those of one, and each gets her own."""
    workforce = Later(any_engine)
    shop = ToyPremises(any_engine, workforce)
    live = shop.live()
    enquiries = shop.enquiries(live)
    visitors = [Visitor((1 << 30) + one, (1 << 30) + one) for one in range(12)]
    tickets = [enquiries.ask(one, live.samples[place]) for place, one in enumerate(visitors)]
    asked: list[int] = []
    event.listen(
        any_engine,
        "before_cursor_execute",
        lambda *told: asked.append(1) if "FROM slate" in told[2] else None,
    )
    found: dict[int, object] = {}
    waiting = [
        threading.Thread(
            target=lambda place=place, ticket=ticket: found.update(
                {place: enquiries.slate(ticket, 30.0)}
            )
        )
        for place, ticket in enumerate(tickets)
    ]
    began = time.monotonic()
    for one in waiting:
        one.start()
    workforce.begin()
    for one in waiting:
        one.join()
    took = time.monotonic() - began
    assert all(found.values())
    assert len(found) == 12
    # each looks once at her own, and once a second while it is not there
    assert len(asked) <= 12 * (2 + int(took)) + took / 0.004


def test_who_waits_in_vain_is_told_in_time(any_engine: Engine) -> None:
    """None after the seconds that were asked for, and no thread is left that waits."""
    shop = ToyPremises(any_engine, NobodyWorks())
    live = shop.live()
    enquiries = shop.enquiries(live)
    ticket = enquiries.ask(Visitor(1 << 30, 1 << 30), live.samples[0])
    began = time.monotonic()
    assert enquiries.slate(ticket, 0.3) is None
    assert 0.3 <= time.monotonic() - began < 5
    deadline = time.monotonic() + 5
    while any(one.name == "slate-watch" for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_answer_leaves_at_once() -> None:
    """Nagle's algorithm is off for whoever connects: on, each answer waits 40 ms for the next."""

    async def connected() -> int:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            mine = writer.get_extra_info("socket")
            told.set_result(mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = _listen("127.0.0.1", 0)
        async with await asyncio.start_server(hear, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            found = await told
            writer.close()
            return found

    assert asyncio.run(connected())
