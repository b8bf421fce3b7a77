"""Somebody who types the commands of a page, for the tests that read what they print.

The module of such a test names its steps in TYPED.
"""

from __future__ import annotations

import pytest

from tests.databases import PASS, POSTGRES
from tests.documented import Outcome, Reader, Step


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Somebody with an empty home."""
    if PASS == POSTGRES:
        pytest.skip("the pages show a home with SQLite")
    return Reader(tmp_path_factory.mktemp("you"))


@pytest.fixture(scope="module")
def told(reader: Reader, request: pytest.FixtureRequest) -> dict[Step, Outcome]:
    """What each step printed, all of them typed one after the other."""
    return {step: reader.types(step.command) for step in request.module.TYPED}
