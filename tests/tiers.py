"""Which settings of one claim `make test` tries, which it leaves to `make test-all`, and what comes
first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.databases import PASS, POSTGRES


def first_of(values: Iterable[Any]) -> list[Any]:
    """Values of one parameter: `make test` tries the first, `make test-all` the others."""
    first, *others = values
    return [first, *(pytest.param(other, marks=pytest.mark.thorough) for other in others)]


def leave_postgres(items: Iterable[pytest.Item]) -> None:
    """What is tried on both databases is tried on SQLite by `make test`, on Postgres by `make
    test-all`.
    """
    if PASS == POSTGRES:
        return
    for item in items:
        settings = getattr(item, "callspec", None)
        if settings is not None and any(
            isinstance(one, str) and one == POSTGRES for one in settings.params.values()
        ):
            item.add_marker(pytest.mark.thorough)


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
