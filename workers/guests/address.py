"""How a guest is named on the command line, and what of it makes a run the run it is."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import entry_points
from math import isfinite
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from db.errors import UsageError
from db.nearest import nearest
from recommender.registry import POLICY_NAMES
from workers.guests.guest import Guest

GROUP = "windowshop.recommenders"
"""The entry points under which an installed package offers recommenders."""
FILES = (".parquet", ".csv", ".tsv", ".run", ".trec", ".txt")
"""Endings of files that hold lists."""
FORMS = "FILE.py:CLASS, PACKAGE.MODULE:CLASS, http://HOST:PORT, or a file of lists"
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)=(?P<rest>.+)", re.DOTALL)


def is_guest(policy: str) -> bool:
    """Whether a policy is named as a guest is."""
    rest = _NAMED.fullmatch(policy)
    bare = rest["rest"] if rest else policy
    return policy not in POLICY_NAMES and (
        rest is not None
        or ":" in bare
        or bare.partition("?")[0].endswith(FILES)
        or bare.partition("?")[0] in _offered()
    )


def parse(policy: str) -> Guest:
    """The guest of a name, which need not be there; version is empty yet.

    Raises UsageError for what names none.
    """
    given = _NAMED.fullmatch(policy)
    bare = given["rest"] if given else policy
    guest = _parsed(bare)
    name = given["name"] if given else guest.name
    if name in POLICY_NAMES:
        raise UsageError(f"{name!r} is a policy of ours; give yours another name: my-{name}={bare}")
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,39}", name):
        raise UsageError(f"{name!r} is no name for a policy; give one: mine={bare}")
    return replace(guest, name=name)


def _parsed(bare: str) -> Guest:
    if bare.startswith(("http://", "https://")):
        return _over_http(bare)
    if bare.startswith("here:"):
        return _from_here(bare)
    target, _, query = bare.partition("?")
    options = {name: _value(text) for name, text in parse_qsl(query, keep_blank_values=True)}
    if target.endswith(FILES):
        path = Path(target)
        return Guest(path.stem, "file", path.name, str(path.absolute()), options)
    target = _offered().get(target, target)
    where, colon, name = target.rpartition(":")
    if not colon or not where or not name.isidentifier():
        hint = nearest(target, [*POLICY_NAMES, *_offered()])
        raise UsageError(f"no policy {bare!r}; {hint}one of your own is {FORMS}")
    if where.endswith(".py"):
        path = Path(where)
        if not path.is_file():
            raise UsageError(f"there is no file {where!r}; give the path of your recommender")
        return Guest(name, "python", f"{path.name}:{name}", str(path.absolute()), options)
    return Guest(name, "python", target, where, options)


def _from_here(place: str) -> Guest:
    from workers.guests.doors.here import guest_of  # noqa: PLC0415 - only a notebook needs it

    try:
        return guest_of(place)
    except KeyError:
        raise UsageError(
            f"{place!r} is an object of another process; put its class in a file: mine.py:Mine"
        ) from None


def _over_http(address: str) -> Guest:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{address!r} is no address ({error}); give http://HOST:PORT") from None
    if not parts.hostname or parts.username or parts.password:
        raise UsageError(f"{address!r} is no address that can be asked; give http://HOST:PORT")
    host = parts.hostname + (f"-{port}" if port else "")
    return Guest(host, "http", address.rstrip("/"), address.rstrip("/"))


def _offered() -> dict[str, str]:
    """The recommenders of installed packages: name -> module:CLASS."""
    return {one.name: one.value for one in entry_points(group=GROUP)}


def _value(text: str) -> int | float | bool | str:
    """An option as Python would write it."""
    if text in {"true", "True", "false", "False"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if isfinite(value) else text
    return text
