"""Feeds as shops have them: each shape is told by its looks, and read."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from db.errors import DataError, NotFoundError, UsageError
from simulator.catalogues.feeds.product import Feed, FeedProduct, plain_price
from simulator.catalogues.feeds.shapes import SHAPES, guessed, read_feed
from simulator.cli.catalogue import FEEDS

GOOGLE_XML = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>A shop</title>
<item><g:id>S1</g:id><title>Shirt &amp; more</title>
 <g:image_link>https://a.example/p/s1.jpg</g:image_link>
<g:price>19.90 EUR</g:price><g:product_type>Clothing &gt; Shirts</g:product_type></item>
<item><g:id>S2</g:id><g:image_link>https://a.example/p/s2.jpg</g:image_link>
<g:price>1.299,00 EUR</g:price><g:google_product_category>Apparel</g:google_product_category></item>
<item><title>nothing else</title></item>
</channel></rss>
"""
GOOGLE_ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<entry><g:id>S1</g:id><g:image_link>s1.png</g:image_link></entry></feed>
"""
GOOGLE_TSV = (
    "id\ttitle\timage_link\tprice\tproduct_type\n"
    'S1\t"A ""fine"" shirt"\thttps://a.example/s1.jpg\t19.90 USD\tClothing > Shirts\n'
    "\tno id\thttps://a.example/x.jpg\t1.00 USD\tShirts\n"
)
SHOPIFY = """Handle,Title,Body (HTML),Type,Variant Price,Image Src,Image Position
red-shirt,Red shirt,"<p>Soft,
and red</p>",Shirts,19.90,https://cdn.example/red.jpg?v=1,1
red-shirt,,,,21.90,https://cdn.example/red-back.jpg,2
cap,Cap,,Caps,,,
"""
SHOPIFY_NEW = (
    "URL handle,Title,Type,Price,Product image URL\nmug,Mug,Mugs,7.5,https://cdn.example/mug.png\n"
)
KAGGLE = """id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,name
10000,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Shirt
10003,Men,Apparel,Bottomwear,Track Pants,Black,Fall,2011,Casual,Solid Black, Track Pants
"""
JSON_LD = json.dumps(
    {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": "Product",
                "sku": "J1",
                "image": ["https://a.example/j1.webp"],
                "category": "Bags",
                "offers": {"@type": "Offer", "price": 12.5},
            },
            {
                "@type": ["Product", "Thing"],
                "productID": "J2",
                "image": {"@type": "ImageObject", "contentUrl": "j2.jpg"},
                "offers": [{"priceSpecification": {"price": "3.00"}}],
            },
        ],
    }
)
PAGE = f'<!doctype html><html><script type="application/ld+json">{JSON_LD}</script></html>'


def read(
    text: str, tmp_path: Path, shape: str | None = None
) -> tuple[list[FeedProduct], list[str]]:
    """The products, and why the others were left out."""
    (tmp_path / "feed").write_text(text)
    feed, _ = read_feed(tmp_path / "feed", shape)
    return feed.products, [one.reason for one in feed.skipped]


@pytest.mark.parametrize(
    ("text", "shape", "products", "left_out"),
    [
        (
            GOOGLE_XML,
            "google-xml",
            [
                FeedProduct(1, "S1", "https://a.example/p/s1.jpg", "Shirts", 1990),
                FeedProduct(2, "S2", "https://a.example/p/s2.jpg", "Apparel", 129900),
            ],
            ["this product has no id"],
        ),
        (GOOGLE_ATOM, "google-xml", [FeedProduct(1, "S1", "s1.png")], []),
        (
            GOOGLE_TSV,
            "google-tsv",
            [FeedProduct(2, "S1", "https://a.example/s1.jpg", "Shirts", 1990)],
            ["this product has no id"],
        ),
        (
            SHOPIFY,
            "shopify",
            [FeedProduct(2, "red-shirt", "https://cdn.example/red.jpg?v=1", "Shirts", 1990)],
            ["this product names no picture"],
        ),
        (
            SHOPIFY_NEW,
            "shopify",
            [FeedProduct(2, "mug", "https://cdn.example/mug.png", "Mugs", 750)],
            [],
        ),
        (
            KAGGLE,
            "kaggle-styles",
            [FeedProduct(2, "10000", "10000", "Shirts")],
            ["this line has 11 fields, the first one 10"],
        ),
        (
            JSON_LD,
            "json-ld",
            [
                FeedProduct(1, "J1", "https://a.example/j1.webp", "Bags", 1250),
                FeedProduct(2, "J2", "j2.jpg", None, 300),
            ],
            [],
        ),
        (
            PAGE,
            "json-ld",
            [
                FeedProduct(1, "J1", "https://a.example/j1.webp", "Bags", 1250),
                FeedProduct(2, "J2", "j2.jpg", None, 300),
            ],
            [],
        ),
    ],
)  # fmt: skip
def test_a_feed_is_told_by_its_looks_and_read(
    tmp_path: Path, text: str, shape: str, products: list[FeedProduct], left_out: list[str]
) -> None:
    """What is bad is left out with its reason."""
    assert guessed(text) is SHAPES[shape]
    found, reasons = read(text, tmp_path)
    assert found == products
    assert len(reasons) == len(left_out)
    assert all(one.startswith(said) for one, said in zip(reasons, left_out, strict=True))
    assert read(text, tmp_path, shape) == (found, reasons)


def test_a_feed_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    """And says where."""
    found, reasons = read(GOOGLE_XML[: GOOGLE_XML.index("<title>nothing")], tmp_path)
    assert [one.item_id for one in found] == ["S1", "S2"]
    assert reasons[0].startswith("the feed breaks off here: ")


def test_entities_of_a_feeds_own_are_refused(tmp_path: Path) -> None:
    """Nine of them would fill any memory."""
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><rss><!-- image_link --></rss>'
    with pytest.raises(DataError, match="declares an entity"):
        read(bomb, tmp_path)


def test_what_is_no_feed_is_said(tmp_path: Path) -> None:
    """Of no known shape, of an unknown name, of no file."""
    with pytest.raises(DataError, match="--format names it: google-xml"):
        read("some text\n", tmp_path)
    with pytest.raises(NotFoundError, match="no feed 'shopfy'; did you mean 'shopify'"):
        read(SHOPIFY, tmp_path, "shopfy")
    with pytest.raises(UsageError, match="wanted a feed, found none"):
        read_feed(tmp_path / "none")


@pytest.mark.parametrize(
    ("price", "plain"),
    [
        ("19.90 USD", "19.90"),
        ("1.299,00 EUR", "1299.00"),
        ("1,299.00", "1299.00"),
        ("1,299", "1299"),
        ("R$ 45,9", "45.9"),
        ("", ""),
    ],
)
def test_a_price_is_read_in_any_dress(price: str, plain: str) -> None:
    """Currency, thousands, and a comma before the cents."""
    assert plain_price(price) == plain


def test_the_help_names_every_shape() -> None:
    """It lists them without importing what reads them."""
    assert tuple(SHAPES) == FEEDS
    assert Feed("x").products == []


@pytest.mark.parametrize("declared", ["ISO-8859-1", "UTF-16", "klingon"])
def test_the_encoding_that_a_feed_declares_does_not_garble_it(
    tmp_path: Path, declared: str
) -> None:
    """The text is decoded once, by its bytes."""
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><rss><item><id>Caf\u00e9</id>'
        "<image_link>a.jpg</image_link></item></rss>"
    )
    path = tmp_path / "feed"
    path.write_bytes(text.encode("latin-1"))
    assert [one.item_id for one in read_feed(path)[0].products] == ["Caf\u00e9"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('["schema.org",' + "[" * 200_000, "nested too deeply"),
        ('{"@context":"schema.org"}\n' + "[" * 200_000, "nested too deeply"),
        ("<html>schema.org<![foo[ ", "the page breaks off"),
    ],
)
def test_documents_that_no_parser_takes_are_left_out_with_the_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    """None of them ends in a traceback."""
    path = tmp_path / "feed"
    path.write_text(text)
    assert reason in read_feed(path)[0].skipped[0].reason


@pytest.mark.thorough
@pytest.mark.parametrize("shape", SHAPES)
def test_mutated_feeds_are_read_or_refused_in_one_line(tmp_path: Path, shape: str) -> None:
    """Bytes cut out, doubled and changed: a product, a reason or a DataError."""
    draw = random.Random(5)
    path = tmp_path / "feed"
    feeds = [GOOGLE_XML, GOOGLE_ATOM, GOOGLE_TSV, SHOPIFY, SHOPIFY_NEW, KAGGLE, JSON_LD, PAGE]
    for _ in range(600):
        content = bytearray(draw.choice(feeds).encode())
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(content))
            piece = content[at : at + draw.randint(0, 20)]
            content[at : at + draw.randint(0, 20)] = draw.choice(
                [b"", piece * 2, draw.randbytes(2), b'"', b"\x00", b"<![x[", b"&a;", b"\r"]
            )
            content = content or bytearray(b"x")
        path.write_bytes(content)
        try:
            feed, _ = read_feed(path, shape)
        except DataError:
            continue
        assert all(one.reason and "\n" not in one.reason for one in feed.skipped)


def test_a_type_that_is_no_text_is_counted(tmp_path: Path) -> None:
    """What lies in it is read all the same; a type with its namespace is a type."""
    product = {"sku": "a", "image": "a.jpg"}
    found = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": {"@id": "Product"}, **product},
            {"@type": ["Thing", 5], "itemOffered": {"@type": "schema:Product", **product}},
            {"@type": "https://schema.org/Product", "sku": "b", "image": "b.jpg"},
            {"@type": "Organization", "name": "No product, and not counted"},
        ],
    }
    path = tmp_path / "feed.json"
    path.write_text(json.dumps(found))
    feed, _ = read_feed(path)
    assert [one.item_id for one in feed.products] == ["a", "b"]
    assert [one.reason for one in feed.skipped] == ["its @type is no text"] * 2


def test_what_is_nested_too_deeply_is_counted(tmp_path: Path) -> None:
    """A product at level 40 is not looked for, and that is said."""
    deep: object = {"@type": "Product", "sku": "a", "image": "a.jpg"}
    for _ in range(40):
        deep = [deep]
    path = tmp_path / "feed.json"
    path.write_text(json.dumps({"@context": "https://schema.org", "@graph": deep}))
    feed, _ = read_feed(path)
    assert [one.reason for one in feed.skipped] == ["this is nested too deeply to be read"]
