"""The recommenders in `examples/`, on the real libraries and the toy shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import windowshop as ws
from tests.installation import ROOT, Installer

pytestmark = pytest.mark.service
EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}
CLASSES = {"looks": "Looks", "implicit_bm25": "Bm25", "sklearn_nearest": "Nearest"}
LONGEST = 60


@pytest.fixture(scope="module")
def shop(
    installed: Installer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ws.Installation]:
    """The toy shop."""
    made = installed(tmp_path_factory.mktemp("adapters") / "shop")
    shop = ws.open(home=made.home, database_url=made.database_url, workers=1)
    yield shop
    shop.context.engine.dispose()


@pytest.mark.parametrize("name", CLASSES)
def test_an_example_is_judged(shop: ws.Installation, name: str) -> None:
    """It plays its run without a bad answer, but for places that it leaves open on purpose."""
    result = shop.experiment(
        ["random", f"{EXAMPLES[name]}:{CLASSES[name]}"],
        catalogue="toy",
        items=120,
        queries=40,
        shoppers=150,
        days=4,
    )
    found = result.comparison.guests[CLASSES[name]]
    assert found.requests > 0
    assert set(found.kinds) <= {"too few"}


def test_every_example_is_short_and_tried() -> None:
    """One file each; a new one is tried here, too."""
    assert set(EXAMPLES) == set(CLASSES)
    longest = {name: len(Path(path).read_text().splitlines()) for name, path in EXAMPLES.items()}
    assert max(longest.values()) <= LONGEST, longest
