"""Own catalogues on both databases: adding again, all or nothing, runs on them, and the
commands.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, func, select, text

from db import embeddings, items, models, runs, schema
from db import images as stored_images
from db.engine import read_transaction, write_transaction
from db.errors import DataError, NotFoundError, UsageError
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from db.tables import image
from simulator.catalogues.add import Added, add
from simulator.catalogues.remove import remove
from simulator.operations.verify import verify
from simulator.playing.plan import Plan, resolve
from simulator.playing.report import load
from simulator.playing.simulate import simulate
from tests import factories
from tests.factories import EMBEDDER, context_of
from tests.installation import Installation, Installer
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


def draw(path: Path, number: int) -> None:
    """A product on white, different for each number."""
    shown = Image.new("RGB", (60, 60), "white")
    left = 5 + number % 7
    top = 5 + number % 11
    shown.paste(
        (number % 200, 30, 90), (left, top, left + 12 + number % 31, top + 14 + number % 29)
    )
    shown.paste((0, 0, number % 90), (left + 3, top + 3, left + 6 + number % 5, top + 9))
    shown.save(path)


def shop(parent: Path, numbers: range) -> Path:
    """A folder of pictures, and its CSV beside it: two categories, a price for every other
    picture.
    """
    folder = parent / "shop"
    folder.mkdir(exist_ok=True)
    lines = ["file,id,category,price"]
    for n in numbers:
        draw(folder / f"p{n:03d}.png", n)
        lines.append(
            f"p{n:03d}.png,sku-{n},{('Hats', 'Bags')[n % 2]},{n + 0.25 if n % 4 < 2 else ''}"
        )
    (parent / "shop.csv").write_text("\n".join(lines))
    return folder


def added(engine: Engine, folder: Path) -> Added:
    """The folder in the catalogue, by its CSV."""
    return add(context_of(engine), folder, csv=folder.parent / "shop.csv")


def rows(engine: Engine, name: str = "shop") -> list[Item]:
    """What a catalogue holds."""
    with read_transaction(engine) as conn:
        return items.read(conn, name)


def test_added_again_nothing_changes(engine: Engine, tmp_path: Path) -> None:
    """The same folder gives the same catalogue, and says that it knew all of it."""
    first = added(engine, shop(tmp_path, range(30)))
    before = rows(engine)
    again = added(engine, tmp_path / "shop")
    assert rows(engine) == before
    assert (again.items, again.queries, again.new, again.known) == (
        first.items,
        first.queries,
        0,
        30,
    )
    assert again.skipped == []


def test_more_pictures_get_the_next_numbers(engine: Engine, tmp_path: Path) -> None:
    """Those that were there keep number, split, category and price, even when the CSV says
    otherwise now.
    """
    added(engine, shop(tmp_path, range(30)))
    before = rows(engine)
    folder = shop(tmp_path, range(50))
    path = tmp_path / "shop.csv"
    path.write_text(path.read_text().replace("sku-0,Hats,0.25", "sku-0,Bags,9"))
    found = added(engine, folder)
    assert (found.new, found.known, found.changed) == (20, 30, 1)
    assert "stay as they were" in found.text()
    after = rows(engine)
    assert after[:30] == before
    assert [row.number for row in after] == list(range(50))
    assert after[30].item_id == "sku-30"


def test_an_id_that_shows_another_picture_now_is_told(engine: Engine, tmp_path: Path) -> None:
    """With the CSV's line; what was stored stays."""
    folder = shop(tmp_path, range(30))
    added(engine, folder)
    before = rows(engine)
    draw(folder / "p007.png", 999)
    found = added(engine, folder)
    assert rows(engine) == before
    assert [(one.file, one.line) for one in found.skipped] == [(str(tmp_path / "shop.csv"), 9)]
    assert "another picture under the id 'sku-7'" in found.skipped[0].reason


def test_new_pictures_join_the_clusters_that_are_there(engine: Engine, tmp_path: Path) -> None:
    """No cluster is made anew: what a name means stays."""
    folder = shop(tmp_path, range(40))
    add(context_of(engine), folder)
    before = rows(engine)
    for n in range(40):  # the same pictures under other names
        draw(folder / f"twin{n:03d}.png", n)
    add(context_of(engine), folder)
    after = rows(engine)
    assert after[:40] == before
    assert [row.category for row in after[40:]] == [row.category for row in before]


def test_all_or_nothing(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure after the pictures are in takes them out again."""

    def fails(*_: object) -> None:
        raise DataError

    monkeypatch.setattr(items, "add", fails)
    with pytest.raises(DataError):
        added(engine, shop(tmp_path, range(5)))
    with read_transaction(engine) as conn:
        assert conn.execute(select(func.count()).select_from(image)).scalar_one() == 0


def test_two_that_add_at_once_do_not_share_a_number(engine: Engine, tmp_path: Path) -> None:
    """One waits for the other; all pictures are in."""
    folders = []
    for half, numbers in (("one", range(25)), ("two", range(25, 50))):
        (tmp_path / half).mkdir()
        folders.append(shop(tmp_path / half, numbers))
    threads = [threading.Thread(target=added, args=(engine, folder)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row.item_id for row in rows(engine)} == {f"sku-{n}" for n in range(50)}
    assert [row.number for row in rows(engine)] == list(range(50))


def test_items_from_before_prices_have_none(engine: Engine, tmp_path: Path) -> None:
    """The way from the first schema and back leaves the items."""
    added(engine, shop(tmp_path, range(12)))
    before = rows(engine)
    with write_transaction(engine) as conn:
        schema.migrate(conn, "0001")
    with read_transaction(engine) as conn:
        assert conn.execute(text("SELECT count(*) FROM item")).scalar_one() == 12
    assert schema.ensure(engine)
    assert rows(engine) == [row._replace(price=None) for row in before]


def test_a_run_on_it_sells_at_its_prices(engine: Engine, tmp_path: Path) -> None:
    """Names of categories, given prices and drawn ones reach the report's arrays; queries are never
    shown.
    """
    found = added(engine, shop(tmp_path, range(80)))
    stored = rows(engine)
    hashes = sorted({row.image for row in stored})
    vectors = np.random.default_rng(3).normal(size=(len(hashes), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with write_transaction(engine) as conn:
        models.add(conn, EMBEDDER.model, b"{}", b"")
        embeddings.add(conn, EMBEDDER, hashes, vectors.astype(np.float32))
    plan = Plan(days=2, shoppers=80, items=found.items, queries=found.queries, catalogue="shop")
    resolved = resolve(plan, stored, model=EMBEDDER.model, runtime=EMBEDDER.runtime)
    context = context_of(engine)
    played = simulate(context, resolved, LocalWorkforce(engine))
    data = load(context, played.run.id)
    assert data.class_names == ["Bags", "Hats"]
    by_id = {row.item_id: row for row in stored}
    for item_id, category, price in zip(data.item_ids, data.categories, data.prices, strict=True):
        row = by_id[item_id]
        assert data.class_names[category] == row.category
        assert price == row.price if row.price is not None else price > 0
    shown = {data.item_ids[item] for slate in data.events.shown for item in slate if item >= 0}
    assert shown
    assert {by_id[item_id].split for item_id in shown} == {CATALOGUE_SPLIT}
    assert all(check.ok for check in verify(context, played.run.id))
    with read_transaction(engine) as conn:
        assert runs.read(conn, played.run.id).config["categories"] == ["Bags", "Hats"]
        assert len(stored_images.of_run(conn, played.run.number)) == 80


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation with the toy catalogue, and a folder of pictures beside it, one of them
    broken.
    """
    made = installed(tmp_path_factory.mktemp("catalogue"))
    folder = shop(made.folder, range(40))
    (folder / "broken.jpg").write_text("no picture")
    return made


def test_the_commands_answer_as_promised(installation: Installation) -> None:
    """Add and list, in JSON."""
    done = installation.call("catalogue", "add", "shop", "--csv", "shop.csv", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["catalogue", "items", "queries", "skipped", "passed_over"]
    assert found["items"] + found["queries"] == 40
    assert [(one["file"], one["line"]) for one in found["skipped"]] == [("broken.jpg", None)]
    listed = json.loads(installation.call("catalogue", "list", "shop", "--json").stdout)
    assert [list(one) for one in listed] == [["item", "category", "price", "source", "split"]] * 40
    by_id = {one["item"]: one for one in listed}
    assert by_id["sku-5"]["price"] == 5.25
    assert by_id["sku-6"]["price"] is None
    assert [one["split"] for one in listed].count(QUERY_SPLIT) == found["queries"]
    shown = json.loads(installation.call("catalogue", "show", "shop", "--json").stdout)
    assert shown["items"] == found["items"]
    assert shown["formats"] == {"png": 40}
    assert [sum(one["reasons"].values()) for one in shown["intakes"]] == [1]
    every = json.loads(installation.call("catalogue", "list", "--json").stdout)
    assert [one["catalogue"] for one in every] == ["shop", "toy"]
    assert every[0]["items"] == found["items"]


def test_the_commands_talk_to_people(installation: Installation) -> None:
    """What was left out and why, what the embedder is, and tables."""
    done = installation.call("catalogue", "add", "shop", "--name", "bare")
    assert done.returncode == 0, done.stderr
    assert "broken.jpg: wanted a picture (jpg, png, webp" in done.stdout
    assert "--backbone mobilenet --catalogue bare" in done.stdout
    assert "cluster 1" in installation.call("catalogue", "list", "bare").stdout
    shown = installation.call("catalogue", "show", "bare").stdout
    assert "formats   40 png\n" in shown
    assert "intake 1  shop: 40 new, 0 known before, 1 left out\n  1  wanted a picture" in shown
    assert "toy" in installation.call("catalogue", "list").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "nowhere"), 2, "wanted a folder"),
        (("add", "shop", "--name", "a/b"), 2, "--name"),
        (("add", "shop", "--csv", "none.csv"), 2, "--csv"),
        (("add", "shop", "--csv", "shop/p000.png"), 1, "file,id,category,price"),
        (("add", "home"), 1, "found none"),
        (("list", "nothing"), 2, "windowshop catalogue add"),
        (("show", "nothing"), 2, "windowshop catalogue add"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    installation: Installation, words: tuple[str, ...], code: int, said: str
) -> None:
    """With its exit code, and nothing on standard output."""
    done = installation.call("catalogue", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.splitlines()[-1].startswith("windowshop: ")
    assert said in done.stderr.splitlines()[-1]


def test_a_catalogue_goes_with_the_pictures_that_only_it_has(
    engine: Engine, tmp_path: Path
) -> None:
    """What another one shows stays; the ids are free again."""
    context = context_of(engine)
    folder = shop(tmp_path, range(24))
    other = tmp_path / "other"
    other.mkdir()
    for n in range(12):
        draw(other / f"p{n:03d}.png", n)
    added(engine, folder)
    add(context, other)
    found = remove(context, "shop")
    assert (found.items, found.pictures) == (24, 12)
    assert rows(engine) == []
    with read_transaction(engine) as conn:
        assert len(stored_images.read(conn, [row.image for row in rows(engine, "other")])) == 12
    assert added(engine, folder).new == 24


def test_a_catalogue_that_runs_need_stays(engine: Engine) -> None:
    """So does Fashion-MNIST; in one line each."""
    with LocalWorkforce(engine) as workforce:
        run_id = factories.play(engine, workforce, policy="random").run.id
    with pytest.raises(UsageError, match=f"stays: runs were played with it .{run_id}"):
        remove(context_of(engine), factories.CATALOGUE)
    with pytest.raises(UsageError, match="comes with Windowshop"):
        remove(context_of(engine), "fashion-mnist")
    with pytest.raises(NotFoundError, match="no catalogue 'nothing'"):
        remove(context_of(engine), "nothing")
