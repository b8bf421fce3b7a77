"""What the name of a crossover's cell knows of the code: every source of the four packages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulator.crossover.grid import PACKAGES, code
from tests.tiers import first_of

NAMES = [package.name for package in PACKAGES]


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    """The sources of the four packages, to be edited."""
    only_sources = shutil.ignore_patterns("__pycache__", "models")
    return [
        Path(shutil.copytree(one, tmp_path / one.name, ignore=only_sources)) for one in PACKAGES
    ]


def test_the_code_is_known_by_content_and_not_by_place(copies: list[Path]) -> None:
    """A copy elsewhere has the same hash, so another checkout finds the cells of this one."""
    assert NAMES == ["db", "recommender", "workers", "simulator"]
    assert code(copies) == code()


@pytest.mark.parametrize("name", first_of(NAMES))
def test_an_edit_anywhere_in_a_package_moves_the_hash(copies: list[Path], name: str) -> None:
    """Of every file at the top and in folders below, one byte more is another code."""
    package = copies[NAMES.index(name)]
    before = code(copies)
    for file in sorted(package.rglob("*.py")):
        content = file.read_bytes()
        file.write_bytes(content + b"#")
        assert code(copies) != before, file
        file.write_bytes(content)
    assert code(copies) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_moves_into_a_folder_moves_the_hash(copies: list[Path], name: str) -> None:
    """Its path belongs to the code: what is imported under another name may do something else."""
    package = copies[NAMES.index(name)]
    before = code(copies)
    (package / "deeper").mkdir()
    new = package / "deeper" / "new.py"
    new.write_text("")
    with_new = code(copies)
    assert with_new != before
    new.rename(package / "new.py")
    assert code(copies) not in {before, with_new}
