"""Which settings of one claim `make test` tries, which it leaves to `make test-all`, and what comes
first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.databases import PASS, POSTGRES


def some_of(values: Iterable[Any], *, every: int) -> list[Any]:
    """The same of many values: `make test` tries the first of so many, `make test-all` the rest."""
    return [
        one if place % every == 0 else pytest.param(one, marks=pytest.mark.thorough)
        for place, one in enumerate(values)
    ]


WITH_A_DATABASE = frozenset({"database_url", "installed", "new_database", "postgres"})
"""The fixtures that every other one with a database is made of."""


def first_of(values: Iterable[Any]) -> list[Any]:
    """Values of one parameter: `make test` tries the first, `make test-all` the others."""
    first, *others = values
    return [first, *(pytest.param(other, marks=pytest.mark.thorough) for other in others)]


def leave_postgres(items: Iterable[pytest.Item]) -> None:
    """What is tried on both databases is tried on SQLite by `make test`, on Postgres by `make
    test-postgres`.
    """
    if PASS == POSTGRES:
        return
    for item in items:
        settings = getattr(item, "callspec", None)
        if settings is None or item.get_closest_marker("thorough"):
            continue
        if POSTGRES not in map(str, settings.params.values()):
            continue
        if any(item.get_closest_marker(tier) for tier in ("service", "journey")):
            item.add_marker(pytest.mark.other_pass)
        else:
            item.add_marker(pytest.mark.thorough)


def leave_what_needs_no_database(items: Iterable[pytest.Item]) -> None:
    """The pass on Postgres leaves what would do the same there: no database of it is asked for."""
    if PASS != POSTGRES:
        return
    for item in items:
        if WITH_A_DATABASE.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.other_pass)


def longest_first(items: list[pytest.Item]) -> None:
    """Files that may take longest begin first, so that no process waits for the last of them.

    How long a file may take is what its marks of pytest-timeout say.
    """
    longest: dict[str, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        seconds = float(mark.args[0]) if mark and mark.args else 0.0
        file = str(item.path)
        longest[file] = max(longest.get(file, 0.0), seconds)
    items.sort(key=lambda item: -longest[str(item.path)])
