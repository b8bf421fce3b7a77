"""`ws.Client`: a program's way into a shop that is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

import windowshop as ws
from db.errors import DataError, DependencyError, NotFoundError, TakenError, UsageError
from tests.service.embedded_shop import like, open_shop

pytestmark = pytest.mark.service


@pytest.fixture
def client(sqlite: Engine, tmp_path: Path) -> Iterator[ws.Client]:
    """Who asks a shop that is open; beside it lies a picture."""
    with open_shop(sqlite, policy="visual") as (shop, http):
        (tmp_path / "tote.png").write_bytes(like(shop, "item-0005"))
        with ws.Client(str(http.base_url)) as found:
            yield found


def test_a_program_fills_the_shop_and_shops_in_it(client: ws.Client, tmp_path: Path) -> None:
    """Each call of the interface, by its method."""
    tote = tmp_path / "tote.png"
    added = client.add_item(tote, category="Bag", price=49.9, name="Canvas tote", item="tote-1")
    assert (added["item"], added["price"], added["available"]) == ("tote-1", 49.9, True)
    slate = client.search("item-0005", k=4)
    assert "tote-1" in [one["item"] for one in slate["items"]]
    assert len(client.search(tote, k=3, policy="random")["items"]) == 3
    assert client.recommendation(slate["search"])["state"] == "done"
    assert client.event("click", slate["search"], position=1, event_id="one")["accepted"] == 1
    assert client.event("click", slate["search"], position=1, event_id="one")["duplicates"] == 1
    assert client.change_item("tote-1", available=False)["available"] is False
    assert [one["item"] for one in client.items(available=False)["items"]] == ["tote-1"]
    assert client.neighbours("tote-1", k=2)["visual"][0]["item"] != "tote-1"
    assert client.remove_item("tote-1") is None
    assert [one["kind"] for one in client.runs()] == ["live", "live"]


def test_what_is_refused_is_raised_with_the_words_of_the_shop(
    client: ws.Client, tmp_path: Path
) -> None:
    """By kind, so that a program can tell them apart."""
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    with pytest.raises(NotFoundError, match="GET /api/v1/items lists"):
        client.item("nothing")
    with pytest.raises(DataError, match="wanted a picture"):
        client.add_item(bad, category="Bag", price=1)
    with pytest.raises(TakenError, match="choose another id"):
        client.add_item(tmp_path / "tote.png", category="Bag", price=1, item="item-0001")
    with pytest.raises(UsageError, match="no live run"):
        client.event("click", "000000000000-1f-0", position=1)
    with pytest.raises(UsageError, match="cannot be read"):
        client.search(tmp_path / "none.png")
    with pytest.raises(NotFoundError, match="no run"):
        client.metrics("nothing")


def test_a_shop_that_does_not_answer_is_said_so() -> None:
    """With what opens one."""
    with ws.Client("http://127.0.0.1:9") as client, pytest.raises(DependencyError, match="serve"):
        client.runs()
