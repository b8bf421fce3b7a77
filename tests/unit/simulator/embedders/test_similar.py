"""Pictures from outside: read safely, turned into what the network knows, and answered in order."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from db import embeddings, images, views
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.errors import DataError, UsageError
from db.items import Item
from recommender.search.neighbourhood import Neighbourhoods
from recommender.search.similarity import round_embeddings
from simulator.catalogues import pictures
from simulator.catalogues.stored import FASHION_MNIST
from simulator.embedders import similar as action
from tests.factories import CATALOGUE, EMBEDDER, N_ITEMS, N_QUERIES, context_of, stock
from tests.mixed_pictures import bomb

RED_ON_WHITE = Image.new("RGB", (120, 90), "white")
RED_ON_WHITE.paste((180, 20, 20), (50, 20, 70, 70))


def saved(folder: Path, picture: Image.Image, name: str, **options: object) -> Path:
    """A picture as a file."""
    path = folder / name
    picture.save(path, **options)
    return path


def grey(path: Path) -> np.ndarray:
    """A picture file as the judge and our own networks see it."""
    return views.seen(pictures.read(path).canonical, views.GREY)


def upright(found: np.ndarray) -> bool:
    """The test picture as it should come out: 20 x 50 of light on dark, as high as the canvas,
    centred.
    """
    columns = np.flatnonzero((found > 60).any(0))
    rows = np.flatnonzero((found > 60).any(1))
    return rows[0] == 0 and rows[-1] == 27 and columns[0] in {8, 9} and columns[-1] in {17, 18, 19}


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_the_three_formats_come_out_alike(tmp_path: Path, name: str) -> None:
    """Dark on light becomes light on dark, cut out, its aspect kept, centred and padded."""
    found = grey(saved(tmp_path, RED_ON_WHITE, name))
    assert found.shape == (28, 28)
    assert found.dtype == np.uint8
    assert upright(found)
    assert found[:, 0].max() <= 8


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "PA"])
def test_every_mode_is_understood(tmp_path: Path, mode: str) -> None:
    """Grey, palette, bilevel, alpha, print colours and 16 bits show the same product."""
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(RED_ON_WHITE.convert("L")).astype(np.uint16) * 257)
    elif mode == "PA":
        picture = RED_ON_WHITE.convert("P")
    else:
        picture = RED_ON_WHITE.convert(mode)
    name = "a.jpg" if mode in {"CMYK", "YCbCr"} else "a.png"
    options = {"transparency": 0} if mode == "PA" else {}
    if mode == "PA":  # palette with a transparent entry: make it that of the background
        picture = RED_ON_WHITE.quantize(4)
        options = {"transparency": picture.getpixel((0, 0))}
    assert upright(grey(saved(tmp_path, picture, name, **options)))


def test_16_bits_keep_their_shades(tmp_path: Path) -> None:
    """A dim product of 16 bits is not cut off at 255."""
    levels = np.full((90, 120), 60000, np.uint16)
    levels[20:70, 50:70] = 30000
    shown = pictures.decode(saved(tmp_path, Image.fromarray(levels), "deep.png"))
    assert shown.getpixel((60, 40)) == (117, 117, 117)
    assert shown.getpixel((0, 0)) == (233, 233, 233)


def test_transparency_is_white(tmp_path: Path) -> None:
    """What can be seen through is background, whatever colour hides below it."""
    picture = Image.new("RGBA", (120, 90), (0, 0, 0, 0))
    picture.paste((180, 20, 20, 255), (50, 20, 70, 70))
    photo = pictures.read(saved(tmp_path, picture, "clear.png"))
    assert photo.shown.getpixel((0, 0)) == (255, 255, 255)
    assert upright(views.seen(photo.canonical, views.GREY))


def test_a_turned_photo_stands_upright(tmp_path: Path) -> None:
    """A phone held sideways writes the turn into EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = RED_ON_WHITE.transpose(Image.Transpose.ROTATE_90)
    assert upright(grey(saved(tmp_path, lying, "turned.jpg", exif=exif)))
    assert not upright(grey(saved(tmp_path, lying, "lying.jpg")))


def test_a_light_product_on_dark_is_not_inverted(tmp_path: Path) -> None:
    """The same shape either way round gives the same picture."""
    light = Image.new("L", (120, 90), 0)
    light.paste(255, (50, 20, 70, 70))
    dark = Image.fromarray(255 - np.asarray(light))
    found = [
        grey(saved(tmp_path, one, f"{name}.png"))
        for name, one in (("light", light), ("dark", dark))
    ]
    np.testing.assert_array_equal(*found)


def test_a_plain_colour_is_refused_by_name(tmp_path: Path) -> None:
    """There is nothing to look for on an empty photo."""
    path = saved(tmp_path, Image.new("RGB", (300, 300), (90, 140, 90)), "plain.png")
    with pytest.raises(DataError, match=r"plain.png: .*one plain colour"):
        pictures.read(path)


def whole(kind: str) -> bytes:
    """A picture as bytes."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    Image.fromarray(noise).save(buffer, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "an empty file"),
        (b"no picture at all", "another kind of file"),
        (whole("PPM"), "another kind of file"),
        (whole("PDF"), "another kind of file"),
        (whole("GIF")[:900], "damaged"),
        (whole("BMP")[:900], "damaged"),
        (whole("TIFF")[:900], "damaged"),
        (whole("AVIF")[:900], "damaged"),
        (whole("PNG")[:3000], "damaged"),
        (whole("JPEG")[:2000], "damaged"),
        (whole("WEBP")[:900], "damaged"),
        (bomb(50_000, 50_000), "at most 60 million pixels"),
        (bomb(12_000, 8_000), "at most 60 million pixels"),
        (bomb(8_000, 8_000), "8,000 x 8,000"),
        (bomb(300, 300), "damaged"),
    ],
)
def test_poison_is_refused_in_one_line(tmp_path: Path, content: bytes, complaint: str) -> None:
    """Not a picture, cut off, or far too large: a DataError that names the file and what to do."""
    path = tmp_path / "poison.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint) as told:
        pictures.read(path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_every_cut_of_a_picture_is_an_answer_or_a_data_error(tmp_path: Path) -> None:
    """Wherever a file breaks off, no other exception comes out."""
    path = tmp_path / "cut"
    for kind in ("PNG", "JPEG", "WEBP"):
        content = whole(kind)
        for end in range(0, len(content), max(1, len(content) // 40)):
            path.write_bytes(content[:end])
            with pytest.raises(DataError):
                pictures.decode(path)


@pytest.mark.parametrize("what", ["missing.jpg", "."])
def test_what_is_no_file_is_a_usage_error(tmp_path: Path, what: str) -> None:
    """A wrong path is the caller's to mend."""
    with pytest.raises(UsageError, match="check the path"):
        pictures.read(tmp_path / what)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"k": 0}, "-k must lie in"),
        ({"k": 101}, "-k must lie in"),
        ({"out": Path("grid.gif")}, "a grid is written as"),
        ({"out": Path("/nowhere/at/all/grid.png")}, "there is no folder"),
    ],
)
def test_wrong_options_are_told_before_any_work(
    sqlite: Engine, tmp_path: Path, options: dict[str, object], complaint: str
) -> None:
    """Not even the picture is opened."""
    with pytest.raises(UsageError, match=complaint):
        action.similar(context_of(sqlite), tmp_path / "missing.png", **options)  # type: ignore[arg-type]


def test_the_nearest_come_first_with_their_scores() -> None:
    """Cosines fall; equal ones stand in the order of the catalogue; never more than there are."""
    angle = np.array([0.5, 0.1, 0.9, 0.1])
    index = round_embeddings(np.stack([np.cos(angle), np.sin(angle)], 1))
    stored = [Item(n, f"item-{n}", "", "Bag", "catalogue", "toy") for n in range(4)]
    found = action.most_similar(index, np.array([[1, 0]], np.float32), stored, 9)
    assert [one.item.item_id for one in found] == ["item-1", "item-3", "item-0", "item-2"]
    np.testing.assert_allclose(
        [one.score for one in found], np.cos([0.1, 0.1, 0.5, 0.9]), atol=1e-3
    )


def test_the_same_picture_is_left_out_when_asked() -> None:
    """Every item that has it, whatever its id; nothing is found where there is no other."""
    index = round_embeddings(np.tile([[1.0, 0.0]], (3, 1)))
    stored = [
        Item(n, f"item-{n}", "ab" if n < 2 else "cd", "Bag", "catalogue", "toy") for n in range(3)
    ]
    query = np.array([[1, 0]], np.float32)
    found = action.most_similar(index, query, stored, 9, without="ab")
    assert [one.item.item_id for one in found] == ["item-2"]
    assert action.most_similar(index[:2], query, stored[:2], 9, without="ab") == []


class HandmadeNetwork:
    """Embeds a picture by its mean grey level, and counts how many it was given."""

    view = (28, 1)

    def __init__(self) -> None:
        self.given = 0

    def embed(self, pixels: np.ndarray) -> np.ndarray:
        """Unit rows float32 [n, 2]."""
        self.given += len(pixels)
        angle = pixels.reshape(len(pixels), -1).mean(1) / 100
        return np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)


class HandmadeLibrary:
    """A library of one network."""

    def __init__(self) -> None:
        self.network = HandmadeNetwork()

    def embedder(self, _: EmbedderKey) -> HandmadeNetwork:
        """The one."""
        return self.network


def test_the_catalogue_is_embedded_once(sqlite: Engine) -> None:
    """The first time everything without a vector is embedded and stored, the second time
    nothing.
    """
    items = stock(sqlite)
    other = EmbedderKey("another", "handmade")
    with write_transaction(sqlite) as conn:
        from db import models

        models.add(conn, other.model, b"{}", b"")
    library = HandmadeLibrary()
    context = context_of(sqlite)
    first = action._index(context, library, other, items)  # type: ignore[arg-type]
    again = action._index(context, library, other, items)  # type: ignore[arg-type]
    np.testing.assert_array_equal(first, again)
    assert library.network.given == len({item.image for item in items})
    with read_transaction(sqlite) as conn:
        assert len(embeddings.of_model(conn, other)) == library.network.given
        assert len(embeddings.of_model(conn, EMBEDDER)) == N_ITEMS + N_QUERIES
    assert first.shape == (len(items), 2)


def test_an_own_catalogue_is_searched_among_neighbours(sqlite: Engine, tmp_path: Path) -> None:
    """By its own model; an item's picture finds that item first, with cosine 1, then falling
    ones.
    """
    items = stock(sqlite)
    context = context_of(sqlite, home=tmp_path / "home")
    search = action.open_search(context, catalogue=CATALOGUE)
    assert search.model.startswith("general-")
    assert search.among is not None
    expected = Neighbourhoods.of(search.index).searched()
    np.testing.assert_array_equal(search.among[1], expected)
    with read_transaction(sqlite) as conn:
        picture = images.read(conn, [items[5].image])[0]
    found = search.nearest(picture, 10)
    scores = [one.score for one in found]
    assert found[0].item.item_id == items[5].item_id
    assert scores[0] == pytest.approx(1, abs=2e-3)
    assert scores == sorted(scores, reverse=True)
    others = search.nearest(picture, 9, exclude_self=True)
    assert others == found[1:]
    plain = replace(search, among=None).nearest(picture, 10)
    assert replace(search, among=None).nearest(picture, 9, exclude_self=True) == plain[1:]
    assert [one.score for one in plain] != scores


def test_only_own_catalogues_of_a_moderate_size_have_neighbourhoods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fashion-MNIST, and what is larger, is searched by cosine alone."""
    index = round_embeddings(np.eye(9))
    assert action._among(index, "shop") is not None
    assert action._among(index, FASHION_MNIST) is None
    monkeypatch.setattr(action, "MOST_NEIGHBOURS", 8)
    assert action._among(index, "shop") is None
