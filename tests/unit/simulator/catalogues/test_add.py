"""Own pictures: what the CSV means line by line, and what becomes of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from db import images, items
from db.engine import read_transaction
from db.errors import DataError, UsageError
from db.items import CATALOGUE_SPLIT, FROM_CLUSTERS, FROM_CSV, QUERY_SPLIT, Item
from db.views import COLOUR
from simulator.catalogues import csv_file as catalogue_csv
from simulator.catalogues import listing
from simulator.catalogues import stored as catalogues
from simulator.catalogues.add import Added, add
from simulator.catalogues.csv_file import CatalogueLine, Skipped
from simulator.playing.experiment import fitted
from simulator.playing.plan import Plan
from tests.factories import context_of

FILES = ("a.jpg", "b.png", "deep/c.webp", "käse.jpg")


def table(folder: Path, text: str | bytes) -> catalogue_csv.CatalogueTable:
    """A CSV as it is read beside FILES."""
    path = folder / "shop.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return catalogue_csv.read(path, FILES)


def reasons(found: catalogue_csv.CatalogueTable) -> dict[int | None, str]:
    """Why each bad line was left out."""
    return {one.line: one.reason for one in found.skipped}


def picture(number: int, size: int = 60) -> Image.Image:
    """A product of its own shape and shade on white."""
    shown = Image.new("RGB", (size, size), "white")
    left = 5 + number % 7
    top = 5 + number % 11
    shown.paste(
        (number % 200, 30, 90), (left, top, left + 12 + number % 31, top + 14 + number % 29)
    )
    shown.paste((0, 0, number % 90), (left + 3, top + 3, left + 6 + number % 5, top + 9))
    return shown


def folder_of(parent: Path, n: int, name: str = "shop", first: int = 0) -> Path:
    """A folder of n pictures."""
    folder = parent / name
    folder.mkdir(exist_ok=True)
    for number in range(first, first + n):
        picture(number).save(folder / f"p{number:03d}.png")
    return folder


def stored(engine: Engine, name: str = "shop") -> list[Item]:
    """What a catalogue holds."""
    with read_transaction(engine) as conn:
        return items.read(conn, name)


def test_every_column_is_read(tmp_path: Path) -> None:
    """Prices become cents, empty fields are None, quotes hold commas, order of columns is free."""
    found = table(
        tmp_path,
        'price,file,category,id\n19.99,a.jpg,"Hats,'
        ' flat",x\n,b.png,,\n7,deep\\c.webp,,\n.5,./käse.jpg,,k\n',
    )
    assert found.skipped == []
    assert found.lines == [
        CatalogueLine(2, "a.jpg", "x", "Hats, flat", 1999),
        CatalogueLine(3, "b.png"),
        CatalogueLine(4, "deep/c.webp", price=700),
        CatalogueLine(5, "käse.jpg", "k", price=50),
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_and_line_ends_do_not_matter(
    tmp_path: Path, mark: bytes, end: bytes
) -> None:
    """As Excel on any system saves it."""
    found = table(tmp_path, mark + end.join([b"file", b"a.jpg", b"", b"b.png", b""]))
    assert [line[:2] for line in found.lines] == [(2, "a.jpg"), (4, "b.png")]
    assert found.skipped == []


def test_a_decomposed_accent_is_the_same_file(tmp_path: Path) -> None:
    """MacOS writes names so."""
    assert table(tmp_path, "file\nka\u0308se.jpg\n").lines == [CatalogueLine(2, "käse.jpg")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gone.jpg,,,", "no picture 'gone.jpg'"),
        ("../a.jpg,,,", "no picture"),
        (",one,,", "names no file"),
        ("a.jpg,,,cheap", "'cheap' is no number like 19.99"),
        ("a.jpg,,,nan", "no number"),
        ("a.jpg,,,1e3", "no number"),
        ('a.jpg,,,"19,99"', "no number"),
        ("a.jpg,,,٣", "no number"),
        ("a.jpg,,,-3", "is negative"),
        ("a.jpg,,,0", "not between 0.01"),
        ("a.jpg,,,30000000", "not between 0.01"),
        ("a.jpg,,,19.99,more", "5 fields, the first one 4"),
        ('a.jpg,"one,,', "no line of a CSV"),
        (f"a.jpg,{'x' * 129},,", "the id must have at most 128"),
        ("a.jpg,,\x07,", "the category must"),
        ("a.jpg,first,,", "the id 'first' stands on line 2 already"),
    ],
)
def test_a_bad_line_is_left_out_and_said(tmp_path: Path, row: str, reason: str) -> None:
    """With its number and why; the lines around it are good, and its picture does not go in
    nameless.
    """
    found = table(tmp_path, f"file,id,category,price\nb.png,first,,\n{row}\ndeep/c.webp,last,,\n")
    assert [line.item_id for line in found.lines] == ["first", "last"]
    assert list(reasons(found)) == [3]
    assert reason in found.skipped[0].reason
    assert ("a.jpg" in found.mentioned) == row.startswith("a.jpg")


def test_another_encoding_spoils_its_line_only(tmp_path: Path) -> None:
    """Latin-1 in one field."""
    found = table(tmp_path, b"file,category\na.jpg,Gr\xfc\xdfe\nb.png,Bags\n")
    assert [line.category for line in found.lines] == ["Bags"]
    assert "not UTF-8" in reasons(found)[2]


def test_an_unknown_column_is_left_aside(tmp_path: Path) -> None:
    """And said, since its name may be a mistake."""
    found = table(tmp_path, "file,colour,price\na.jpg,red,3\n")
    assert found.lines == [CatalogueLine(2, "a.jpg", price=300)]
    assert "no column 'colour'" in reasons(found)[1]


@pytest.mark.parametrize(
    "text", ["", "id,price\n", "file;id\na.jpg;1\n", "file,id,id\n", b"\xff\xfef\0i\0"]
)
def test_without_a_header_nothing_is_guessed(tmp_path: Path, text: str | bytes) -> None:
    """One line says what a header looks like and what was found."""
    with pytest.raises(DataError, match="file,id,category,price"):
        table(tmp_path, text)


def test_no_csv_where_one_was_named(tmp_path: Path) -> None:
    """The name is an option's value."""
    with pytest.raises(UsageError, match="--csv"):
        catalogue_csv.read(tmp_path / "none.csv", FILES)


def test_a_skipped_line_reads_as_compilers_put_it() -> None:
    """File, line, reason; a picture has no line."""
    assert Skipped("shop.csv", 3, "why").text() == "shop.csv:3: why"
    assert Skipped("a.jpg", None, "why").text() == "a.jpg: why"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "cannot be called"),
        ("a b", "cannot be called"),
        ("../x", "cannot be called"),
        (".x", "cannot be called"),
        ("x" * 65, "cannot be called"),
        ("x\n", "cannot be called"),
        ("fashion-mnist", "comes with Windowshop"),
    ],
)
def test_a_name_is_safe(sqlite: Engine, tmp_path: Path, name: str, reason: str) -> None:
    """It stands in addresses, file names and commands."""
    with pytest.raises(UsageError, match=reason):
        add(context_of(sqlite), folder_of(tmp_path, 2), name=name)


def test_the_folder_gives_the_name(sqlite: Engine, tmp_path: Path) -> None:
    """Unless it is none; then --name helps."""
    assert add(context_of(sqlite), folder_of(tmp_path, 3)).catalogue == "shop"
    with pytest.raises(UsageError, match="--name"):
        add(context_of(sqlite), folder_of(tmp_path, 3, "my shop"))


def test_a_folder_that_is_none(sqlite: Engine, tmp_path: Path) -> None:
    """Nothing, or a file that is no feed."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="found nothing"):
        add(context_of(sqlite), tmp_path / "none")
    with pytest.raises(DataError, match="wanted a feed, found none that is known"):
        add(context_of(sqlite), tmp_path / "file")


def spoil(folder: Path) -> set[str]:
    """Pictures that are none beside the good ones; their names."""
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "half.png").write_bytes((folder / "p000.png").read_bytes()[:80])
    Image.new("RGB", (50, 50), "green").save(folder / "plain.webp")
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    return {"empty.png", "text.jpg", "half.png", "plain.webp", "gone.jpg"}


def test_broken_pictures_are_listed_and_the_rest_goes_in(sqlite: Engine, tmp_path: Path) -> None:
    """Each with a reason that does not repeat its path; so are other files and hidden ones."""
    folder = folder_of(tmp_path, 12)
    bad = spoil(folder)
    (folder / "notes.txt").touch()
    (folder / "._p000.png").touch()
    (folder / ".cache").mkdir()
    (folder / ".cache" / "small.png").touch()
    found = add(context_of(sqlite), folder)
    assert {one.file for one in found.skipped} == bad | {"notes.txt", "._p000.png", ".cache"}
    assert sum(found.to_json()["passed_over"].values()) == 8
    assert all(
        one.line is None and one.reason and str(tmp_path) not in one.reason for one in found.skipped
    )
    assert found.items + found.queries == found.new == 12
    assert "--backbone mobilenet --catalogue shop" in found.text()


@pytest.mark.parametrize("prepare", [spoil, lambda _: None])
def test_nothing_usable_is_an_error(
    sqlite: Engine, tmp_path: Path, prepare: Callable[[Path], object]
) -> None:
    """Of broken pictures or of none at all; nothing is stored."""
    folder = folder_of(tmp_path, 1)
    prepare(folder)
    (folder / "p000.png").unlink()
    with pytest.raises(DataError, match=r"none of its pictures|found none"):
        add(context_of(sqlite), folder)
    assert stored(sqlite) == []


def with_csv(engine: Engine, folder: Path, text: str) -> Added:
    """Add a folder with a CSV."""
    path = folder.parent / "shop.csv"
    path.write_text(text)
    return add(context_of(engine), folder, csv=path)


def test_the_csv_gives_id_category_and_price(sqlite: Engine, tmp_path: Path) -> None:
    """What it does not name goes in under its path, from clusters; what a bad line names stays
    out.
    """
    folder = folder_of(tmp_path, 6)
    text = "file,id,category,price\np000.png,zero,Bags,1.5\np001.png,,Hats,\np002.png,two,,cheap\n"
    found = with_csv(sqlite, folder, text)
    rows = {row.item_id: row for row in stored(sqlite)}
    assert set(rows) == {"zero", "p001.png", "p003.png", "p004.png", "p005.png"}
    assert rows["zero"][3:] == ("Bags", rows["zero"].split, FROM_CSV, 150)
    assert rows["p001.png"].price is None
    assert rows["p001.png"].category == "Hats"
    assert {rows[f"p00{n}.png"].source for n in (3, 4, 5)} == {FROM_CLUSTERS}
    assert [(one.line, one.file) for one in found.skipped] == [(4, str(tmp_path / "shop.csv"))]


def test_a_path_that_is_another_pictures_id_stays_out(sqlite: Engine, tmp_path: Path) -> None:
    """Two items must not bear one id."""
    found = with_csv(sqlite, folder_of(tmp_path, 3), "file,id\np000.png,p001.png\n")
    assert [one.file for one in found.skipped] == ["p001.png"]
    assert {row.item_id for row in stored(sqlite)} == {"p001.png", "p002.png"}


def test_too_many_categories(sqlite: Engine, tmp_path: Path) -> None:
    """The world weighs each against each; nothing is stored."""
    folder = folder_of(tmp_path, 1)
    rows = "".join(f"p000.png,{n},c{n},\n" for n in range(501))
    with pytest.raises(DataError, match="501 categories"):
        with_csv(sqlite, folder, "file,id,category,price\n" + rows)
    assert stored(sqlite) == []


def test_without_categories_there_are_clusters(sqlite: Engine, tmp_path: Path) -> None:
    """Named, marked, and a tenth of the pictures or so are query items, at least one and not
    all.
    """
    found = add(context_of(sqlite), folder_of(tmp_path, 120))
    rows = stored(sqlite)
    assert {row.category for row in rows} == {"cluster 1", "cluster 2"}
    assert {row.source for row in rows} == {FROM_CLUSTERS}
    assert [row.number for row in rows] == list(range(120))
    assert [row.item_id for row in rows] == sorted(row.item_id for row in rows)
    assert 1 <= found.queries <= 30
    assert found.queries == [row.split for row in rows].count(QUERY_SPLIT)


def test_one_picture_is_never_both_sold_and_searched_with(sqlite: Engine, tmp_path: Path) -> None:
    """Copies of it are on the same side, when they come later too."""
    folder = folder_of(tmp_path, 20)
    for n in range(20):
        (folder / f"copy{n:03d}.png").write_bytes((folder / f"p{n:03d}.png").read_bytes())
    add(context_of(sqlite), folder)
    for n in range(20):
        (folder / f"late{n:03d}.png").write_bytes((folder / f"p{n:03d}.png").read_bytes())
    add(context_of(sqlite), folder)
    sides: dict[str, set[str]] = {}
    for row in stored(sqlite):
        sides.setdefault(row.image, set()).add(row.split)
    assert all(len(side) == 1 for side in sides.values())
    assert len(stored(sqlite)) == 60


def test_pictures_are_stored_in_colour_and_seen_in_grey(sqlite: Engine, tmp_path: Path) -> None:
    """96 x 96 as they are, by the hash of their bytes; 28 x 28 light on dark for the judge."""
    add(context_of(sqlite), folder_of(tmp_path, 3))
    hashes = [row.image for row in stored(sqlite)]
    with read_transaction(sqlite) as conn:
        found = images.read(conn, hashes, COLOUR)
        grey = images.read(conn, hashes)
    assert found.shape == (3, 96, 96, 3)
    assert [images.digest(one) for one in found] == hashes
    assert grey.shape == (3, 28, 28)
    assert np.median(grey[:, 0, 0]) == 0


def test_prices_reach_the_world_and_the_run() -> None:
    """-1 where it draws one; a run knows a price that was given, and no other run changes its
    id.
    """
    rows = [Item(n, f"i{n}", "00" * 32, "Bag", CATALOGUE_SPLIT, "toy") for n in range(3)]
    priced = [rows[0]._replace(price=5), *rows[1:]]
    assert catalogues.prices(rows) is None
    np.testing.assert_array_equal(catalogues.prices(priced), [5, -1, -1])
    assert (
        catalogues.digest(rows)
        == "a6419eaaf0987ce986aa6ece0185d41154b3ebffb951408740e526dadaa5977c"
    )
    assert catalogues.digest(priced) != catalogues.digest(rows)


def test_a_listing_gives_prices_as_the_csv_does() -> None:
    """And null where the world draws one."""
    row = Item(0, "i", "00", "Bag", CATALOGUE_SPLIT, FROM_CSV, 1999)
    expected = {
        "item": "i",
        "category": "Bag",
        "price": 19.99,
        "source": FROM_CSV,
        "split": CATALOGUE_SPLIT,
    }
    assert listing.to_json([row, row._replace(price=None)]) == [
        expected,
        {**expected, "price": None},
    ]
    assert listing.by_category([row, row._replace(price=None, split=QUERY_SPLIT)]) == [
        {
            "category": "Bag",
            "items": 1,
            "queries": 1,
            "prices": "19.99 to 19.99",
            "source": FROM_CSV,
        }
    ]


def test_the_demos_sizes_fit_the_catalogue(sqlite: Engine, tmp_path: Path) -> None:
    """No more than there is, and an error where that is too little for any run."""
    context = context_of(sqlite)
    found = add(context, folder_of(tmp_path, 40))
    plan = fitted(context, Plan(catalogue="shop"))
    assert (plan.items, plan.queries) == (found.items, found.queries)
    assert fitted(context, Plan(catalogue="shop"), ["items"]).queries == Plan.queries
    assert fitted(context, Plan(catalogue="shop"), []) == Plan(catalogue="shop")
    small = Plan(catalogue="shop", items=10, queries=1)
    assert fitted(context, small) == small
    add(context, folder_of(tmp_path, 5, "few"))
    with pytest.raises(UsageError, match="windowshop catalogue add"):
        fitted(context, Plan(catalogue="few"))


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ("sys.modules['pillow_heif'] = None", "found a HEIC photo; `pip install"),
        ("", "found a damaged HEIC photo"),
    ],
    ids=["without the extra", "with it"],
)
def test_a_heic_photo_is_named_as_one(
    sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str, said: str
) -> None:
    """By its content, whatever its ending; it is counted and left out."""
    script = f"import sys; {hidden}\nfrom simulator.catalogues.decoder_process import main; main()"
    monkeypatch.setattr("simulator.catalogues.decoder.COMMAND", ("-c", script))
    folder = folder_of(tmp_path, 3)
    head = b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00mif1heic"
    for name in ("IMG_1.HEIC", "IMG_2.jpg"):
        (folder / name).write_bytes(head + bytes(600))
    found = add(context_of(sqlite), folder)
    assert [one.file for one in found.skipped] == ["IMG_1.HEIC", "IMG_2.jpg"]
    assert all(said in one.reason for one in found.skipped)
