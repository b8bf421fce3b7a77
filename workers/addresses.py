"""Addresses of servers for people: without users, passwords, and values that may be secrets."""

from __future__ import annotations

import re

_SECRET = re.compile(r"((?:[^&=]*(?:pass|secret|token|key|user)[^&=]*)=)[^&]*", re.IGNORECASE)


def without_secrets(address: str) -> str:
    """`...@host:6379/0` where there is a user or password; what is unclear is left out."""
    if "://" not in address:
        return address
    scheme, _, rest = address.partition("://")
    place, mark, query = rest.partition("?")
    if "@" in query:  # of a password before it, or of one in it: nobody knows
        return f"{scheme}://..."
    place = f"...@{place.rpartition('@')[2]}" if "@" in place else f"{scheme}://{place}"
    return place + mark + _SECRET.sub(r"\1***", query)
