"""Grids without axes: every picture where it belongs, and nothing else on the canvas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simulator.report.figures import picture_grid
from simulator.report.figures.picture_grid import (
    CAPTION,
    GAP,
    MARGIN,
    TILE,
    Card,
    Strip,
    Tile,
    cards,
    strips,
)

QUERY = Image.new("RGB", (400, 200), (200, 30, 30))


def tile(level: int) -> Tile:
    """A plain picture."""
    return Tile(np.full((28, 28), level, np.uint8), f"{level / 255:.3f}", f"item-{level}", "Bag")


def test_the_query_is_first_and_the_items_follow_in_order() -> None:
    """Seven items: two rows of five columns beside the query; each tile has its own grey, turned
    dark on white.
    """
    levels = [30, 60, 90, 120, 150, 180, 210]
    grid = picture_grid.grid_image(
        QUERY, np.full((28, 28), 77, np.uint8), [tile(one) for one in levels]
    )
    middle = TILE // 2
    assert grid.getpixel((MARGIN + middle, MARGIN + middle)) == (200, 30, 30)
    left = MARGIN + TILE + 2 * GAP
    for place, level in enumerate(levels):
        row, column = divmod(place, 5)
        x = left + column * (TILE + GAP) + middle
        y = MARGIN + row * (TILE + CAPTION + GAP) + middle
        assert grid.getpixel((x, y)) == (255 - level,) * 3
    below = (MARGIN + middle, MARGIN + TILE + CAPTION + GAP + middle)
    assert grid.getpixel(below) == (178, 178, 178)  # what the network sees


def test_colour_pictures_keep_their_colours() -> None:
    """Items and what the network sees; nothing is inverted."""
    red, blue = (np.full((96, 96, 3), ink, np.uint8) for ink in ((200, 10, 10), (10, 10, 200)))
    tiles = [Tile(red, "0.9", "sku-1", "Hats")] * 6
    grid = picture_grid.grid_image(QUERY, blue, tiles)
    middle = TILE // 2
    left = MARGIN + TILE + 2 * GAP
    assert grid.getpixel((left + middle, MARGIN + middle)) == (200, 10, 10)
    assert grid.getpixel((MARGIN + middle, MARGIN + TILE + CAPTION + GAP + middle)) == (10, 10, 200)


def test_the_query_keeps_its_aspect() -> None:
    """A wide picture leaves white above and below, and fills the tile from left to right."""
    grid = np.asarray(picture_grid.grid_image(QUERY, np.zeros((28, 28), np.uint8), [tile(9)]))
    found = grid[MARGIN : MARGIN + TILE, MARGIN : MARGIN + TILE]
    red = (found == (200, 30, 30)).all(2)
    assert red.sum() == TILE * TILE // 2
    assert red[TILE // 2].all()
    assert not red[: TILE // 4].any()


def test_nothing_stands_in_the_margins() -> None:
    """No axes, no frame: the outer pixels are white, and a score is written below each item."""
    grid = np.asarray(picture_grid.grid_image(QUERY, np.zeros((28, 28), np.uint8), [tile(200)] * 3))
    for edge in (grid[:MARGIN], grid[:, :MARGIN], grid[:, -MARGIN:], grid[-10:]):
        assert (edge == 255).all()
    below = grid[MARGIN + TILE + 2 : MARGIN + TILE + CAPTION]
    left = MARGIN + TILE + 2 * GAP
    for column in range(3):
        start = left + column * (TILE + GAP)
        assert (below[:, start : start + TILE] < 128).any()


def test_a_small_query_is_shown_as_the_items_are() -> None:
    """A 28x28 picture, light on dark or dark on light, comes out dark on white."""
    dark = np.zeros((28, 28), np.uint8)
    dark[8:20, 8:20] = 250
    for levels in (dark, 255 - dark):
        grid = picture_grid.grid_image(Image.fromarray(levels).convert("RGB"), dark, [tile(1)])
        assert grid.getpixel((MARGIN + 3, MARGIN + 3)) == (255, 255, 255)
        assert grid.getpixel((MARGIN + TILE // 2, MARGIN + TILE // 2)) == (5, 5, 5)


def test_figures_are_the_same_bytes_again_and_fetch_nothing() -> None:
    """Strips and cards hold their pictures; the page's form has colours as variables and no
    addresses.
    """
    pixels = np.random.default_rng(1).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    for make in (
        lambda: strips("s", "Shirts & more", [Strip("a<b", "c", pixels)], heads=["x", "y", "z"]),
        lambda: cards("c", "Pairs", [Card(pixels[0], pixels[1], "one", "two")]),
    ):
        chart = make()
        assert make() == chart
        assert chart.inline.count("data:image/png;base64,") in (2, 3)
        assert "http" not in chart.inline
        assert "var(--c" in chart.inline
        assert b"<svg xmlns" in chart.file
        assert b"a<b" not in chart.file


def test_an_id_stands_below_its_picture_and_a_long_one_keeps_its_ends() -> None:
    """Two items whose ids differ are told apart; nothing runs into the neighbour."""
    draw = ImageDraw.Draw(QUERY)
    font = ImageFont.load_default(13)
    assert picture_grid._cut(draw, "sku-206", font) == "sku-206"
    cut = picture_grid._cut(draw, "a-very-long-name-of-a-product-" + "x" * 60 + "-0042", font)
    assert cut.startswith("a-very")
    assert cut.endswith("0042")
    assert draw.textlength(cut, font=font) <= TILE + GAP / 2
    seen = np.zeros((28, 28), np.uint8)
    one = np.asarray(picture_grid.grid_image(QUERY, seen, [tile(200)]))
    other = np.asarray(
        picture_grid.grid_image(QUERY, seen, [replace(tile(200), second="item-201")])
    )
    rows = np.flatnonzero((one != other).any((1, 2)))
    assert MARGIN + TILE < rows.min() < rows.max() < MARGIN + TILE + CAPTION
