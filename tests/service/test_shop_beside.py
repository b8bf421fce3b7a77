"""Two policies beside each other on the shop page: one query, and each list's events in its run."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import Engine

from db import backlog, event_log
from db.engine import read_transaction
from db.events import Events, Kind
from simulator.shop.opening import Premises
from tests.service.shop import NobodyWorks, ToyPremises, client_of, open_shop
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

PAIR = ("blend", "random")
CARD = re.compile(r'hx-post="/click/(\S+?)/(\d+)"')


def choose(client: httpx.Client) -> None:
    """See `random` beside `blend`."""
    client.get("/")
    client.post("/choose", data={"policy": PAIR[0], "beside": PAIR[1]})


def log_of(shop: Premises, policy: str) -> Events:
    """The log of one policy's live run."""
    live = shop.live(policy)
    with read_transaction(shop.engine) as conn:
        return event_log.read(conn, live.run.number, k=live.k)


def kinds(shop: Premises, policy: str) -> list[str]:
    """The kinds of its events, in order."""
    return [Kind(kind).name.lower() for kind in log_of(shop, policy).rows["kind"].tolist()]


def lists_of(page: str) -> list[list[tuple[str, str]]]:
    """(search, position) of the cards of each list, in the order of the page."""
    parts = page.split('<section aria-labelledby="policy-')[1:]
    return [CARD.findall(one) for one in parts]


def test_one_query_has_two_lists_and_each_click_is_its_own_lists(any_engine: Engine) -> None:
    """Search, click, basket and purchase of either list stand in that policy's log alone."""
    with open_shop(any_engine) as (shop, client):
        choose(client)
        page = client.post("/search/query-0130").text
        assert re.findall(r'<h3 id="policy-\d">(\w+)</h3>', page) == list(PAIR)
        first, second = lists_of(page)
        assert (len(first), len(second)) == (10, 10)
        client.post("/click/{}/{}".format(*first[2]))
        client.post("/click/{}/{}".format(*second[4]))
        client.post("/cart/{}/{}".format(*second[4]))
        both = client.post("/cart/{}/{}".format(*first[0])).text
        assert 'data-basket-count="2"' in both
        assert "2 bought for" in client.post("/basket/buy").text
        wanted = ["search", "impression", "click", "cart", "purchase"]
        assert [kinds(shop, policy) for policy in PAIR] == [wanted, wanted]
        logs = [log_of(shop, policy) for policy in PAIR]
        assert len({int(log.rows["shopper"][0]) for log in logs}) == 1, "the same visitor"
        for log, position in zip(logs, (3, 5), strict=True):
            clicked = log.of(Kind.CLICK)[0]
            assert clicked["position"] == position
            assert clicked["item"] == log.shown[0][position - 1]


def test_more_and_less_ask_both_policies_again(any_engine: Engine) -> None:
    """More opens the item in both runs; less leaves the item out of both lists."""
    with open_shop(any_engine) as (shop, client):
        choose(client)
        page = client.post("/search/query-0130").text
        ticket, position = lists_of(page)[1][0]
        (other,) = {one for one, _ in lists_of(page)[0]}
        again = client.post(f"/less/{ticket}/{position}", params={"beside": other}).text
        assert re.findall(r'<h3 id="policy-\d">(\w+)</h3>', again) == list(PAIR)
        unwanted = log_of(shop, "random").shown[0][0]
        assert all(unwanted not in log_of(shop, policy).shown[1] for policy in PAIR)
        client.post("/more/item-0004")
        assert [kinds(shop, policy)[-2:] for policy in PAIR] == [["view", "impression"]] * 2


def test_what_lies_in_the_basket_from_one_list_is_not_put_in_from_the_other(
    any_engine: Engine,
) -> None:
    """It stays the event of the slate it was taken from; and can be taken out."""
    with open_shop(any_engine) as (shop, client):
        choose(client)
        first = lists_of(client.post("/search/query-0130").text)[0]
        client.post("/cart/{}/{}".format(*first[0]))
        client.post("/choose", data={"policy": "random", "beside": "blend"})
        shown = shop.live().items[log_of(shop, "blend").shown[0][0]].item_id
        assert 'data-basket-count="1"' in client.post(f"/cart-shelf/{shown}").text
        assert "cart" not in kinds(shop, "random")
        assert 'data-basket-count="0"' in client.post(f"/basket/out/{shown}").text
        assert "cart" not in kinds(shop, "random")
        assert "the basket is empty" in client.post("/basket/buy").text


def test_a_list_that_is_late_is_fetched_by_itself(any_engine: Engine) -> None:
    """While nobody works both wait; then each is answered in its own place, and `Less` still
    reaches both.
    """
    shop = ToyPremises(any_engine, NobodyWorks())
    with client_of(shop) as client:
        choose(client)
        page = client.post("/search/query-0130").text
        waits = re.findall(r'hx-get="(/answers/[^"]+)"[^>]*hx-target="#list-(\d)"', page)
        assert [place for _, place in waits] == ["0", "1"]
        address = waits[1][0].replace("&amp;", "&")
        assert "skeleton" in client.get(address).text
        with LocalWorkforce(any_engine) as workforce:
            with read_transaction(any_engine) as conn:
                ids = [one.id for one in backlog.pieces(conn)]
            workforce.ring(ids)
        found = client.get(address).text
        assert len(CARD.findall(found)) == 10
        assert "?beside=" in found
