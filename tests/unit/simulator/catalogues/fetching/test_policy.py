"""Hosts are named exactly, and a name in a feed leads to no machine within a network."""

from __future__ import annotations

from contextlib import suppress

import pytest

from db.errors import UsageError
from simulator.catalogues.fetching.policy import (
    AllowedHost,
    FetchPolicy,
    RefusedError,
    parse_hosts,
)

WITHIN = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104
    *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0"),
    *("fc00::1", "ff02::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
)


def policy(hosts: str) -> FetchPolicy:
    """What is allowed when these are named."""
    return FetchPolicy(parse_hosts(hosts))


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.shop.example/a.jpg",
        "http://CDN.Shop.Example/a.jpg",
        "//cdn.shop.example/a.jpg",
        "https://cdn.shop.example:443/a.jpg",
        "http://img.example:8080/a.jpg",
        "http://[2001:db8::1]/a.jpg",
        "https://b\u00fccher.example/a.jpg",
    ],
)
def test_a_named_host_may_be_asked(address: str) -> None:
    """In any case of letters, at its usual ports or at the one that was named."""
    policy("cdn.shop.example, img.example:8080,[2001:db8::1],b\u00fccher.example").address(address)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://evil.example/a.jpg", "does not name its host 'evil.example'"),
        ("https://x.cdn.shop.example/a.jpg", "does not name its host"),
        ("https://cdn.shop.example.evil.example/a.jpg", "does not name its host"),
        ("https://cdn.shop.example:22/a.jpg", "does not name its host 'cdn.shop.example:22'"),
        ("https://cdn.shop.example@evil.example/a.jpg", "holds a name or a password"),
        ("https://evil.example\\@cdn.shop.example/a.jpg", "holds a name or a password"),
        ("file:///etc/passwd", "only http and https"),
        ("ftp://cdn.shop.example/a.jpg", "only http and https"),
        ("http://", "only http and https"),
        ("http://[", "does not name its host"),
        ("https://cdn.shop.example:99999/a", "does not name its host"),
        ("\x00", "no address"),
    ],
)
def test_anything_else_is_refused_with_the_reason(address: str, reason: str) -> None:
    """Neither a part of a name nor another port nor another scheme will do."""
    with pytest.raises(RefusedError, match=reason):
        policy("cdn.shop.example").address(address)


@pytest.mark.parametrize("machine", WITHIN)
def test_a_name_that_leads_within_a_network_is_refused(machine: str) -> None:
    """Loopback, private, link-local, multicast, and IPv4 in any dress of IPv6."""
    with pytest.raises(RefusedError, match="not on the public internet"):
        policy("cdn.shop.example").check_machine("cdn.shop.example", machine)


def test_a_machine_that_is_named_itself_is_allowed() -> None:
    """So is loopback for localhost, and any public one."""
    named = policy("media.corp,10.0.0.5:8080,localhost")
    named.check_machine("media.corp", "10.0.0.5")
    named.check_machine("media.corp", "::ffff:10.0.0.5")
    named.check_machine("localhost", "127.0.0.1")
    named.check_machine("media.corp", "93.184.216.34")
    for host, machine in (("media.corp", "10.0.0.6"), ("media.corp", "127.0.0.1")):
        with pytest.raises(RefusedError, match=f"--fetch-hosts {host},{machine} allows it"):
            named.check_machine(host, machine)


def test_hosts_are_names_with_or_without_a_port() -> None:
    """Anything else is said in a line."""
    assert parse_hosts("a.example, B.example:81 ,") == (
        AllowedHost("a.example", None),
        AllowedHost("b.example", 81),
    )
    assert parse_hosts(None) == ()
    for wrong in ("*.example", "http://a.example", "a.example/x", "a b", "a:0", "a:99999", "u@a"):
        with pytest.raises(UsageError, match="give exact names"):
            parse_hosts(wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"most_bytes": 0}, {"seconds": 0.0}, {"seconds": float("nan")}, {"at_once": 0}],
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    """In a line that names the option."""
    with pytest.raises(UsageError, match="--fetch-"):
        FetchPolicy((), **wrong)


def test_no_address_raises_anything_else() -> None:
    """What a feed may hold in the place of an address is refused, never a traceback."""
    pieces = [
        "http",
        "https:",
        "//",
        "[",
        "]",
        "@",
        ":",
        "%",
        "\n",
        "\u2028",
        "..",
        "xn--",
        "\ud800",
    ]
    for first in pieces:
        for second in pieces:
            for third in pieces:
                with suppress(RefusedError):
                    policy("a.example").address(first + second + third + "a")
