"""schema.org products as JSON-LD: a document, a document a line, or pages with it in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from simulator.catalogues.feeds.product import Feed

_DEEPEST = 30
"""Levels of a document that are looked through."""
_AFTER_NAMESPACE = re.compile("[/#:]")
_TOO_DEEP = "this is nested too deeply to be read"


def json_ld(text: str, feed: Feed) -> None:
    """Every Product in it, however deep: in `@graph`, in an ItemList, or alone."""
    number = 0
    for document in _documents(text, feed):
        for product in _products(document, 0):
            number += 1
            if isinstance(product, str):
                feed.skip(number, product)
            else:
                _take(product, number, feed)


def _take(product: dict[str, Any], number: int, feed: Feed) -> None:
    names = ("sku", "productID", "gtin13", "gtin", "mpn", "@id", "url")
    feed.take(
        number,
        next((_text(product[name]) for name in names if _text(product.get(name))), ""),
        _picture(product.get("image")),
        category=_text(product.get("category")),
        price=_price(product.get("offers")),
        availability=_availability(product.get("offers")),
    )


def _documents(text: str, feed: Feed) -> Iterator[Any]:
    """The JSON documents of a file, of its lines, or of the scripts of a page."""
    if text.lstrip().startswith("<"):
        page = _Page()
        try:
            page.feed(text)
        except (AssertionError, ValueError) as error:  # what HTMLParser raises for broken markup
            feed.skip(len(page.scripts) + 1, f"the page breaks off here: {error}")
        pieces = list(enumerate(page.scripts, 1))
    else:
        try:
            yield json.loads(text)
        except RecursionError:
            feed.skip(1, _TOO_DEEP)
            return
        except ValueError:
            pieces = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        else:
            return
    for number, piece in pieces:
        try:
            yield json.loads(piece)
        except ValueError as error:
            feed.skip(number, f"this is no JSON ({error})")
        except RecursionError:
            feed.skip(number, _TOO_DEEP)


def _products(found: Any, depth: int) -> Iterator[dict[str, Any] | str]:
    """Objects of type Product, in order; of one that cannot be looked at, the reason."""
    if depth > _DEEPEST:
        if isinstance(found, dict | list):
            yield _TOO_DEEP
    elif isinstance(found, dict):
        kinds = found.get("@type", "")
        named = kinds if isinstance(kinds, list) else [kinds]
        if any(_is_product(one) for one in named):
            yield found
            return
        if not all(isinstance(one, str) for one in named):
            yield "its @type is no text"
        for value in found.values():
            yield from _products(value, depth + 1)
    elif isinstance(found, list):
        for value in found:
            yield from _products(value, depth + 1)


def _is_product(kind: Any) -> bool:
    """`Product`, also with its namespace or as an address: `https://schema.org/Product`."""
    return isinstance(kind, str) and _AFTER_NAMESPACE.split(kind)[-1] == "Product"


def _picture(image: Any) -> str:
    """The first picture, given as an address or as an ImageObject."""
    if isinstance(image, list):
        return next((found for one in image if (found := _picture(one))), "")
    if isinstance(image, dict):
        return _text(image.get("contentUrl")) or _text(image.get("url"))
    return _text(image)


def _price(offers: Any) -> str:
    if isinstance(offers, list):
        return next((found for one in offers if (found := _price(one))), "")
    if not isinstance(offers, dict):
        return ""
    own = _text(offers.get("price")) or _text(offers.get("lowPrice"))
    return own or _price(offers.get("priceSpecification"))


def _availability(offers: Any) -> str:
    """Of the only offer; of several, one may still be had."""
    if isinstance(offers, list) and len(offers) == 1:
        offers = offers[0]
    return _text(offers.get("availability")) if isinstance(offers, dict) else ""


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return _text(value.get("name"))
    return str(value) if isinstance(value, str | int | float) else ""


class _Page(HTMLParser):
    """The scripts of a page that hold JSON-LD."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_inside = tag == "script" and ("type", "application/ld+json") in attrs
        if self._is_inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - HTMLParser says how it is called
        self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.scripts[-1] += data
