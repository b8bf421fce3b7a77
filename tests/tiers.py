"""Which settings of one claim `make test` tries, and which it leaves to `make test-all`."""

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
