"""Feeds become catalogues: joined to the pictures of a folder, and no product lost without a
word.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from db import items
from db.engine import read_transaction
from db.errors import DataError, UsageError, WindowshopError
from db.items import Item
from simulator.catalogues.add import add
from simulator.catalogues.feeds.joined import joined
from simulator.catalogues.feeds.product import Feed
from simulator.catalogues.feeds.shapes import read_feed
from simulator.catalogues.source import FOLDERS
from tests.factories import context_of
from tests.service.test_catalogue import draw
from tests.tiers import first_of
from tests.unit.simulator.catalogues.feeds import test_shapes as texts

pytestmark = pytest.mark.service

STYLES = "id,gender,masterCategory,subCategory,articleType,season,name\n"


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    """Kaggle's way: a CSV, and a folder of pictures that are named as their ids."""
    pictures = tmp_path / "images"
    pictures.mkdir()
    lines = []
    for n in range(20):
        draw(pictures / f"{10000 + n}.{'JPG' if n % 2 else 'jpg'}", n)
        lines.append(f"{10000 + n},Men,Apparel,Topwear,{('Shirts', 'Caps')[n % 2]},Fall,A name")
    draw(pictures / "99.jpg", 99)
    lines += ["10020,Men,Apparel,Topwear,Shirts,Fall,A name", "10001,Men,Apparel,X,Y,Fall,A, name"]
    (tmp_path / "styles.csv").write_text(STYLES + "\n".join(lines) + "\n")
    return tmp_path


def rows(engine: Engine, name: str) -> list[Item]:
    """What is stored."""
    with read_transaction(engine) as conn:
        return items.read(conn, name)


@pytest.mark.parametrize("is_place", [True, False])
def test_a_feed_finds_its_pictures(any_engine: Engine, styles: Path, is_place: bool) -> None:
    """Given as the place, or as --csv beside a folder: the same items, by id, without ending, in
    any case of letters; who has no picture is named.
    """
    context = context_of(any_engine)
    pictures, feed = styles / "images", styles / "styles.csv"
    if is_place:
        found = add(context, feed, pictures=pictures, name="kaggle")
    else:
        found = add(context, pictures, csv=feed, name="kaggle")
    stored = rows(any_engine, "kaggle")
    assert {one.item_id for one in stored} == {str(10000 + n) for n in range(20)}
    assert {one.category for one in stored} == {"Shirts", "Caps"}
    reasons = {one.line: one.reason for one in found.skipped if one.line}
    assert "there is no picture '10020'" in reasons[22]
    assert "8 fields, the first one 7" in reasons[23]
    assert len(reasons) == 2
    [unused] = [one for one in found.skipped if not one.line]
    assert unused == ("99.jpg", None, "no product of the feed has this picture")


def test_folders_may_be_categories(any_engine: Engine, tmp_path: Path) -> None:
    """On request; a picture in none gets the category of a cluster."""
    for n in range(12):
        folder = tmp_path / "tree" / ("Hats", "Bags")[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        draw(folder / f"{n}.png", n)
    draw(tmp_path / "tree" / "alone.png", 50)
    add(context_of(any_engine), tmp_path / "tree", shape=FOLDERS)
    of = {one.item_id: one.category for one in rows(any_engine, "tree")}
    assert of["Hats/0.png"] == "Hats"
    assert of["Bags/1.png"] == "Bags"
    assert of["alone.png"].startswith("cluster")


def test_pictures_elsewhere_are_found_by_the_end_of_their_address(
    any_engine: Engine, tmp_path: Path
) -> None:
    """When they lie beside the feed; else each is named."""
    draw(tmp_path / "S1.jpg", 1)
    (tmp_path / "feed.xml").write_text(texts.GOOGLE_XML)
    found = add(context_of(any_engine), tmp_path / "feed.xml")
    assert [one.item_id for one in rows(any_engine, "feed")] == ["S1"]
    assert any("'https://a.example/p/s2.jpg'" in one.reason for one in found.skipped)


def test_a_shape_without_a_feed_is_refused(any_engine: Engine, tmp_path: Path) -> None:
    """In a line that names the cure."""
    draw(tmp_path / "a.png", 1)
    with pytest.raises(UsageError, match="wants a feed; give its file, or --csv FILE"):
        add(context_of(any_engine), tmp_path, shape="shopify")


def _feeds() -> dict[str, bytes]:
    return {
        name: text.encode()
        for name, text in {
            "xml": texts.GOOGLE_XML,
            "tsv": texts.GOOGLE_TSV,
            "shopify": texts.SHOPIFY,
            "kaggle": texts.KAGGLE,
            "json": texts.JSON_LD,
            "page": texts.PAGE,
        }.items()
    }


@pytest.mark.parametrize("seed", first_of(range(20)))
def test_a_damaged_feed_ends_in_a_line_or_is_read(tmp_path: Path, seed: int) -> None:
    """Bytes changed, cut and doubled: each product goes in or is named, and nothing else is
    raised.
    """
    rng = np.random.default_rng(seed)
    path = tmp_path / "feed"
    for name, text in _feeds().items():
        for _ in range(40):
            broken = bytearray(text)
            for place in rng.integers(0, len(broken), rng.integers(1, 12)):
                broken[place] = rng.choice(list(b'"\n\t,<>{}[]\x00\xff&;9'))
            path.write_bytes(bytes(broken[: rng.integers(1, len(broken) + 1)]))
            feed = _read_or_refused(path)
            if feed is None:
                continue
            table = joined(feed, ["S1.jpg", "red.jpg", "10000.JPG", "j2.jpg"])
            known = len(table.lines) + len(table.skipped)
            assert known == len(feed.products) + len(feed.skipped), name


def _read_or_refused(path: Path) -> Feed | None:
    """The feed; None where it is refused, which is said in one line."""
    try:
        return read_feed(path)[0]
    except WindowshopError as error:
        if len(str(error).splitlines()) != 1:
            raise
        return None


def test_nothing_of_a_feed_can_be_used(any_engine: Engine, tmp_path: Path) -> None:
    """Nothing is stored then."""
    (tmp_path / "feed.xml").write_text(texts.GOOGLE_XML)
    with pytest.raises(DataError, match="none of its pictures can be used"):
        add(context_of(any_engine), tmp_path / "feed.xml")
    assert rows(any_engine, "feed") == []
