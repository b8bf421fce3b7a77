"""Whether somebody sits at the machine of the shop: some pages do what only she may ask for."""

from __future__ import annotations

import ipaddress

from fastapi import Request

from simulator.shop.web.guards import LOOPBACK, host_name

PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""What a gate before the shop adds; behind it everybody seems to sit here."""


def is_loopback(host: str) -> bool:
    """Whether an address, or the name of one, is this machine's own."""
    bare = host.strip("[]")
    try:
        return bare == "localhost" or ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def is_nearby(request: Request) -> bool:
    """A shop that listens on loopback alone, asked from there by a name of there, by nobody who
    passes on.
    """
    client = request.client.host if request.client else ""
    return (
        bool(request.app.state.listens_nearby)
        and is_loopback(client)
        and host_name(request.headers.get("host", "")) in LOOPBACK
        and not any(name in request.headers for name in PASSED_ON)
    )
