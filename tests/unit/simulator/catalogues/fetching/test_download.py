"""One picture by its address, from a real server: what comes, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from simulator.catalogues.fetching.download import download
from simulator.catalogues.fetching.policy import FetchPolicy, RefusedError, parse_hosts
from tests.picture_server import PictureServer, serving


@pytest.fixture
def server() -> Iterator[PictureServer]:
    """One server, gone at the end."""
    with serving() as made:
        yield made


def policy(server: PictureServer, more: str = "", **limits: float) -> FetchPolicy:
    """The server may be asked, and whoever else is named."""
    return FetchPolicy(parse_hosts(f"{server.host},{more}"), **limits)


def test_a_picture_comes_as_it_is(server: PictureServer) -> None:
    """Every byte, after a redirect within the same host too."""
    address = server.holds("/a.jpg", bytes(range(256)) * 300)
    assert download(address, policy(server)) == bytes(range(256)) * 300
    moved = server.holds("/old", b"", 302, Location="/a.jpg")
    assert len(download(moved, policy(server))) == 76_800


def refused(address: str, allowed: FetchPolicy) -> str:
    """Why nothing came."""
    with pytest.raises(RefusedError) as caught:
        download(address, allowed)
    return str(caught.value)


def test_a_redirect_to_another_host_is_not_followed(server: PictureServer) -> None:
    """That host is never asked, though it would answer."""
    with serving() as other:
        address = server.holds("/a", b"", 302, Location=other.holds("/b", b"secret"))
        assert f"does not name its host '{other.host}'" in refused(address, policy(server))
        assert other.asked == []
        assert download(address, policy(server, other.host)) == b"secret"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("http://a\x01b/", "no address"),
        ("/again", "more than 3 times"),
        ("http://localhost:1/", "does not name its host 'localhost:1'"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_said(
    server: PictureServer, place: str, reason: str
) -> None:
    """To another scheme, to no address, in a circle."""
    assert reason in refused(server.holds("/again", b"", 301, Location=place), policy(server))


def test_a_name_that_leads_within_the_network_is_never_connected_to(
    server: PictureServer,
) -> None:
    """The name is named and its port too; the machine is not, so not a byte is sent to it."""
    server.holds("/a", b"secret")
    allowed = FetchPolicy(parse_hosts(f"cdn.shop.example:{server.port}"))
    address = f"http://cdn.shop.example:{server.port}/a"
    with pytest.raises(RefusedError, match=r"is at '127\.0\.0\.1', which is not on the public"):
        download(address, allowed, look_up=lambda *_: ["127.0.0.1"])
    assert server.asked == []
    named = FetchPolicy(parse_hosts(f"cdn.shop.example:{server.port},127.0.0.1"))
    assert download(address, named, look_up=lambda *_: ["127.0.0.1"]) == b"secret"


def test_what_is_too_large_is_not_read_to_its_end(server: PictureServer) -> None:
    """By what the server promises, or by what comes."""
    address = server.holds("/a", b"x" * 2000)
    assert "larger than 0.001 MB" in refused(address, policy(server, most_bytes=1000))
    endless = server.drips("/endless")
    assert "larger than" in refused(endless, policy(server, most_bytes=2))


def test_what_is_too_slow_ends_at_its_limit(server: PictureServer) -> None:
    """Though bytes come all the time, and each in time."""
    began = time.monotonic()
    assert "more than 0.4 s" in refused(server.drips("/a"), policy(server, seconds=0.4))
    assert time.monotonic() - began < 5


def test_a_look_up_that_hangs_ends_at_the_limit(server: PictureServer) -> None:
    """The system's own has no limit."""

    def hangs(*_: object) -> list[str]:
        server.closing.wait(60)
        return []

    with pytest.raises(RefusedError, match=r"more than 0\.2 s"):
        download(server.url("/a"), policy(server, seconds=0.2), look_up=hangs)


def test_what_the_server_or_the_network_says_is_told(server: PictureServer) -> None:
    """A status, a packed answer, an answer cut off, nobody there, an unknown name."""
    assert refused(server.url("/none"), policy(server)) == "the server said 404"
    packed = server.holds("/packed", b"x", Content_Encoding="gzip")
    assert "sent it packed" in refused(packed, policy(server))
    server.at["/cut"] = lambda handler: (
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc") and None
    )
    assert "the connection failed" in refused(server.url("/cut"), policy(server))
    server.at["/noise"] = lambda handler: handler.wfile.write(b"noise\r\n\r\n") and None
    assert "the connection failed" in refused(server.url("/noise"), policy(server))
    nobody = FetchPolicy(parse_hosts("127.0.0.1:1"))
    assert "the connection failed" in refused("http://127.0.0.1:1/a", nobody)
    nowhere = FetchPolicy(parse_hosts("nowhere.invalid"))

    def unknown(*_: object) -> list[str]:
        raise OSError(None, "Name or service not known")

    with pytest.raises(RefusedError, match="host is not known"):
        download("http://nowhere.invalid/a", nowhere, look_up=unknown)
