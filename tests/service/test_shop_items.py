"""Items that come into an open shop, change and go; and what that does to slates and counts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import numpy as np
import pytest
from sqlalchemy import Engine

from db import backlog, event_log, items, offers
from db.engine import read_transaction
from db.events import Kind
from simulator.operations.verify import verify
from simulator.shop.live import neighbours
from simulator.shop.live.closing import close
from simulator.shop.live.crowd import Crowd
from simulator.shop.opening import Premises
from simulator.shop.wish import OFFERED
from tests.service.embedded_shop import EmbeddedPremises, like, open_shop, picture_of
from tests.service.shop import NobodyWorks, age, client_of
from tests.service.test_shop_live import HURRY, wait_until
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

ITEMS = "/api/v1/items"


def added(client: httpx.Client, picture: bytes, **fields: object) -> httpx.Response:
    """Add an item."""
    told = {"category": "category 1", "price": "49.90", **fields}
    return client.post(ITEMS, data=told, files={"image": ("tote.png", picture, "image/png")})


def found(client: httpx.Client, item: str, **more: object) -> list[str]:
    """The ids of a slate that a new visitor searched for with an item."""
    place = client.base_url.join("/api/v1/searches")
    answer = httpx.post(place, json={"item": item, "wait": 10, **more}, timeout=60)
    assert answer.status_code == 200, answer.text
    return [one["item"] for one in answer.json()["items"]]


def sound(shop: Premises, run: str) -> dict[str, str]:
    """What `verify` finds wrong with a run."""
    return {one.name: one.detail for one in verify(shop.context, run) if not one.ok}


def test_a_new_item_is_live_at_once(any_engine: Engine) -> None:
    """It is on slates, in neighbours, on the shelf and can be searched with as soon as it is
    answered for; nothing was started again.
    """
    with open_shop(any_engine, policy="visual") as (shop, client):
        assert "tote-1" not in found(client, "item-0005")
        began = time.monotonic()
        answer = added(client, like(shop, "item-0005"), item="tote-1", name="Canvas tote")
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{ITEMS}/tote-1"
        assert found(client, "item-0005")[0] == "tote-1"
        assert time.monotonic() - began < 10.0  # a busy machine; SHOP.md has what it takes
        assert answer.json() == client.get(f"{ITEMS}/tote-1").json()
        assert answer.json()["price"] == 49.9
        assert answer.json()["name"] == "Canvas tote"
        beside = client.get(f"{ITEMS}/item-0005/neighbours").json()["visual"]
        assert beside[0]["item"] == "tote-1"
        assert "item-0005" in found(client, "tote-1")
        category = answer.json()["category"]
        listed = client.get(ITEMS, params={"category": category}).json()
        assert "tote-1" in {one["item"] for one in listed["items"]}
        assert "Canvas tote" in client.get("/items/tote-1", headers={"accept": "text/html"}).text
        assert sound(shop, shop.live().run.id) == {}


def test_what_is_withheld_or_deleted_stands_on_no_slate(any_engine: Engine) -> None:
    """From the next search on, and comes back when it may; a deleted item does not, nor its id."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        first = found(client, "item-0005")
        changed = client.patch(f"{ITEMS}/{first[0]}", json={"available": False, "price": 12.5})
        assert (changed.status_code, changed.json()["available"]) == (200, False)
        assert changed.json()["price"] == 12.5
        assert first[0] not in found(client, "item-0005")
        withheld = client.get(ITEMS, params={"available": False}).json()["items"]
        assert [one["item"] for one in withheld] == [first[0]]
        assert client.post(f"/cart-shelf/{first[0]}").text.count("not for sale")
        assert client.patch(f"{ITEMS}/{first[0]}", json={"available": True}).status_code == 200
        assert found(client, "item-0005")[0] == first[0]
        assert added(client, like(shop, "item-0005"), item="tote-1").status_code == 201
        for gone in (first[0], "tote-1"):
            assert client.delete(f"{ITEMS}/{gone}").status_code == 204
            assert client.delete(f"{ITEMS}/{gone}").status_code == 404
            assert client.get(f"{ITEMS}/{gone}").status_code == 404
            assert gone not in found(client, "item-0005")
        assert added(client, like(shop, "item-0005"), item="tote-1").status_code == 409
        assert sound(shop, shop.live().run.id) == {}


def test_the_page_of_an_item_tells_its_events_and_what_each_fold_added(
    any_engine: Engine,
) -> None:
    """A search with it and a click beside it; the fold has a row once the visit has ended."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        page = partial(client.get, "/items/item-0005", headers={"accept": "text/html"})
        empty = page().text
        assert "None yet: search with it" in empty
        assert "nobody who saw a list for it has left" in empty
        asked = client.post("/api/v1/searches", json={"item": "item-0005", "wait": 10}).json()
        told = {"kind": "click", "search": asked["search"], "position": 2}
        assert client.post("/api/v1/events", json=told).status_code == 200
        events = page().text.partition("Its latest events")[2]
        assert events.count(">search<") == 1
        assert ">click<" not in events, "a click on another item is none of its events"
        other = client.get(f"/items/{asked['items'][1]['item']}", headers={"accept": "text/html"})
        assert other.text.partition("Its latest events")[2].count(">click<") == 1
        client.post("/leave")
        age(any_engine, 61)
        live = shop.live()
        assert close(any_engine, live, shop.workforce)
        beside = neighbours.of(shop.engine, live, shop.vectors(live), live.numbers["item-0005"], 10)
        assert [(one.generation, one.others, one.clicked) for one in beside.learned] == [(0, 10, 1)]
        assert "nobody who saw a list for it has left" not in page().text


@pytest.mark.parametrize(
    "policy",
    [
        "blend",
        *(pytest.param(one, marks=pytest.mark.thorough) for one in OFFERED if one != "blend"),
    ],
)
def test_counts_and_slates_come_out_again_to_the_bit(any_engine: Engine, policy: str) -> None:
    """Whatever came and went between searches, clicks and folds, and whoever ranks."""
    with open_shop(any_engine, policy=policy) as (shop, client):
        live = shop.live()
        client.post("/search", files={"image": ("own.png", like(shop, "item-0007"), "image/png")})
        for round_ in range(3):
            item_id = f"new-{round_}"
            assert added(client, like(shop, f"item-00{10 + round_}"), item=item_id).is_success
            for query in (item_id, f"item-00{10 + round_}", "query-0130"):
                answer = client.post("/api/v1/searches", json={"item": query, "wait": 10}).json()
                for position in (1, 3):
                    told = {"kind": "click", "search": answer["search"], "position": position}
                    assert client.post("/api/v1/events", json=told).status_code == 200
            client.patch(f"{ITEMS}/item-002{round_}", json={"available": False})
            if round_ == 1:
                client.delete(f"{ITEMS}/new-0")
            client.post("/leave")
            age(any_engine, 61)
            assert close(any_engine, live, shop.workforce)
            found(client, "query-0131")
        checks = {one.name: one for one in verify(shop.context, live.run.id)}
        assert {name: one.detail for name, one in checks.items() if not one.ok} == {}
        assert "3 generations" in checks["counts"].detail
        with read_transaction(any_engine) as conn:
            known = offers.seen(conn, live.run.number)
        assert len(set(known.values())) >= 4


def test_a_slate_that_held_what_was_withheld_is_found(any_engine: Engine) -> None:
    """The negative control: had the change been known before the request, verify would say so."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        client.patch(f"{ITEMS}/item-0001", json={"available": False})
        first = found(client, "item-0005")
        client.patch(f"{ITEMS}/{first[0]}", json={"available": False})
        assert sound(shop, shop.live().run.id) == {}
        with any_engine.begin() as conn:
            conn.exec_driver_sql("UPDATE slate_offer SET change = 2")
        assert "slates" in sound(shop, shop.live().run.id)


def test_a_search_overtakes_the_picture_that_was_searched_with_before_it(
    any_engine: Engine,
) -> None:
    """A worker that has the later search embeds the picture that another one has not come to."""
    shop = EmbeddedPremises(any_engine, NobodyWorks())
    with shop.decoder, client_of(shop) as client:
        searches = "/api/v1/searches"
        own = {"image": ("own.png", like(shop, "item-0007"), "image/png")}
        assert client.post(searches, files=own, data={"wait": "0"}).status_code == 202
        later = client.post(searches, json={"item": "query-0130", "wait": 0})
        with read_transaction(any_engine) as conn:
            *_, last = sorted(one.id for one in backlog.pieces(conn))
        with LocalWorkforce(any_engine) as workforce:
            workforce.ring([last])
        assert client.get(later.headers["location"]).status_code == 200


def test_all_policies_of_a_shop_offer_the_same(any_engine: Engine) -> None:
    """Those that were open, and those that are opened later; a blind list takes from both."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        shop.live("random")
        client.post("/search", files={"image": ("own.png", like(shop, "item-0007"), "image/png")})
        assert added(client, like(shop, "item-0005"), item="tote-1").is_success
        client.patch(f"{ITEMS}/item-0003", json={"available": False, "price": 1.25})
        for policy in ("random", "blend"):
            live = shop.live(policy)
            assert live.is_offered[live.numbers["tote-1"]]
            assert not live.is_offered[live.numbers["item-0003"]]
            assert live.price[live.numbers["item-0003"]] == 125
        assert found(client, "item-0005", policy="blend")[0] == "tote-1"
        client.post("/blind/begin", data={"one": "blend", "other": "visual"})
        assert "tote-1" in client.post("/blind/search/item-0005").text
        for live in shop.lives():
            assert sound(shop, live.run.id) == {}


def test_simulated_shoppers_go_on_while_items_come_and_go(any_engine: Engine) -> None:
    """They are not shown what their world cannot judge, nor what is withheld; all is verified."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        live = shop.live()
        assert added(client, like(shop, "item-0005"), item="tote-1").is_success
        client.patch(f"{ITEMS}/item-0003", json={"available": False})
        crowd = Crowd(any_engine, shop.live(), shop.workforce, 40, HURRY, shop.remember)
        crowd.start()
        wait_until(lambda: crowd.day > crowd.first_day, "a day")
        crowd.stop()
        assert crowd.said == ""
        with read_transaction(any_engine) as conn:
            log = event_log.read(conn, live.run.number, k=live.k)
        shown = log.shown[log.of(Kind.IMPRESSION)["session"] < 2**41]
        assert len(shown) > 20
        assert live.numbers["item-0003"] not in shown
        assert shown.max() < live.n_first
        age(any_engine, 61)
        close(any_engine, live, shop.workforce)
        assert sound(shop, live.run.id) == {}


def test_a_basket_sells_nothing_that_is_gone_and_takes_the_new_price(any_engine: Engine) -> None:
    """The purchase is refused with the cure; at a changed price it is noted at that price."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        for item in ("item-0001", "item-0002"):
            client.post(f"/cart-shelf/{item}")
        client.patch(f"{ITEMS}/item-0001", json={"price": 3.21})
        client.delete(f"{ITEMS}/item-0002")
        assert "item-0002 is not for sale any more" in client.post("/basket/buy").text
        assert client.post("/basket/out/item-0002").status_code == 200
        assert "Thank you" in client.post("/basket/buy").text
        live = shop.live()
        with read_transaction(any_engine) as conn:
            bought = event_log.read(conn, live.run.number, k=live.k).of(Kind.PURCHASE)
        assert bought["price"].tolist() == [321]


def test_what_is_no_item_is_refused_with_a_problem(any_engine: Engine) -> None:
    """Each with its status and its reason; nothing of it is stored."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        good = like(shop, "item-0005")
        vast = picture_of(np.zeros((4500, 4500), np.uint8))
        large = b"x" * 5_200_000
        cases = (
            (added(client, b"no picture"), 422, "wanted a picture"),
            (added(client, large), 413, "at most 5 MB"),
            (added(client, vast), 422, "20 million pixels"),
            (added(client, good, price="0"), 422, "price"),
            (added(client, good, price="nan"), 422, "price"),
            (added(client, good, category="a\nb"), 422, "category"),
            (added(client, good, item="../x"), 422, "item"),
            (added(client, good, item="item-0001"), 409, "choose another id"),
            (added(client, good, colour="red"), 422, "colour"),
            (client.post(ITEMS, data={"category": "a", "price": "1"}), 400, "field image"),
            (client.post(ITEMS, json={"category": "a"}), 400, "a form"),
            (client.patch(f"{ITEMS}/item-0001", json={}), 422, "a change"),
            (client.patch(f"{ITEMS}/item-0001", json={"price": -1}), 422, "price"),
            (client.patch(f"{ITEMS}/nothing", json={"price": 1}), 404, "nothing"),
            (client.patch(f"{ITEMS}/query-0130", json={"price": 1}), 404, "query-0130"),
            (client.delete(f"{ITEMS}/query-0130"), 404, "query-0130"),
        )
        for answer, status, said in cases:
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert said in answer.json()["detail"]
        with read_transaction(any_engine) as conn:
            assert offers.latest(conn, shop.live().run.number) == offers.NO_CHANGE


def test_an_item_is_promised_while_nobody_works(any_engine: Engine) -> None:
    """202 with a Location that says so; when a worker comes it is offered, once."""
    with open_shop(any_engine, policy="visual") as (shop, _):
        workforce = shop.workforce
    idle = EmbeddedPremises(any_engine, NobodyWorks(), policy="visual")
    with idle.decoder, client_of(idle) as client:
        answer = added(client, like(idle, "item-0005"), item="tote-1", wait="0")
        assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
        assert client.get(answer.headers["location"]).status_code == 202
        assert client.patch(f"{ITEMS}/tote-1", json={"price": 1}).status_code == 503
        assert added(client, like(idle, "item-0006"), item="tote-1").status_code == 409
        with read_transaction(any_engine) as conn:
            ids = [row[0] for row in conn.exec_driver_sql("SELECT id FROM work")]
        for _ in range(2):
            workforce.ring(ids)
        assert client.get(f"{ITEMS}/tote-1").json()["available"]
        with read_transaction(any_engine) as conn:
            assert offers.latest(conn, idle.live().run.number) == 1


def test_items_that_come_at_once_each_come_once(any_engine: Engine) -> None:
    """From eight programs, while others search: each has its own number and is found."""
    with open_shop(any_engine, policy="visual") as (shop, client):

        def bring(place: int) -> int:
            picture = like(shop, f"item-00{10 + place}")
            found(client, f"item-00{10 + place}")
            return added(client, picture, item=f"new-{place}").status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(bring, range(8))) == {201}
        live = shop.live()
        with read_transaction(any_engine) as conn:
            later = items.after(conn, live.run.number, live.n_first)
        assert sorted(one.item_id for _, one in later) == [f"new-{place}" for place in range(8)]
        for place in range(8):
            assert f"new-{place}" in found(client, f"item-00{10 + place}")[:2]
        assert sound(shop, live.run.id) == {}
