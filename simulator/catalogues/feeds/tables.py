"""Feeds that are tables: Google's with tabs, Shopify's products, Kaggle's styles."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from simulator.catalogues.feeds.product import Feed

LARGEST_FIELD = 10_000_000
"""Characters of a field: a description may be a page of HTML."""


def google_tsv(text: str, feed: Feed) -> None:
    """Google's product feed as a table: id, image_link, price, product_type."""
    for number, row in _rows(text, feed, "\t"):
        feed.take(
            number,
            row.get("id", ""),
            row.get("image_link", ""),
            category=row.get("product_type") or row.get("google_product_category", ""),
            price=row.get("sale_price") or row.get("price", ""),
            availability=row.get("availability", ""),
        )


def shopify(text: str, feed: Feed) -> None:
    """Shopify's product export: several rows a product, of which the first has its title.

    The product is known by its handle; price and picture are those of the first row that has any.
    """
    found: dict[str, dict[str, str]] = {}
    numbers: dict[str, int] = {}
    for number, row in _rows(text, feed, ","):
        handle = row.get("handle") or row.get("url handle", "")
        if not handle:
            feed.skip(number, "this row has no handle")
            continue
        numbers.setdefault(handle, number)
        kept = found.setdefault(handle, {})
        for name, value in row.items():
            if value and not kept.get(name):
                kept[name] = value
    for handle, row in found.items():
        feed.take(
            numbers[handle],
            handle,
            row.get("image src") or row.get("product image url", ""),
            category=row.get("type") or row.get("product category", ""),
            price=row.get("variant price") or row.get("price", ""),
        )


def kaggle_styles(text: str, feed: Feed) -> None:
    """Kaggle's fashion product images, styles.csv: the picture is named as the id."""
    for number, row in _rows(text, feed, ","):
        item_id = row.get("id") or row.get("file", "")
        category = row.get("articletype") or row.get("category", "")
        feed.take(number, item_id, item_id, category=category)


def header(text: str, separator: str) -> list[str]:
    """The names of the columns, in lower case."""
    first = text.partition("\n")[0].rstrip("\r")
    return [name.strip().strip('"').lower() for name in first.split(separator)]


def _rows(text: str, feed: Feed, separator: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row by its column's name, in lower case, with the line it begins on."""
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    names: list[str] | None = None
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            feed.skip(begins, f"this is no line of a table ({error})")
            begins = reader.line_num + 1
            continue
        number, begins = begins, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if names is None:
            names = [cell.strip().lower() for cell in cells]
        elif len(cells) > len(names):
            feed.skip(
                number,
                f"this line has {len(cells)} fields, the first one {len(names)}; put fields with"
                " the separator in them into quotes",
            )
        else:
            yield number, dict(zip(names, (cell.strip() for cell in cells), strict=False))
