"""What is kept of a picture, and how it is seen: in its colours, or in grey levels light on
dark.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from db import images, views
from db.engine import read_transaction, write_transaction
from db.views import COLOUR, GREY, View, seen, stored

RED = (180, 20, 20)


def photo(
    ink: tuple[int, int, int] = RED, ground: tuple[int, int, int] = (255, 255, 255)
) -> Image.Image:
    """A product of 20 x 50 in one colour on another."""
    shown = Image.new("RGB", (120, 90), ground)
    shown.paste(ink, (50, 20, 70, 70))
    return shown


def test_a_product_is_kept_in_its_colours_on_its_own_ground() -> None:
    """Cut out, the longer side 88 of 96, centred; nothing is inverted."""
    found = stored(photo(ground=(240, 250, 230)))
    assert (found.shape, found.dtype) == ((96, 96, 3), np.uint8)
    assert found[48, 48].tolist() == list(RED)
    assert found[0, 0].tolist() == [240, 250, 230]
    columns = np.flatnonzero((found[48] == RED).all(1))
    assert 28 <= columns[0] <= 31
    assert 64 <= columns[-1] <= 67


@pytest.mark.parametrize(
    "size", [(1, 1), (300, 400), (671, 5), (672, 9), (600, 800), (4000, 3001), (1, 5000)]
)
def test_large_pictures_are_shrunk_once_by_means(size: tuple[int, int]) -> None:
    """To less than 672 a side, by whole numbers; small ones and shrunk ones stay, and a colour
    stays that.
    """
    small = views.shrunk(Image.new("RGB", size, (70, 80, 90)))
    assert max(small.size) < 672
    assert max(small.size) >= min(max(size), 299)
    assert views.shrunk(small) is small
    assert np.asarray(small).reshape(-1, 3).tolist() == [[70, 80, 90]] * (
        small.width * small.height
    )
    stripes = np.zeros((10, 1344, 3), np.uint8)
    stripes[:, ::3] = 255
    assert (np.asarray(views.shrunk(Image.fromarray(stripes))) == 85).all()


def test_a_box_that_fills_its_picture_is_no_ground() -> None:
    """A square product of one colour keeps a margin of ground, and is seen as light on dark."""
    shown = Image.new("RGB", (200, 200), "white")
    shown.paste(RED, (30, 30, 170, 170))
    kept = stored(shown)
    assert (kept[0] == 255).all()
    assert kept[48, 5].tolist() == list(RED)
    assert seen(kept, GREY).min() > 100


def test_what_is_kept_can_be_seen() -> None:
    """A speck that fades when it is scaled down is refused at the gate, not by a worker later."""
    faint = Image.new("RGB", (2000, 2000), "white")
    for place in range(0, 2000, 40):
        faint.putpixel((place, 1000), (0, 0, 0))
    with pytest.raises(ValueError, match="one plain colour"):
        stored(faint)


def test_two_colours_of_one_shade_are_two_pictures() -> None:
    """In grey they are alike; the colour view and the hash tell them apart."""
    red = stored(photo((200, 0, 0)))
    green = stored(photo((0, 102, 0)))
    np.testing.assert_allclose(seen(red, GREY).astype(int), seen(green, GREY).astype(int), atol=1)
    assert np.abs(seen(red, COLOUR).astype(int) - seen(green, COLOUR)).max() >= 190
    assert images.digest(red) != images.digest(green)


def test_fashion_mnists_kind_stays_as_it_is() -> None:
    """28x28 without colour: light on dark, at most inverted, to the byte; with colour it is a
    photo.
    """
    levels = np.zeros((28, 28), np.uint8)
    levels[10:14, 3:22] = np.arange(19) * 13
    for given in (levels, 255 - levels):
        np.testing.assert_array_equal(stored(Image.fromarray(given)), levels)
    np.testing.assert_array_equal(seen(levels, GREY), levels)
    assert stored(photo().resize((28, 28))).shape == (96, 96, 3)


def test_grey_levels_seen_in_colour_are_dark_on_light() -> None:
    """As a photo would show them: three equal channels at the side that is asked for."""
    levels = np.zeros((28, 28), np.uint8)
    levels[8:20, 8:20] = 200
    found = seen(levels, View(56, 3))
    assert found.shape == (56, 56, 3)
    assert (found == found[..., :1]).all()
    assert found[0, 0, 0] == 255
    assert found[28, 28, 0] == 55


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (RED, (255, 255, 255)),
        ((255, 255, 255), (20, 20, 20)),
        ((255, 255, 255), (200, 200, 200)),
        ((0, 0, 0), (60, 60, 60)),
        ((200, 0, 0), (0, 102, 0)),
    ],
)
def test_in_grey_a_product_is_light_on_dark_whatever_its_ground(
    ink: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    """Darker, lighter, or of the same shade in another colour: it fills the height, the ground is
    black.
    """
    found = seen(stored(photo(ink, ground)), GREY)
    assert found.shape == (28, 28)
    assert found[:, 0].max() <= 8
    assert found[0, 14] > 20
    assert found[27, 14] > 20


def test_every_view_follows_from_the_stored_bytes(sqlite: Engine) -> None:
    """Both kinds beside each other in one database, in any view, whatever stands beside them."""
    kept = [stored(photo()), stored(Image.fromarray(np.eye(28, dtype=np.uint8) * 250))]
    with write_transaction(sqlite) as conn:
        hashes = images.add(conn, kept)
    assert hashes == [images.digest(one) for one in kept]
    with read_transaction(sqlite) as conn:
        for view in (GREY, COLOUR, View(64, 3)):
            found = images.read(conn, hashes, view)
            alone = [images.read(conn, [key], view)[0] for key in hashes]
            np.testing.assert_array_equal(found, [seen(one, view) for one in kept])
            np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("colour", [(90, 140, 90), (0, 0, 0), (255, 255, 255)])
def test_a_plain_colour_holds_no_product(colour: tuple[int, int, int]) -> None:
    """There is nothing to look for on an empty photo."""
    with pytest.raises(ValueError, match="one plain colour"):
        stored(Image.new("RGB", (300, 300), colour))


def test_grey_has_one_size() -> None:
    """Asked for another one, it says so."""
    with pytest.raises(ValueError, match=f"{views.SIDE} pixels a side, not at 32"):
        seen(np.zeros((28, 28), np.uint8), View(32, 1))
