"""Every command of the page "Your own data" is executed, and prints what the page shows."""

from __future__ import annotations

import pytest

from tests import documented
from tests.databases import PASS, POSTGRES
from tests.documented import DATA, Reader

pytestmark = pytest.mark.journey


@pytest.mark.timeout(600)
@pytest.mark.thorough
def test_a_command_prints_what_the_page_shows(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Typed one after the other in an empty home."""
    if PASS == POSTGRES:
        pytest.skip("the documents show a home with SQLite")
    reader = Reader(tmp_path_factory.mktemp("you"))
    steps = documented.steps(DATA)
    assert len(steps) > 3
    for step in steps:
        said = reader.types(step.command)
        assert documented.complaint(reader, "data", step, said) == ""
