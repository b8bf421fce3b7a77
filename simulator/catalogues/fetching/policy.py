"""Where pictures may be fetched from, how large they may be, and how long they may take."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple

import httpx

from db.errors import UsageError

PORTS = {"http": 80, "https": 443}
MOST_AT_ONCE = 32
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@*?#]+)(?::(\d{1,5}))?")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedError(ValueError):
    """An address that may not be asked for; the message says why, after `was not fetched: `."""


class AllowedHost(NamedTuple):
    """A host that the user named. port: None is 80 for http, 443 for https."""

    name: str
    port: int | None


@dataclass(frozen=True)
class FetchPolicy:
    """What `--fetch` may do."""

    hosts: tuple[AllowedHost, ...]
    most_bytes: int = 20_000_000
    """Of one picture."""
    seconds: float = 20.0
    """For one picture in all: name, connection, redirects and every byte."""
    at_once: int = 4

    def __post_init__(self) -> None:
        if self.most_bytes < 1:
            raise UsageError("--fetch-mb must be at least 1")
        if not 1 <= self.at_once <= MOST_AT_ONCE:
            raise UsageError(f"--fetch-at-once must be 1 to {MOST_AT_ONCE}, found {self.at_once}")
        if not 0 < self.seconds <= 3600:  # nan is no number of seconds either
            raise UsageError("--fetch-seconds must be above 0, and at most 3600")

    def address(self, text: str) -> httpx.URL:
        """An address that may be asked for; RefusedError with the reason for any other."""
        try:
            url = httpx.URL(f"https:{text}" if text.startswith("//") else text)
            port = url.port or PORTS.get(url.scheme)
        except (httpx.InvalidURL, ValueError):
            raise RefusedError("this is no address") from None
        if url.scheme not in PORTS or not url.raw_host or port is None:
            raise RefusedError("only http and https are asked for")
        if url.userinfo:
            raise RefusedError("its address holds a name or a password")
        if not any(_same(one, url, port) for one in self.hosts):
            shown = _ascii(url) if url.port is None else f"{_ascii(url)}:{url.port}"
            raise RefusedError(f"--fetch-hosts does not name its host {shown!r}")
        return url

    def check_machine(self, host: str, machine: str) -> None:
        """RefusedError where a host's name leads to a machine that is not on the public internet.

        A name in a feed may lead anywhere, so the machine's own address must be named, too;
        `localhost` is a name for loopback alone.
        """
        found = _plain(machine)
        if found.is_global and not found.is_multicast:
            return
        if any(_is_machine(one.name, found) for one in self.hosts):
            return
        if host == "localhost" and found.is_loopback:
            return
        raise RefusedError(
            f"its host {host!r} is at {str(found)!r}, which is not on the public internet; "
            f"--fetch-hosts {host},{found} allows it"
        )


def parse_hosts(text: str | None) -> tuple[AllowedHost, ...]:
    """`cdn.shop.example,10.0.0.5:8080` as hosts; UsageError for what is none."""
    return tuple(_host(one.strip()) for one in (text or "").split(",") if one.strip())


def _host(text: str) -> AllowedHost:
    found = _HOST.fullmatch(text)
    try:
        if found is None or int(found[2] or 1) not in range(1, 65536):
            raise ValueError(text)
        return AllowedHost(
            _ascii(httpx.URL(f"http://{found[1]}")), int(found[2]) if found[2] else None
        )
    except (httpx.InvalidURL, ValueError):
        raise UsageError(
            f"--fetch-hosts: {text[:80]!r} is no host; give exact names, HOST or HOST:PORT,"
            " separated by commas"
        ) from None


def _ascii(url: httpx.URL) -> str:
    """Its host as it is asked for; httpx's own name of it fails on some that begin with xn--."""
    return url.raw_host.decode("ascii")


def _same(allowed: AllowedHost, url: httpx.URL, port: int) -> bool:
    return allowed.name == _ascii(url) and port == (allowed.port or PORTS[url.scheme])


def _is_machine(name: str, found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return _plain(name) == found
    except ValueError:  # a name, and no address of a machine
        return False


def _plain(machine: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """A machine's address, taken out of IPv6 that only wraps one of IPv4."""
    found = ipaddress.ip_address(machine)
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    teredo = found.teredo
    return found.ipv4_mapped or found.sixtofour or (teredo[1] if teredo else found)
