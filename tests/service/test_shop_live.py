"""The live page and the simulated shoppers beside people: one road, one stream, no gap."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from sqlalchemy import Engine

from db import event_log, slate_outcomes, visits
from db.engine import read_transaction, write_transaction
from db.events import Kind
from db.tables import event
from simulator.operations.verify import verify
from simulator.shop.live.closing import close
from simulator.shop.live.crowd import Crowd
from tests.service.shop import age, open_shop

pytestmark = pytest.mark.service

PATIENCE = 60.0
HURRY = 86_400 * 20.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as it holds; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.02)


def test_simulated_shoppers_take_the_road_of_people(any_engine: Engine) -> None:
    """They search, are answered, act, leave; their visits are folded with those of people."""
    with open_shop(any_engine) as (shop, client):
        live = shop.live()
        client.post("/api/v1/searches", json={"item": "query-0130"})
        crowd = Crowd(any_engine, live, shop.workforce, 60, HURRY, shop.remember)
        crowd.start()
        wait_until(lambda: crowd.day > crowd.first_day, "a day")
        crowd.stop()
        assert crowd.said == ""
        with read_transaction(any_engine) as conn:
            log = event_log.read(conn, live.run.number, k=live.k)
            sessions, _, expected = slate_outcomes.of_run(conn, live.run.number, k=live.k)
        simulated = log.rows[log.rows["session"] < visits.FIRST_SESSION]
        assert len(np.unique(simulated["session"])) > 10
        assert set(simulated["shopper"].tolist()) <= set(range(60))
        assert (simulated["kind"] == Kind.CLICK).any()
        assert len(sessions) == (simulated["kind"] == Kind.IMPRESSION).sum()
        assert (expected >= 0).all()
        for session in np.unique(simulated["session"]):
            assert (np.diff(simulated["at"][simulated["session"] == session]) > 0).all()
        assert len(shop.recent) > 0
        age(any_engine, 61)
        close(any_engine, live, shop.workforce)
        with read_transaction(any_engine) as conn:
            assert visits.latest_generation(conn, live.run.number) == 0


def test_a_crowd_that_comes_again_has_new_sessions(any_engine: Engine) -> None:
    """After a restart the days go on, so that no session is written twice."""
    with open_shop(any_engine, policy="visual") as (shop, _):
        live = shop.live("visual")
        days = []
        for n_shoppers in (40, 25):
            crowd = Crowd(any_engine, live, shop.workforce, n_shoppers, HURRY, shop.remember)
            crowd.start()
            wait_until(lambda crowd=crowd: crowd.day > crowd.first_day, "a day")
            crowd.stop()
            with read_transaction(any_engine) as conn:
                days.append(visits.last_simulated(conn, live.run.number))
            assert crowd.first_day * n_shoppers > (days[-2] if len(days) > 1 else -1)
        assert days[1] > days[0]


def samples(client: httpx.Client, run: str, n: int, last: str = "") -> list[tuple[int, dict]]:
    """The first n samples of a stream, each with its number."""
    found: list[tuple[int, dict]] = []
    headers = {"last-event-id": last} if last else {}
    data: dict = {}
    with client.stream("GET", f"/api/v1/stream/{run}", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
            elif line.startswith("id: "):
                found.append((int(line.removeprefix("id: ")), data))
                if len(found) == n:
                    return found
    return found


def test_a_stream_goes_on_where_it_broke(any_engine: Engine) -> None:
    """What happened meanwhile is told after the break, sample by sample, none twice."""
    with open_shop(any_engine) as (shop, client):
        run = shop.live().run.id
        first = samples(client, run, 2)
        client.post("/api/v1/searches", json={"item": "query-0130"})
        wait_until(lambda: len(shop.sampler.after(first[-1][0])) >= 2, "samples meanwhile")
        later = samples(client, run, 3, last=str(first[-1][0]))
        numbers = [number for number, _ in first + later]
        assert numbers == list(range(numbers[0], numbers[0] + 5))
        assert later[-1][1]["events"] == 2
        shop.is_closing = True


def test_the_live_page_is_bounded_and_says_what_is(any_engine: Engine) -> None:
    """However many samples were taken: so many are kept, and the page shows the last."""
    with open_shop(any_engine) as (shop, client):
        for _ in range(12):
            client.post("/api/v1/searches", json={"item": "query-0131"})
        shop.sampler.after(0)
        wait_until(shop.sampler.kept, "a sample")
        page = client.get("/live").text
        assert shop.live().run.id in page
        assert page.count('class="slate-line"') == 6
        assert len(page) < 30_000


def test_a_live_run_is_computed_again_to_the_bit(any_engine: Engine) -> None:
    """After clicks on slates that were left behind, refusals, a blind list and folds; and a wrong
    count is found.
    """
    with open_shop(any_engine) as (shop, client):
        live = shop.live()

        def search(item: str) -> str:
            return str(client.post("/api/v1/searches", json={"item": item}).json()["search"])

        first = search("query-0130")
        second = search("query-0131")
        for ticket, position in ((first, 4), (second, 1), (first, 2)):
            told = {"kind": "click", "search": ticket, "position": position}
            assert client.post("/api/v1/events", json=told).status_code == 200
        client.post(f"/less/{second}/2")
        client.post("/cart-shelf/item-0009")
        search("query-0132")
        client.post("/blind/begin", data={"one": "blend", "other": "visual"})
        client.post("/blind/search/query-0133")
        client.post("/leave")
        age(any_engine, 61)
        close(any_engine, live, shop.workforce)
        search("query-0130")
        found = {one.name: one for one in verify(shop.context, live.run.id)}
        assert {name: one.detail for name, one in found.items() if not one.ok} == {}
        assert "1 generations" in found["counts"].detail
        assert int(found["slates"].detail.split()[0]) >= 5
        with write_transaction(any_engine) as conn:
            conn.execute(
                event.update()
                .where(event.c.run == live.run.number, event.c.kind == int(Kind.CLICK))
                .where(event.c.position == 4)
                .values(position=5)
            )
        again = {one.name: one.ok for one in verify(shop.context, live.run.id)}
        assert not again["counts"]
