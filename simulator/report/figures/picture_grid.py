"""Pictures side by side, without axes: as a PNG or JPEG of their own, and as strips in a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from simulator.report.figures.drawing import INK, Chart, themed

Pixels = NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

TILE = 168
GAP = 22
MARGIN = 28
CAPTION = 64
"""Pixels of a grid: a picture's side, the room between, the room around, the room for three lines
below.
"""

COLUMNS = 5
SOFT = "#59616a"


@dataclass(frozen=True)
class Tile:
    """One picture, uint8 [h, w] light on dark or [h, w, 3] in colour, and the three lines below
    it.
    """

    pixels: Pixels
    first: str
    second: str
    third: str


def grid_image(query: Image.Image, seen: Pixels, tiles: Sequence[Tile]) -> Image.Image:
    """The query at the left, the items in rows of five at its right, products dark on white.

    query: as its owner knows it; seen: as the network does, light on dark or in colour, shown below
    it where there are two rows or more.
    """
    n_columns = min(COLUMNS, len(tiles))
    n_rows = -(-len(tiles) // COLUMNS)
    left = MARGIN + TILE + 2 * GAP
    width = left + n_columns * (TILE + GAP) - GAP + MARGIN
    canvas = Image.new("RGB", (width, 2 * MARGIN + n_rows * (TILE + CAPTION + GAP) - GAP), "white")
    draw = ImageDraw.Draw(canvas)
    _put(canvas, draw, (MARGIN, MARGIN), _fitted(query), ("query", "", ""))
    if n_rows > 1:
        place = (MARGIN, MARGIN + TILE + CAPTION + GAP)
        _put(canvas, draw, place, _enlarged(seen), ("as the network", "sees it", ""))
    line = MARGIN + TILE + GAP
    draw.line([(line, MARGIN), (line, canvas.height - MARGIN)], fill="#dfe3e7", width=1)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        place = (left + column * (TILE + GAP), MARGIN + row * (TILE + CAPTION + GAP))
        _put(canvas, draw, place, _enlarged(tile.pixels), (tile.first, tile.second, tile.third))
    return canvas


@dataclass(frozen=True)
class Strip:
    """A row of pictures uint8 [n, h, w] shown as they are (dark is dark), with words at its
    left.
    """

    title: str
    detail: str
    pixels: Pixels


def strips(name: str, title: str, rows: Sequence[Strip], *, heads: Sequence[str] = ()) -> Chart:
    """Rows of pictures as a figure of the report; heads: words above each column."""
    cell = 28
    gap = 3
    label = 84
    line = 34
    n = max(len(row.pixels) for row in rows)
    top = 14 if heads else 0
    width = label + n * (cell + gap)
    height = top + len(rows) * line
    parts = []
    for column, text in enumerate(heads):
        x = label + column * (cell + gap) + cell / 2
        parts.append(
            f'<text x="{x:g}" y="8" text-anchor="middle" font-size="5.6"'
            f' fill="{INK}">{_safe(text)}</text>'
        )
    for place, row in enumerate(rows):
        y = top + place * line
        parts += [
            f'<text x="0" y="{y + 12}" font-size="8.5" fill="{INK}">{_safe(row.title)}</text>',
            (
                f'<text x="0" y="{y + 23}" font-size="7.5" fill="{INK}"'
                f' opacity="0.7">{_safe(row.detail)}</text>'
            ),
        ]
        parts += [
            f'<image x="{label + column * (cell + gap)}" y="{y}" width="{cell}" height="{cell}"'
            ' preserveAspectRatio="none" style="image-rendering: pixelated"'
            f' href="{_uri(picture)}"/>'
            for column, picture in enumerate(row.pixels)
        ]
    return _drawn(name, title, width, height, "".join(parts))


@dataclass(frozen=True)
class Card:
    """Two pictures uint8 [h, w] beside each other and the two lines below them."""

    left: Pixels
    right: Pixels
    first: str
    second: str


def cards(name: str, title: str, found: Sequence[Card], *, columns: int = 5) -> Chart:
    """Pairs of pictures as a figure of the report."""
    cell = 30
    across = 74
    down = 58
    parts = []
    for number, card in enumerate(found):
        row, column = divmod(number, columns)
        x = column * across
        y = row * down
        for shift, picture in ((0, card.left), (cell + 2, card.right)):
            parts.append(
                f'<image x="{x + shift}" y="{y}" width="{cell}" height="{cell}"'
                ' preserveAspectRatio="none" style="image-rendering: pixelated"'
                f' href="{_uri(picture)}"/>'
            )
        for drop, text, faint in ((39, card.first, "1"), (47.5, card.second, "0.7")):
            parts.append(
                f'<text x="{x}" y="{y + drop:g}" font-size="6.8" fill="{INK}" opacity="{faint}">'
                f"{_safe(text)}</text>"
            )
    return _drawn(name, title, columns * across, -(-len(found) // columns) * down, "".join(parts))


def _drawn(name: str, title: str, width: float, height: float, body: str) -> Chart:
    size = f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}"'
    font = 'font-family="DejaVu Sans, sans-serif"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{body}</svg>\n'
    high = height + 22
    size = f'width="{width:g}pt" height="{high:g}pt" viewBox="0 -22 {width:g} {high:g}"'
    head = (
        f'<rect y="-22" width="{width:g}" height="{high:g}" fill="#fff"/>'
        f'<text x="0" y="-10" font-size="9.5" font-weight="bold" fill="{INK}">{_safe(title)}</text>'
    )
    file = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{head}{body}</svg>\n'
    return Chart(name, title, themed(svg, name, title), file.encode())


def _put(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    picture: Image.Image,
    caption: tuple[str, str, str],
) -> None:
    canvas.paste(picture, place)
    for line, (text, shade, size) in enumerate(
        zip(caption, (INK, SOFT, SOFT), (16, 13, 13), strict=True)
    ):
        where = (place[0] + TILE / 2, place[1] + TILE + 7 + 20 * line)
        font = ImageFont.load_default(size)
        draw.text(where, _cut(draw, text, font), fill=shade, font=font, anchor="ma")


def _cut(draw: ImageDraw.ImageDraw, text: str, font: Font) -> str:
    """As much of a line as stands below one picture; its end is an id's telling part, so the middle
    goes.
    """
    kept = text
    while len(kept) > 2 and draw.textlength(kept, font=font) > TILE + GAP / 2:
        text = text[: len(text) // 2] + text[len(text) // 2 + 1 :]
        kept = f"{text[: len(text) // 2]}…{text[len(text) // 2 :]}"
    return kept


def _fitted(picture: Image.Image) -> Image.Image:
    """Somebody's own picture within a tile, its aspect kept; one as small as ours is turned as ours
    are.
    """
    if picture.size == (28, 28):
        levels = np.asarray(picture.convert("L"))
        corners = levels[[0, 0, -1, -1], [0, -1, 0, -1]]
        return _enlarged(levels if np.median(corners) <= 127 else 255 - levels)
    canvas = Image.new("RGB", (TILE, TILE), "white")
    small = ImageOps.contain(picture, (TILE, TILE), Image.Resampling.LANCZOS)
    canvas.paste(small, ((TILE - small.width) // 2, (TILE - small.height) // 2))
    return canvas


def _enlarged(pixels: Pixels) -> Image.Image:
    levels = pixels if pixels.ndim == 3 else 255 - pixels
    return Image.fromarray(levels).resize((TILE, TILE), Image.Resampling.BICUBIC).convert("RGB")


def _uri(pixels: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
