"""One recommendation by the real queue and workers, from the command line's action."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import windowshop as ws
from db import work
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError
from simulator.operations.verify import verify
from simulator.shop.recommend import fetch, recommend
from tests import factories
from tests.installation import Installer

pytestmark = pytest.mark.service
TOY = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 60, "days": 3, "seeds": 1}


@pytest.fixture(scope="module")
def shop(
    installed: Installer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ws.Installation]:
    """The toy shop with a finished run of blend."""
    folder = tmp_path_factory.mktemp("recommend")
    made = installed(folder / "shop")
    shop = ws.open(home=made.home, database_url=made.database_url, runs=folder / "runs", workers=1)
    shop.experiment(["blend"], stored=True, **TOY)
    yield shop
    shop.context.engine.dispose()


@pytest.fixture(scope="module")
def item(shop: ws.Installation) -> str:
    """Something that is sold."""
    with read_transaction(shop.context.engine) as conn:
        return factories.items.read(conn, "toy")[3].item_id


def test_an_item_in_ten_others_out(shop: ws.Installation, item: str) -> None:
    """Done within the wait, the best first, each with its reason; never the item itself."""
    found = recommend(shop.context, item, run="latest", k=5)
    said = found.to_json()
    assert (said["state"], said["query"]) == ("done", item)
    assert len(said["items"]) == 5
    assert item not in {one["item"] for one in said["items"]}
    assert set(said["items"][0]) == {"item", "score", "category", "price", "reason", "parts"}


def test_the_run_it_asks_stays_as_it_was(shop: ws.Installation, item: str) -> None:
    """What is asked belongs to a live run of its own; the finished one verifies."""
    with read_transaction(shop.context.engine) as conn:
        before = factories.runs.every(conn)[0]
    recommend(shop.context, item, run=before.id)
    checks = verify(shop.context, before.id)
    assert all(one.ok for one in checks)
    assert {one.detail.split()[0] for one in checks if one.name == "sessions"} != {"0"}


@pytest.mark.thorough
def test_a_job_is_fetched_later(shop: ws.Installation, item: str) -> None:
    """With no wait only its id comes back; it is stored, and ranked whenever workers are there."""
    first = recommend(shop.context, item, run="latest", wait=0.0)
    assert first.state in {"waiting", "done"}
    found = fetch(shop.context, first.job, wait=20.0, k=3)
    assert (found.state, len(found.items), found.job) == ("done", 3, first.job)
    with read_transaction(shop.context.engine) as conn:
        assert work.by_state(conn) == {}


@pytest.mark.thorough
def test_a_shopper_has_her_history(shop: ws.Installation, item: str) -> None:
    """One of the run's; nobody else."""
    assert recommend(shop.context, item, run="latest", shopper=7).state == "done"
    with pytest.raises(UsageError, match="knows 0 to 59"):
        recommend(shop.context, item, run="latest", shopper=60)


def test_what_is_not_there_is_said(shop: ws.Installation, item: str) -> None:
    """An item, a run, a job."""
    with pytest.raises(NotFoundError, match="neither an item of this shop nor a picture"):
        recommend(shop.context, "gone", run="latest")
    with pytest.raises(NotFoundError, match="nothing"):
        recommend(shop.context, item, run="nothing")
    with pytest.raises(NotFoundError, match="windowshop recommend"):
        fetch(shop.context, "abc")
