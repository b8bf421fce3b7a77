"""The shapes of feeds that are known, a row each: how one is told, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from db import bounded
from db.errors import DataError, NotFoundError, UsageError
from db.nearest import nearest
from simulator.catalogues.feeds import tables
from simulator.catalogues.feeds.google_xml import google_xml
from simulator.catalogues.feeds.json_ld import json_ld
from simulator.catalogues.feeds.product import Feed

LARGEST = 2_000_000_000
"""Bytes of a feed."""


@dataclass(frozen=True)
class Shape:
    """One shape of feed."""

    title: str
    is_it: Callable[[str], bool]
    """Whether a text looks like one."""
    read: Callable[[str, Feed], None]


SHAPES = MappingProxyType(
    {
        "google-xml": Shape(
            "Google's product feed, XML",
            lambda text: _begins(text, "<?xml", "<rss", "<feed") and "image_link" in text,
            google_xml,
        ),
        "google-tsv": Shape(
            "Google's product feed, a table",
            lambda text: {"id", "image_link"} <= set(tables.header(text, "\t")),
            tables.google_tsv,
        ),
        "shopify": Shape(
            "Shopify's product export",
            lambda text: bool(
                {"handle", "url handle"} & set(names := tables.header(text, ","))
                and {"image src", "product image url"} & set(names)
            ),
            tables.shopify,
        ),
        "kaggle-styles": Shape(
            "Kaggle's fashion product images, styles.csv",
            lambda text: (
                "mastercategory" in (names := tables.header(text, ","))
                and bool({"id", "file"} & set(names))
            ),
            tables.kaggle_styles,
        ),
        "json-ld": Shape(
            "schema.org products, JSON-LD",
            lambda text: _begins(text, "{", "[", "<") and "schema.org" in text,
            json_ld,
        ),
    }
)
"""Whoever adds a shape writes what reads it and a row here."""


def read_feed(path: Path, shape: str | None = None) -> tuple[Feed, Shape]:
    """The products of a feed and what it was taken for; shape: its name, left out: as it looks.

    Raises UsageError where there is no such file, NotFoundError for an unknown shape, DataError for
    a feed of no known shape.
    """
    if shape is not None and shape not in SHAPES:
        raise NotFoundError(
            f"no feed {shape!r}; {nearest(shape, SHAPES)}choose one of {', '.join(SHAPES)}"
        )
    text = _text(path)
    found = SHAPES[shape] if shape is not None else guessed(text)
    if found is None:
        raise DataError(
            f"{path}: wanted a feed, found none that is known; --format names it:"
            f" {', '.join(SHAPES)}"
        )
    feed = Feed(str(path))
    found.read(text, feed)
    return feed, found


def guessed(text: str) -> Shape | None:
    """The shape that a text looks like."""
    return next((one for one in SHAPES.values() if one.is_it(text)), None)


def looks_known(path: Path) -> bool:
    """Whether a file is a feed of a known shape."""
    return guessed(_text(path)) is not None


def _text(path: Path) -> str:
    try:
        content = bounded.read(path, LARGEST)
    except ValueError as error:
        raise UsageError(f"{error}; split the feed") from None
    except OSError as error:
        raise UsageError(f"{path}: wanted a feed, found none ({error.strerror})") from None
    is_wide = content[:2] in {b"\xff\xfe", b"\xfe\xff"}
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _begins(text: str, *starts: str) -> bool:
    return text[:200].lstrip().lower().startswith(starts)
