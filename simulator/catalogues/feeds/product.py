"""What every shape of feed is read into."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.catalogues.csv_file import LONGEST, Skipped, cents, is_name, printable

_LETTERS = re.compile(r"[^a-z]")
_NOT_TO_BE_HAD = frozenset({"outofstock", "soldout", "discontinued"})
"""Google's words and schema.org's, without their signs."""
_NO_DIGITS = re.compile(r"[^\d.,-]")


class FeedProduct(NamedTuple):
    """One product. price: cents; None is a field left empty."""

    number: int
    """The line, or the place in the feed, counted from 1."""
    item_id: str
    picture: str
    """A path, a file's name with or without its ending, or an address."""
    category: str | None = None
    price: int | None = None


@dataclass
class Feed:
    """A feed as it was read."""

    name: str
    products: list[FeedProduct] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Ids of products that are out of stock."""

    def take(
        self,
        number: int,
        item_id: str,
        picture: str,
        *,
        category: str = "",
        price: str = "",
        availability: str = "",
    ) -> None:
        """Keep a product, or leave it out with the reason."""
        if _LETTERS.sub("", availability.rpartition("/")[2].lower()) in _NOT_TO_BE_HAD:
            self.gone.add(item_id.strip())
            self.skip(number, "it is out of stock")
            return
        try:
            self.products.append(_product(number, item_id, picture, category, price))
        except ValueError as error:
            self.skip(number, str(error))

    def skip(self, number: int, reason: str) -> None:
        """Leave a product out."""
        self.skipped.append(Skipped(printable(self.name), number, printable(reason)))


def _product(number: int, item_id: str, picture: str, category: str, price: str) -> FeedProduct:
    """ValueError with the reason where the fields will not do."""
    if not item_id.strip():
        raise ValueError("this product has no id")
    if not picture.strip():
        raise ValueError("this product names no picture")
    last = category.rpartition(">")[2].strip() or None
    for what, text in (("id", item_id.strip()), ("category", last)):
        if text is not None and not is_name(text):
            raise ValueError(
                f"the {what} must have at most {LONGEST} characters, without line breaks or the"
                " like"
            )
    return FeedProduct(number, item_id.strip(), picture.strip(), last, cents(plain_price(price)))


def plain_price(price: str) -> str:
    """A price without its currency, with a point before the cents: `1.299,00 EUR` is 1299.00."""
    digits = _NO_DIGITS.sub("", price)
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma > point and len(digits) - comma - 1 != 3:  # three digits after it: thousands
        return digits.replace(".", "").replace(",", ".")
    return digits.replace(",", "")
