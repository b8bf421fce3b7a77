"""A catalogue changes, and what was played with it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from db import embeddings, items, models, runs
from db import images as stored_images
from db.engine import read_transaction, write_transaction
from db.errors import DataError, NotFoundError, UsageError
from db.items import Item
from simulator.catalogues.add import add
from simulator.catalogues.remove import remove
from simulator.catalogues.show import show
from simulator.catalogues.source import CatalogueSource
from simulator.catalogues.update import Updated, update
from simulator.operations.verify import verify
from simulator.playing.plan import Plan, resolve
from simulator.playing.report import load
from simulator.playing.simulate import simulate
from tests.factories import EMBEDDER, context_of
from tests.service.test_catalogue import draw, rows
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

HEAD = "id\timage_link\tprice\tproduct_type\tavailability\n"


def feed_of(folder: Path, numbers: range, **changed: str) -> Path:
    """Google's table with a picture for each product; changed: price and availability by id."""
    folder.mkdir(exist_ok=True)
    lines = []
    for n in numbers:
        if not (folder / f"p{n}.png").exists():
            draw(folder / f"p{n}.png", n)
        tail = changed.get(f"sku{n}", f"{n + 1}.50 EUR\tHats\tin stock")
        lines.append(f"sku{n}\tp{n}.png\t{tail}\n")
    path = folder / "feed.tsv"
    path.write_text(HEAD + "".join(lines))
    return path


def updated(engine: Engine, feed: Path) -> Updated:
    """The catalogue `feed` as the feed says now."""
    return update(context_of(engine), "feed", CatalogueSource(feed))


def by_id(engine: Engine, name: str = "feed") -> dict[str, Item]:
    """What a catalogue holds."""
    return {row.item_id: row for row in rows(engine, name)}


def test_only_what_changed_changes(any_engine: Engine, tmp_path: Path) -> None:
    """A price, a picture, one out of stock, one new; an empty price and what is not named stay."""
    add(context_of(any_engine), feed_of(tmp_path / "shop", range(12)))
    before = by_id(any_engine)
    draw(tmp_path / "shop" / "p2.png", 500)
    feed = feed_of(
        tmp_path / "shop",
        range(1, 13),
        sku1="99.00 EUR\tHats\tin_stock",
        sku3="4.50 EUR\tHats\tout of stock",
        sku4="\t\tin stock",
    )
    found = updated(any_engine, feed)
    assert (found.new, found.changed, found.gone, found.unchanged) == (1, 2, 1, 9)
    assert found.version is None
    assert "it is out of stock" in found.text()
    after = by_id(any_engine)
    assert after.keys() == before.keys() - {"sku3"} | {"sku12"}
    assert after["sku1"].price == 9900
    assert after["sku2"].image != before["sku2"].image
    same = after.keys() & before.keys() - {"sku1", "sku2"}
    assert {one: after[one] for one in same} == {one: before[one] for one in same}
    with read_transaction(any_engine) as conn:
        assert len(stored_images.read(conn, [after["sku2"].image])) == 1
        with pytest.raises(KeyError):  # nobody shows it any more
            stored_images.read(conn, [before["sku2"].image])
    again = updated(any_engine, feed)
    assert (again.new, again.changed, again.gone, again.unchanged) == (0, 0, 0, 12)
    assert by_id(any_engine) == after
    [_, told, _] = show(context_of(any_engine), "feed").intakes
    assert (told["changed"], told["gone"]) == (2, 1)


def test_a_run_keeps_what_it_played(any_engine: Engine, tmp_path: Path) -> None:
    """Its items, prices and pictures are the same bytes after two updates, `verify` holds, and the
    new catalogue lacks the embeddings of new pictures only.
    """
    context = context_of(any_engine)
    added = add(context, feed_of(tmp_path / "shop", range(60)))
    stored = rows(any_engine, "feed")
    hashes = sorted({row.image for row in stored})
    vectors = np.random.default_rng(3).normal(size=(len(hashes), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with write_transaction(any_engine) as conn:
        models.add(conn, EMBEDDER.model, b"{}", b"")
        embeddings.add(conn, EMBEDDER, hashes, vectors.astype(np.float32))
    plan = Plan(days=1, shoppers=40, items=added.items, queries=added.queries, catalogue="feed")
    resolved = resolve(plan, stored, model=EMBEDDER.model, runtime=EMBEDDER.runtime)
    run = simulate(context, resolved, LocalWorkforce(any_engine)).run
    with read_transaction(any_engine) as conn:
        before = (items.of_run(conn, run.number), stored_images.of_run(conn, run.number).tobytes())
    prices = load(context, run.id).prices.tobytes()
    checked = verify(context, run.id)

    draw(tmp_path / "shop" / "p7.png", 700)
    changed = {f"sku{n}": "77.00 EUR\tHats\tin stock" for n in range(5)}
    found = updated(any_engine, feed_of(tmp_path / "shop", range(60), **changed))
    assert (found.changed, found.version) == (6, "feed@1")
    gone = {"sku9": "1.00 EUR\tHats\tout_of_stock"}
    assert updated(any_engine, feed_of(tmp_path / "shop", range(60), **gone)).version is None

    with read_transaction(any_engine) as conn:
        after = (items.of_run(conn, run.number), stored_images.of_run(conn, run.number).tobytes())
        assert after == before
        assert runs.read(conn, run.id).config == run.config
        now = [row.image for row in items.read(conn, "feed")]
        assert len(embeddings.lacking(conn, EMBEDDER, now)) == 1
    assert load(context, run.id).prices.tobytes() == prices
    assert verify(context, run.id) == checked
    assert all(one.ok for one in checked)
    assert rows(any_engine, "feed@1") == stored
    with pytest.raises(UsageError, match="stays"):
        remove(context, "feed@1")
    with pytest.raises(UsageError, match="what runs were played with and stays"):
        update(context, "feed@1", CatalogueSource(tmp_path / "shop" / "feed.tsv"))


def test_what_cannot_be_updated_is_said(any_engine: Engine, tmp_path: Path) -> None:
    """No such catalogue, the one that comes with us, nothing usable, nothing left."""
    context = context_of(any_engine)
    feed = feed_of(tmp_path / "shop", range(3))
    with pytest.raises(NotFoundError, match="no catalogue 'feed'"):
        updated(any_engine, feed)
    add(context, feed)
    before = rows(any_engine, "feed")
    with pytest.raises(UsageError, match="comes with Windowshop"):
        update(context, "fashion-mnist", CatalogueSource(feed))
    all_gone = {f"sku{n}": "1.00 EUR\tHats\tdiscontinued" for n in range(3)}
    with pytest.raises(DataError, match="nothing of feed is left to sell"):
        updated(any_engine, feed_of(tmp_path / "shop", range(3), **all_gone))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="nothing in it can be used"):
        update(context, "feed", CatalogueSource(tmp_path / "empty"))
    with pytest.raises(UsageError, match="found neither"):
        update(context, "feed", CatalogueSource(tmp_path / "nowhere"))
    assert rows(any_engine, "feed") == before
