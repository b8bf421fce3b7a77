"""Lists of more than ten: the same road for each ten, nothing twice, and each place clickable."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from db import backlog, event_log
from db.engine import read_transaction
from db.events import ABSENT, Events, Kind
from simulator.operations.verify import verify
from simulator.shop.opening import Premises
from tests import factories
from tests.service.shop import NobodyWorks, ToyPremises, client_of, open_shop
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

SEARCH = "/api/v1/searches"
ITEM = "query-0130"


def searched(client: httpx.Client, k: int) -> dict[str, Any]:
    """A search that is answered."""
    answer = client.post(SEARCH, json={"item": ITEM, "k": k, "wait": 20})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def log_of(shop: Premises) -> Events:
    """All events of the live run."""
    live = shop.live()
    with read_transaction(shop.engine) as conn:
        return event_log.read(conn, live.run.number, k=live.k)


def test_a_hundred_items_are_ten_slates_of_one_search(any_engine: Engine) -> None:
    """The first ten are those of a short list; the log holds each slate; all comes out again."""
    with open_shop(any_engine, policy="visual") as (shop, client):
        found = searched(client, 100)
        items = [one["item"] for one in found["items"]]
        assert [one["position"] for one in found["items"]] == list(range(1, 101))
        assert len(set(items)) == 100
        scores = [one["score"] for one in found["items"]]
        assert scores == sorted(scores, reverse=True)
        log = log_of(shop)
        assert [len(log.of(kind)) for kind in (Kind.SEARCH, Kind.IMPRESSION)] == [10, 10]
        again = client.get(f"/api/v1/recommendations/{found['search']}?k=100").json()
        assert again["items"] == found["items"]
        assert len(log_of(shop).rows) == 20
        assert all(one.ok for one in verify(factories.context_of(any_engine), shop.live().run.id))
        client.cookies.clear()  # somebody else, who has seen nothing yet
        short = [one["item"] for one in searched(client, 10)["items"]]
        assert sorted(short) == sorted(items[:10])


def test_only_what_was_given_was_shown(any_engine: Engine) -> None:
    """Thirteen of twenty, three of ten: what a program did not get nobody has seen or can click."""
    with open_shop(any_engine) as (shop, client):
        found = searched(client, 13)
        assert [(row >= 0).sum() for row in log_of(shop).shown] == [10, 3]
        told = {"kind": "click", "search": found["search"]}
        assert client.post("/api/v1/events", json={**told, "position": 12}).status_code == 200
        assert client.post("/api/v1/events", json={**told, "position": 14}).status_code == 400
        assert client.post("/api/v1/events", json={**told, "position": 100}).status_code == 400
        clicked = log_of(shop).of(Kind.CLICK)[0]
        assert (clicked["step"], clicked["position"]) == (1, 2)
        assert shop.live().items[clicked["item"]].item_id == found["items"][11]["item"]


def test_a_list_ends_where_the_catalogue_does(sqlite: Engine) -> None:
    """Who has seen a hundred gets what is left: the list is shorter, and whole."""
    with open_shop(sqlite) as (shop, client):
        seen = [one["item"] for one in searched(client, 100)["items"]]
        rest = [one["item"] for one in searched(client, 100)["items"]]
        assert not set(seen) & set(rest)
        assert len(seen) + len(rest) == shop.live().is_offered.sum()


def test_a_long_list_is_promised_and_goes_on_where_it_stopped(any_engine: Engine) -> None:
    """202 with its length in the Location; each look asks for what comes next, and once."""
    shop = ToyPremises(any_engine, NobodyWorks())
    with client_of(shop) as client:
        answer = client.post(SEARCH, json={"item": ITEM, "k": 25, "wait": 0})
        place = answer.headers["location"]
        assert (answer.status_code, place[-5:]) == (202, "?k=25")
        with LocalWorkforce(any_engine) as workforce:
            for slates in (1, 2, 3):
                assert client.get(place).status_code == 202
                with read_transaction(any_engine) as conn:
                    waiting = [one.id for one in backlog.pieces(conn)]
                assert len(waiting) == 1
                workforce.ring(waiting)
                found = client.get(place)
                assert found.status_code == (200 if slates == 3 else 202)
        assert len(found.json()["items"]) == 25
        log = log_of(shop)
        assert len(log.of(Kind.SEARCH)) == 3
        assert (log.shown[2] == ABSENT).sum() == 5


def test_nothing_is_asked_for_after_the_visit(sqlite: Engine) -> None:
    """Who left sees what she saw, and nothing is asked in her name."""
    with open_shop(sqlite) as (shop, client):
        found = searched(client, 10)
        client.post("/api/v1/events", json={"kind": "leave", "search": found["search"]})
        again = client.get(f"/api/v1/recommendations/{found['search']}?k=50&wait=5").json()
        assert again["items"] == found["items"]
        assert len(log_of(shop).of(Kind.SEARCH)) == 1
