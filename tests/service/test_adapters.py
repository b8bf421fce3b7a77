"""The recommenders in `examples/`, on the real libraries and the toy shop."""

from __future__ import annotations

import importlib.util
import runpy
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import uvicorn
from fastapi import FastAPI

import windowshop as ws
from tests.guest_classes import Clicks
from tests.installation import ROOT, Installer
from tests.stand_ins import gorse, metarank

pytestmark = pytest.mark.service
EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}
QUICK = {"looks": "Looks", "implicit_bm25": "Bm25", "sklearn_nearest": "Nearest"}
SLOW = {"cornac_ease": "Ease", "lenskit_knn": "ItemKnn"}
"""Their libraries take seconds to be imported."""
ELSEWHERE = {"lenskit_knn": "lenskit"}
"""What our requirements do not hold: LensKit wants Python 3.12.5, and PyTorch."""
SERVERS = {"fastapi_server"}
RECIPES = {"gorse_rest": ("Gorse", gorse), "metarank_rest": ("Metarank", metarank)}
"""Untried: their servers are no Python. What they document of their interfaces stands in."""
LONGEST = 60
TOY = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 150, "days": 4, "seeds": 1}


@pytest.fixture(scope="module")
def shop(
    installed: Installer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ws.Installation]:
    """The toy shop."""
    made = installed(tmp_path_factory.mktemp("adapters") / "shop")
    shop = ws.open(home=made.home, database_url=made.database_url, workers=1)
    yield shop
    shop.context.engine.dispose()


@pytest.mark.parametrize("name", QUICK)
def test_an_example_is_judged(shop: ws.Installation, name: str) -> None:
    """It plays its run without a bad answer, but for places that it leaves open on purpose."""
    judge(shop, name, QUICK[name])


@pytest.mark.thorough
@pytest.mark.parametrize("name", SLOW)
def test_an_example_with_a_large_library_is_judged(shop: ws.Installation, name: str) -> None:
    """The same."""
    if (library := ELSEWHERE.get(name)) and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not of our requirements: pip install {library}")
    judge(shop, name, SLOW[name])


def judge(shop: ws.Installation, name: str, kind: str) -> None:
    """Beside `random`, in the toy shop: it learns, and knows enough to answer."""
    result = shop.experiment(["random", f"{EXAMPLES[name]}:{kind}"], **TOY)
    found = result.comparison.guests[kind]
    assert found.requests > 0
    assert set(found.kinds) <= {"too few"}
    assert found.bad < found.requests


def test_the_server_shows_what_a_class_of_the_same_mind_shows(shop: ws.Installation) -> None:
    """What was clicked most, day by day: event for event."""
    app = runpy.run_path(str(EXAMPLES["fastapi_server"]))["app"]
    with answering(app) as address:
        result = shop.experiment([Clicks, f"clicked={address}"], **TOY)
    assert not result.comparison.guests["clicked"].kinds
    twins = [result.events(name) for name in ("Clicks", "clicked")]
    same = ["session", "kind", "step", "item", "position", "at"]
    pd.testing.assert_frame_equal(twins[0][same], twins[1][same])


def test_a_server_that_has_learned_a_run_begins_anew_when_it_is_played_again(
    shop: ws.Installation,
) -> None:
    """Else its first day would know its last."""
    app = runpy.run_path(str(EXAMPLES["fastapi_server"]))["app"]
    with answering(app) as address:
        policy = [f"clicked={address}"]
        first = shop.experiment(policy, **TOY).events("clicked")
        again = shop.experiment(policy, **TOY).events("clicked")
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.thorough
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_speaks_as_its_server_documents(shop: ws.Installation, name: str) -> None:
    """To a stand-in, which refuses whatever it does not document."""
    kind, server = RECIPES[name]
    with answering(server()) as address:
        result = shop.experiment([f"{EXAMPLES[name]}:{kind}?address={address}"], **TOY)
    found = result.comparison.guests[kind]
    assert set(found.kinds) == {"too few"}, "open until the first night"
    assert found.bad < found.requests


@contextmanager
def answering(app: FastAPI) -> Iterator[str]:
    """The address of a server in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def test_every_example_is_short_and_tried() -> None:
    """One file each; a new one is tried here, too."""
    assert set(EXAMPLES) == {*QUICK, *SLOW, *SERVERS, *RECIPES}
    longest = {name: len(Path(path).read_text().splitlines()) for name, path in EXAMPLES.items()}
    assert max(longest.values()) <= LONGEST, longest
