"""A feed whose pictures lie on a server: what comes goes in, what fails is counted, and nothing is
asked for twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import items
from db.engine import read_transaction
from db.errors import DataError, UsageError
from simulator.catalogues.add import Added, add
from simulator.catalogues.fetching.policy import FetchPolicy, parse_hosts
from simulator.installation.context import Context
from tests.factories import context_of
from tests.installation import Installation, Installer
from tests.picture_server import PictureServer, serving
from tests.service.test_catalogue import draw

pytestmark = pytest.mark.service


@pytest.fixture
def server() -> Iterator[PictureServer]:
    """One server, gone at the end."""
    with serving() as made:
        yield made


def png(folder: Path, number: int) -> bytes:
    """The bytes of a picture."""
    path = folder / "drawn.png"
    draw(path, number)
    content = path.read_bytes()
    path.unlink()
    return content


def feed_of(folder: Path, addresses: list[str]) -> Path:
    """Google's table of products with these pictures."""
    folder.mkdir(exist_ok=True)
    path = folder / "feed.tsv"
    rows = [f"sku-{n}\t{address}\tHats" for n, address in enumerate(addresses)]
    path.write_text("\n".join(["id\timage_link\tproduct_type", *rows]) + "\n")
    return path


def fetched(context: Context, feed: Path, hosts: str, **limits: float) -> Added:
    """The feed in the catalogue `feed`."""
    return add(context, feed, fetch=FetchPolicy(parse_hosts(hosts), **limits))


def test_what_fails_is_counted_and_the_rest_goes_in(
    any_engine: Engine, tmp_path: Path, server: PictureServer
) -> None:
    """404, another host, a redirect there, too large, no picture, too slow: each with its reason;
    the second time only what failed is asked for.
    """
    context = context_of(any_engine, cache=tmp_path / "cache")
    good = [server.holds(f"/{n}.png", png(tmp_path, n)) for n in range(4)]
    bad = [
        server.url("/none.png"),
        "http://169.254.169.254/latest/meta-data",
        server.holds("/moved", b"", 302, Location="http://other.example/a.png"),
        server.holds("/large.png", b"x" * 200_000),
        server.holds("/page.png", b"<html>no picture</html>"),
        server.drips("/slow.png"),
    ]
    feed = feed_of(tmp_path / "shop", [*good, *bad, good[0]])
    limits = {"most_bytes": 100_000, "seconds": 2.0}
    found = fetched(context, feed, server.host, **limits)
    assert found.new == 5
    said = {one.line: one.reason for one in found.skipped if one.line}
    for line, reason in {
        6: "did not come: the server said 404",
        7: "--fetch-hosts does not name its host '169.254.169.254'",
        8: "sent on to 'http://other.example/a.png'",
        9: "it is larger than 0.1 MB",
        11: "it took more than 2 s",
    }.items():
        assert reason in said[line]
    [broken] = [one for one in found.skipped if not one.line]
    assert broken.file == server.url("/page.png")
    assert broken.reason.startswith("wanted a picture")
    assert server.asked.count("/0.png") == 1

    server.asked.clear()
    again = fetched(context, feed, server.host, **limits)
    assert (again.new, again.known) == (0, 5)
    assert sorted(server.asked) == ["/large.png", "/moved", "/none.png", "/page.png", "/slow.png"]


def test_a_second_shop_asks_for_nothing(
    any_engine: Engine, tmp_path: Path, server: PictureServer
) -> None:
    """The cache has it; a damaged file in it is fetched again."""
    context = context_of(any_engine, cache=tmp_path / "cache")
    feed = feed_of(
        tmp_path / "shop",
        [server.holds(f"/{n}.png", png(tmp_path, n)) for n in range(3)],
    )
    fetched(context, feed, server.host)
    [damaged] = [one for one in context.settings.cache.rglob("*") if _holds(one, png(tmp_path, 1))]
    damaged.write_bytes(b"damaged")
    server.asked.clear()
    other = add(context, feed, name="other", fetch=FetchPolicy(parse_hosts(server.host)))
    assert other.new == 3
    assert server.asked == ["/1.png"]


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def test_local_pictures_are_never_fetched(
    any_engine: Engine, tmp_path: Path, server: PictureServer
) -> None:
    """A file of that name beside the feed is taken."""
    feed = feed_of(tmp_path / "shop", [server.holds(f"/{n}.png", b"never") for n in range(3)])
    for n in range(3):
        draw(feed.parent / f"{n}.png", n)
    assert fetched(context_of(any_engine, cache=tmp_path / "cache"), feed, server.host).new == 3
    assert server.asked == []


def test_nobody_is_asked_unless_named(
    any_engine: Engine, tmp_path: Path, server: PictureServer
) -> None:
    """Without --fetch nothing is fetched; without hosts the line names those of the feed."""
    context = context_of(any_engine, cache=tmp_path / "cache")
    feed = feed_of(tmp_path / "shop", [server.holds("/0.png", png(tmp_path, 0))] * 2)
    with pytest.raises(DataError, match="let it be fetched by --fetch"):
        add(context, feed)
    with pytest.raises(UsageError, match=f"add --fetch-hosts {server.host} if you trust them"):
        fetched(context, feed, "")
    with pytest.raises(UsageError, match="--fetch wants a feed"):
        fetched(context, tmp_path, server.host)
    assert server.asked == []
    with read_transaction(any_engine) as conn:
        assert items.read(conn, "feed") == []


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation."""
    return installed(tmp_path_factory.mktemp("fetching"))


@pytest.mark.thorough
def test_the_command_fetches(
    installation: Installation, tmp_path: Path, server: PictureServer
) -> None:
    """With its options, and the reasons in the answer."""
    pictures = [server.holds(f"/{n}.png", png(tmp_path, n)) for n in range(3)]
    feed = str(feed_of(tmp_path / "shop", [*pictures, server.url("/none.png")]))
    hosts = ("--fetch-hosts", server.host)
    done = installation.call("catalogue", "add", feed, *hosts)
    assert done.returncode == 2
    assert "add --fetch" in done.stderr
    online = {"WINDOWSHOP_OFFLINE": "0", "WINDOWSHOP_CACHE": str(tmp_path / "cache")}
    done = installation.call("catalogue", "add", feed, "--fetch", *hosts, "--json", **online)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["items"] + found["queries"] == 3
    assert found["passed_over"] == {"its picture at ... did not come: the server said ...": 1}
    offline = installation.call(
        *("catalogue", "add", feed, "--fetch", *hosts, "--name", "off", "--json"),
        **(online | {"WINDOWSHOP_OFFLINE": "1"}),
    )
    assert "it is not in the cache, and `offline` is set" in offline.stdout
    assert json.loads(offline.stdout)["items"] == found["items"]
