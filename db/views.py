"""How a stored picture is seen: in 28x28 grey levels by the judge and our own networks, or in
colour.

What is stored is one of two kinds: Fashion-MNIST's own 28x28 grey levels, light on dark, or a
product in its colours on its own ground, 96x96. Every view follows from the stored bytes and from
nothing else, so a picture has the same embedding wherever and whenever it is asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
COLOUR_SIDE = 96

WORKING_SIDE = 448
"""Pictures are shrunk to about this before anything is looked for in them, by a whole number."""

MARGIN = 4
"""Pixels of ground around a product in colour; without them a box that fills its picture would be
ground.
"""

FOREGROUND = 24
"""Levels by which the product differs from its ground at least."""

PLAIN = "wanted a product on a plain background, found one plain colour"

Pixels = NDArray[np.uint8]


class View(NamedTuple):
    """What somebody is shown: uint8 [side, side] light on dark with 1 channel, [side, side, 3] in
    colour.
    """

    side: int
    channels: int


GREY = View(SIDE, 1)
COLOUR = View(COLOUR_SIDE, 3)


def stored(picture: Image.Image) -> Pixels:
    """What is kept of an RGB picture: uint8 [96, 96, 3], the product cut out, centred on its own
    ground.

    A picture of 28x28 without colour is Fashion-MNIST's kind: [28, 28], at most inverted. Raises
    ValueError when there is nothing but one plain colour.
    """
    if picture.size == (SIDE, SIDE) and _is_grey(np.asarray(picture.convert("RGB"))):
        levels = np.asarray(picture.convert("L"))
        return 255 - levels if _ground(levels) > 127 else levels
    small = shrunk(picture if picture.mode == "RGB" else picture.convert("RGB"))
    levels = np.asarray(small)
    ground = np.array([_ground(levels[..., channel]) for channel in range(3)])
    differs = (
        np.abs(np.arange(256) - ground[:, None]) >= FOREGROUND
    )  # by table: what a level of a channel is
    box = small.point((differs * 255).ravel().tolist()).getbbox()
    if box is None:
        raise ValueError(PLAIN)
    left, top, right, bottom = box
    found = levels[top:bottom, left:right]
    kept = _centred(found, COLOUR_SIDE, ground.astype(np.uint8), margin=MARGIN)
    _product(kept)  # whoever is shown it later must find a product in it too
    return kept


def shrunk(picture: Image.Image) -> Image.Image:
    """The means of squares of so many pixels that the longer side is nearest to WORKING_SIDE.

    It stays below 1.5 times that side; a picture that is smaller stays as it is, and so does a
    shrunk one.
    """
    width, height = picture.size
    by = round(max(width, height) / WORKING_SIDE)
    return picture.reduce((min(by, width), min(by, height))) if by > 1 else picture


def seen(picture: Pixels, view: View) -> Pixels:
    """A stored picture as somebody is shown it."""
    if view.channels == 1:
        if view.side != SIDE:
            raise ValueError(
                f"pictures are seen in grey at {SIDE} pixels a side, not at {view.side}"
            )
        return picture if picture.ndim == 2 else _grey(picture)
    colour = picture if picture.ndim == 3 else np.repeat(255 - picture[..., None], 3, axis=2)
    if len(colour) == view.side:
        return colour
    size = (view.side, view.side)
    return np.asarray(Image.fromarray(colour).resize(size, Image.Resampling.LANCZOS))


def _grey(picture: Pixels) -> Pixels:
    """Light on dark, after the way Fashion-MNIST itself was made; uint8 [28, 28]."""
    return _centred(_product(picture), SIDE, np.zeros(1, np.uint8))


def _product(picture: Pixels) -> Pixels:
    """The grey levels of a colour picture, cut to its product; ValueError where there is none.

    The ground's level is taken away. A product that is lighter than a light ground, or differs from
    it by its colour alone, shows by how far it differs.
    """
    levels = np.asarray(Image.fromarray(picture).convert("L")).astype(np.int16)
    ground = _ground(levels)
    if ground > 127:
        levels = 255 - levels
        ground = 255 - ground
    lifted = np.clip((levels - ground) * (255 / (255 - ground)), 0, 255)
    if not (lifted >= FOREGROUND).any():
        corners = np.array([_ground(picture[..., channel]) for channel in range(3)])
        lifted = np.abs(picture.astype(np.int16) - corners).max(2)
    return _cut(np.rint(lifted).astype(np.uint8), lifted >= FOREGROUND)


def _cut(levels: Pixels, is_product: NDArray[np.bool_]) -> Pixels:
    rows, columns = (np.flatnonzero(is_product.any(axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError(PLAIN)
    return levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _centred(found: Pixels, side: int, ground: Pixels, *, margin: int = 0) -> Pixels:
    """The longer side scaled to `side` less its margins, the aspect kept, padded with the
    ground.
    """
    height, width = found.shape[:2]
    scale = (side - 2 * margin) / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(Image.fromarray(found).resize(size, Image.Resampling.LANCZOS))
    canvas = np.empty((side, side, *found.shape[2:]), np.uint8)
    canvas[:] = ground
    top = (side - size[1]) // 2
    left = (side - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas


def _ground(levels: NDArray[np.integer[Any]]) -> int:
    """The level of the four corners; in Fashion-MNIST its half never is the lighter one."""
    side = max(1, min(levels.shape) // 28)
    ends = (slice(None, side), slice(-side, None))
    return int(_median([_median(levels[down, across]) for down in ends for across in ends]))


def _median(values: Any) -> float:
    """NumPy's median of a few numbers, without the checks that take it longer than the sorting."""
    ordered = np.sort(values, axis=None)
    return (float(ordered[(len(ordered) - 1) // 2]) + float(ordered[len(ordered) // 2])) / 2


def _is_grey(levels: Pixels) -> bool:
    return bool((levels == levels[..., :1]).all())
