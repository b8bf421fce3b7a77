"""The shop: what people do is stored as events of a live run, once, and folded like any other."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from sqlalchemy import Engine

from db import backlog, cointeractions, event_log, work
from db.engine import read_transaction, write_transaction
from db.events import Events, Kind
from db.tables import work as work_table
from simulator.playing.plan import Resolved
from simulator.shop.live.closing import close
from simulator.shop.live.live_run import LiveRun, live_config, open_live
from simulator.shop.live.neighbours import KnownVectors
from simulator.shop.live.pressure import MOST_WAITING
from simulator.shop.opening import Premises
from simulator.shop.web.guards import HEADERS
from tests import factories
from tests.service.shop import SIGNER, NobodyWorks, ToyPremises, age, client_of, open_shop
from workers import queue
from workers.local_workforce import LocalWorkforce
from workers.redis_server import EmbeddedServer

pytestmark = pytest.mark.service

SEARCH = "/api/v1/searches"
EVENTS = "/api/v1/events"


def log_of(shop: Premises) -> Events:
    """All events of the live run."""
    live = shop.live()
    with read_transaction(shop.engine) as conn:
        return event_log.read(conn, live.run.number, k=live.k)


def kinds(shop: Premises) -> Counter[str]:
    """How many events of each kind."""
    return Counter(Kind(kind).name.lower() for kind in log_of(shop).rows["kind"].tolist())


def searched(client, item: str = "query-0130", **more: object) -> dict:
    """A search, answered."""
    answer = client.post(SEARCH, json={"item": item, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_visit_is_stored_as_events_of_one_session(engine: Engine) -> None:
    """Search, impression, click, cart, purchase, leave: in order, each once, with its slate's
    items.
    """
    with open_shop(engine) as (shop, client):
        found = searched(client)
        assert [one["position"] for one in found["items"]] == list(range(1, 11))
        for kind in ("click", "cart", "purchase", "leave"):
            told = {"kind": kind, "search": found["search"], "position": 3}
            assert client.post(EVENTS, json=told).json()["accepted"] == 1
        log = log_of(shop)
        named = [Kind(kind).name.lower() for kind in log.rows["kind"].tolist()]
        assert named == ["search", "impression", "click", "cart", "purchase", "leave"]
        assert log.rows["ordinal"].tolist() == list(range(6))
        assert (np.diff(log.rows["at"]) > 0).all()
        live = shop.live()
        shown = [live.items[number].item_id for number in log.shown[0]]
        assert shown == [one["item"] for one in found["items"]]
        clicked = log.of(Kind.CLICK)[0]
        assert live.items[clicked["item"]].item_id == found["items"][2]["item"]
        assert log.of(Kind.PURCHASE)[0]["price"] == round(100 * found["items"][2]["price"])


def test_an_event_that_is_sent_five_times_counts_once(engine: Engine) -> None:
    """By its id, whatever else it says."""
    with open_shop(engine) as (shop, client):
        told = {"kind": "click", "search": searched(client)["search"], "position": 1}
        sent = [client.post(EVENTS, json={**told, "event_id": "e-1"}).json() for _ in range(5)]
        assert [one["accepted"] for one in sent] == [1, 0, 0, 0, 0]
        assert [one["duplicates"] for one in sent] == [0, 1, 1, 1, 1]
        assert kinds(shop)["click"] == 1


@pytest.mark.thorough
def test_broken_lines_are_named_and_the_others_taken(any_engine: Engine) -> None:
    """Every tenth of 1,000 JSON lines is broken, each in its own way."""
    with open_shop(any_engine) as (shop, client):
        search = searched(client)["search"]
        broken = ["{", '{"kind": "sing"}', "null", '{"kind": "click", "search": "x"}']
        lines = [
            broken[number // 10 % 4]
            if number % 10 == 9
            else json.dumps(
                {"event_id": f"e{number}", "kind": "click", "search": search, "position": 1}
            )
            for number in range(1000)
        ]
        answer = client.post(
            EVENTS, content="\n".join(lines), headers={"content-type": "application/x-ndjson"}
        )
        found = answer.json()
        assert found["accepted"] == 900
        assert [one["line"] for one in found["refused"]] == list(range(10, 1001, 10))
        assert kinds(shop)["click"] == 900


def test_without_a_worker_a_search_is_promised_and_comes_later(any_engine: Engine) -> None:
    """202 with a Location; once somebody has worked, 200 there, and the slate counts as shown."""
    shop = ToyPremises(any_engine, NobodyWorks())
    with client_of(shop) as client:
        answer = client.post(SEARCH, json={"item": "query-0130", "wait": 0})
        assert answer.status_code == 202
        place = answer.headers["location"]
        assert client.get(place).status_code == 202
        assert kinds(shop) == {"search": 1}
        with LocalWorkforce(any_engine) as workforce:
            with read_transaction(any_engine) as conn:
                waiting = [one.id for one in backlog.pieces(conn)]
            workforce.ring(waiting)
        found = client.get(place)
        assert found.status_code == 200
        assert len(found.json()["items"]) == 10
        client.get(place)
        assert kinds(shop) == {"search": 1, "impression": 1}


class AnotherShop(ToyPremises):
    """Of the same policy on the same database, that sells other items."""

    def _made(self, policy: str) -> LiveRun:
        found = factories.resolved(self.engine, policy=policy, items=80)
        return open_live(self.context, Resolved(live_config(found, None), found.items))


@pytest.mark.thorough
def test_two_shops_on_one_database_are_apart(any_engine: Engine) -> None:
    """What people do in one is no event of the other, cannot be told to it, and teaches it
    nothing.
    """
    with LocalWorkforce(any_engine) as workforce:
        one, other = (kind(any_engine, workforce) for kind in (ToyPremises, AnotherShop))
        with client_of(one) as here, client_of(other) as there:
            search = searched(here)["search"]
            click = {"kind": "click", "search": search, "position": 2}
            assert here.post(EVENTS, json=click).status_code == 200
            assert there.post(EVENTS, json=click).status_code == 404
            assert kinds(one) == {"search": 1, "impression": 1, "click": 1}
            assert kinds(other) == {}
            assert here.post("/leave").status_code < 400
            age(any_engine, 61)
            assert close(any_engine, other.live(), workforce) == []
            assert len(close(any_engine, one.live(), workforce)) == 1
            assert searched(there)["generation"] == -1


class HangsWhileItStandsBy(LocalWorkforce):
    """Was told of a request, and does nothing; a job of RQ finds another worker."""

    def ring_first(self, work_ids: Iterable[int]) -> None:
        """Nothing happens."""


@pytest.mark.thorough
def test_a_request_that_was_told_to_a_worker_that_hangs_becomes_a_job(any_engine: Engine) -> None:
    """After a second, while the person still waits."""
    with (
        HangsWhileItStandsBy(any_engine) as workforce,
        client_of(ToyPremises(any_engine, workforce)) as client,
    ):
        answer = client.post(SEARCH, json={"item": "query-0130", "wait": 10})
        assert answer.status_code == 200


def test_ended_visits_are_folded_once_and_idle_ones_end(engine: Engine) -> None:
    """After 30 idle minutes a visit leaves by itself; a minute later its generation is folded."""
    with open_shop(engine) as (shop, client):
        live = shop.live()
        search = searched(client)["search"]
        client.post(EVENTS, json={"kind": "click", "search": search, "position": 2})
        assert close(shop.engine, live, shop.workforce) == []
        age(engine, 1900)
        assert close(shop.engine, live, shop.workforce) == []  # it has ended just now
        age(engine, 61)
        assert len(close(shop.engine, live, shop.workforce)) == 1
        assert close(shop.engine, live, shop.workforce) == []
        with read_transaction(engine) as conn:
            folds = cointeractions.generations(conn, live.run.number)
        assert [(one.number, one.sessions) for one in folds] == [(0, 1)]
        assert kinds(shop)["leave"] == 1
        later = searched(client)
        assert later["generation"] == 0
        assert kinds(shop)["search"] == 2
        assert len(set(log_of(shop).rows["session"].tolist())) == 2


def test_pages_carry_strict_headers_and_refuse_other_sites(any_engine: Engine) -> None:
    """No inline script or style, nothing from elsewhere; what another site's page sends is
    refused.
    """
    with open_shop(any_engine) as (_, client):
        page = client.get("/")
        assert page.status_code == 200
        assert {name: page.headers[name] for name in HEADERS} == HEADERS
        assert "<script>" not in page.text
        assert " style=" not in page.text
        assert "http" not in page.text.replace("http-equiv", "").replace("http://www.w3.org", "")
        for header in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post("/basket/buy", headers=header).status_code == 403
        large = {"image": b"0" * 5_200_000}
        assert client.post("/search", files=large).status_code == 413


def test_a_forged_cookie_is_nobodys(any_engine: Engine) -> None:
    """Only what we signed says who somebody is."""
    assert SIGNER.read(SIGNER.sign(1_100_000_000)) == 1_100_000_000
    for forged in ("1100000000", "1100000000.0", SIGNER.sign(5).replace("5.", "6."), "x.y", "٣.a"):
        assert SIGNER.read(forged) is None
    with open_shop(any_engine) as (shop, client):
        client.cookies.set("visitor", "1073741900." + "0" * 32)
        searched(client)
        assert 1073741900 not in log_of(shop).rows["shopper"]


def test_the_basket_is_the_visitors_own(any_engine: Engine) -> None:
    """What was put in stays until it is bought or taken out; another visitor's is empty."""
    with open_shop(any_engine) as (shop, client):
        search = searched(client)["search"]
        assert "item-" in client.post(f"/cart/{search}/1").text
        client.post("/cart-shelf/item-0007")
        assert 'data-basket-count="2"' in client.get("/basket").text
        client.post("/basket/out/item-0007")
        with client_of(shop) as other:
            assert 'data-basket-count="0"' in other.get("/basket").text
        assert "1 bought" in client.post("/basket/buy").text
        assert kinds(shop) == {"search": 1, "impression": 1, "cart": 2, "purchase": 1}
        assert client.post("/basket/buy").status_code == 200
        assert kinds(shop)["purchase"] == 1


def test_who_asks_a_shop_that_is_behind_is_told_to_come_back(any_engine: Engine) -> None:
    """503 with Retry-After while too much waits, for searches and new items; nothing is stored,
    and when the work is done the shop answers again.
    """
    shop = ToyPremises(any_engine, NobodyWorks())
    with client_of(shop) as client:
        with write_transaction(any_engine) as conn:
            keys = [f"{number}" for number in range(MOST_WAITING + 1)]
            work.add(conn, shop.live().run.number, "answer", {key: {} for key in keys})
        for answer in (
            client.post(SEARCH, json={"item": "query-0130", "wait": 0}),
            client.post("/api/v1/items", data={"category": "a", "price": "1"}),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert "501 requests wait" in answer.json()["detail"]
        assert kinds(shop) == {}
        with write_transaction(any_engine) as conn:
            conn.execute(work_table.delete())
        deadline = time.monotonic() + 30
        while (answer := client.post(SEARCH, json={"item": "query-0130", "wait": 0})).is_error:
            assert time.monotonic() < deadline
        assert answer.status_code == 202


def test_errors_are_problems_that_say_what_helps(any_engine: Engine) -> None:
    """RFC 9457, for what is not there, does not fit, or is too large."""
    with open_shop(any_engine) as (_, client):
        asked = {
            404: client.get("/api/v1/items/nothing"),
            422: client.post(SEARCH, json={"item": "query-0130", "k": 101}),
            400: client.post(SEARCH, files={"other": b"x"}),
            405: client.put(SEARCH),
        }
        for status, answer in asked.items():
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert set(answer.json()) >= {"type", "title", "status", "detail", "instance"}
        assert client.get("/nowhere").json()["status"] == 404


def test_less_like_this_leaves_out_what_looks_like_it(any_engine: Engine) -> None:
    """For the rest of the visit, and the same search is asked again."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        first = searched(client)
        live = shop.live("visual")
        refused = live.numbers[first["items"][0]["item"]]
        page = client.post(f"/less/{first['search']}/1")
        assert page.status_code == 200
        later = log_of_policy(shop, "visual").shown[-1]
        cosine = KnownVectors(any_engine, live).cosine
        assert max(cosine(refused, int(one)) or 0 for one in later if one >= 0) < 0.9
        assert (later >= 0).any()


def log_of_policy(shop: Premises, policy: str) -> Events:
    """All events of a policy's live run."""
    live = shop.live(policy)
    with read_transaction(shop.engine) as conn:
        return event_log.read(conn, live.run.number, k=live.k)


def test_a_page_says_when_nobody_works_and_what_helps(any_engine: Engine) -> None:
    """First that it looks, then that nobody does; the search is stored all the while."""
    shop = ToyPremises(any_engine, NobodyWorks())
    with client_of(shop) as client:
        page = client.post("/search/query-0130").text
        assert "Looking at the pictures" in page
        (place,) = re.findall(r'hx-get="(/answers/[^"?]+)', page)
        later = client.get(place, params={"looks": 30}).text
        assert "windowshop worker" in later
        assert kinds(shop) == {"search": 1}


def test_what_a_person_waits_for_goes_before_what_waits() -> None:
    """Of two rings, the second with `first`, the second job stands in front."""
    server = EmbeddedServer()
    try:
        work_queue = queue.queue(queue.connect(server.url))
        queue.ring(work_queue, [1, 2], seconds=5)
        queue.ring(work_queue, [3], seconds=5, first=True)
        waiting = [job.args[0] for job in work_queue.get_jobs()]
        assert waiting == [3, 1, 2]
    finally:
        server.stop()
