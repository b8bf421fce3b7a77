"""The token for writing to a shop that others can reach: made once, kept for the owner alone."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import Headers

from db.errors import UsageError, WindowshopError

SHORTEST = 16
BEARER = "Bearer "
API = "/api/"


@dataclass(frozen=True)
class Tokens:
    """Who may write over the API."""

    token: str

    def carried(self, headers: Headers) -> bool:
        """Whether a request carries the token."""
        found = headers.get("authorization", "")
        given = found.removeprefix(BEARER) if found.startswith(BEARER) else ""
        return self.is_the(given)

    def is_the(self, given: str) -> bool:
        """Whether it is the token; compared in constant time."""
        return hmac.compare_digest(_digest(given), _digest(self.token))


def token_of(home: Path) -> str:
    """The token of an installation, drawn at the first time and kept in a file for its owner.

    Raises UsageError for a file that holds none, WindowshopError where none can be kept.
    """
    place = place_of(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
                new.write(f"{secrets.token_urlsafe(32)}\n")
        except FileExistsError:
            pass
        token = place.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WindowshopError(
            f"the token for writing cannot be kept in {place} ({error}); set WINDOWSHOP_HOME to a"
            " place you may write"
        ) from None
    if len(token) < SHORTEST or not (token.isascii() and token.isprintable()):
        raise UsageError(
            f"{place} holds no token of {SHORTEST} or more plain characters; delete it, and the"
            " next start makes one"
        )
    return token


def place_of(home: Path) -> Path:
    """Where the token is kept."""
    return home / "shop.token"


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
