"""Google's product feed as RSS 2.0 or Atom."""

from __future__ import annotations

from xml.parsers import expat

from db.errors import DataError
from simulator.catalogues.feeds.product import Feed

_PRODUCT = frozenset({"item", "entry"})
_READ = frozenset({"id", "image_link", "price", "sale_price", "product_type", "availability"})
_WIDER = "google_product_category"


def google_xml(text: str, feed: Feed) -> None:
    """Its products in order; a feed that breaks off gives those before the break.

    Entities of its own are refused: a few of them can fill any memory, others read files.
    """
    reader = _Elements(feed)
    parser = expat.ParserCreate("utf-8")  # the text is decoded: what the feed declares is over
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        feed.skip(reader.number + 1, f"the feed breaks off here: {error}")


def _refuse(name: str, *_: object) -> None:
    raise DataError(f"the feed declares an entity ({name!r}), which is not read; leave it out")


class _Elements:
    """Collects the texts of a product's elements, whatever their namespace is called."""

    def __init__(self, feed: Feed) -> None:
        self.number = 0
        self._feed = feed
        self._fields: dict[str, str] | None = None
        self._name = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        del attributes
        plain = name.rpartition(":")[2].lower()
        if plain in _PRODUCT:
            self.number += 1
            self._fields = {}
        self._name = plain if plain in _READ or plain == _WIDER else ""
        if self._fields is not None and self._name:
            self._fields.setdefault(self._name, "")

    def text(self, data: str) -> None:
        """A piece of its text."""
        if self._fields is not None and self._name:
            self._fields[self._name] += data

    def end(self, name: str) -> None:
        """An element ends; a product is taken."""
        self._name = ""
        if self._fields is None or name.rpartition(":")[2].lower() not in _PRODUCT:
            return
        found, self._fields = self._fields, None
        self._feed.take(
            self.number,
            found.get("id", ""),
            found.get("image_link", ""),
            category=found.get("product_type") or found.get(_WIDER, ""),
            price=found.get("sale_price") or found.get("price", ""),
            availability=found.get("availability", ""),
        )
