"""What a guest is known by: its sources, wherever they lie, and the name a package gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.guests.admitted import admitted

CLASS = """
class Mine:
    def start(self, shop): ...
    def slates(self, requests): ...
    def learn(self, day): ...
"""


def version(policy: str) -> str:
    """The sha256 that goes into the id of a run."""
    found = admitted(policy)
    assert found is not None
    return found.guest.version


def test_what_a_class_loads_from_beside_it_is_of_its_sources(tmp_path: Path) -> None:
    """A run of other code is another run. A file that nobody loads changes nothing."""
    (tmp_path / "mine.py").write_text("import part\n" + CLASS)
    (tmp_path / "part.py").write_text("WEIGHT = 1\n")
    first = version(f"{tmp_path}/mine.py:Mine")
    (tmp_path / "other.py").write_text("WEIGHT = 1\n")
    assert version(f"{tmp_path}/mine.py:Mine") == first
    (tmp_path / "part.py").write_text("WEIGHT = 10\n")
    assert version(f"{tmp_path}/mine.py:Mine") != first


def test_a_module_that_lies_nowhere_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch has some, whose file is a bare name: it would lie wherever one is."""
    monkeypatch.chdir(tmp_path)
    ghost = "import sys, types\nghost = types.ModuleType('ghost')\nghost.__file__ = 'ghost.py'\n"
    (tmp_path / "mine.py").write_text(ghost + "sys.modules['ghost'] = ghost\n" + CLASS)
    assert version("mine.py:Mine")


def test_a_package_offers_it_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the entry point group windowshop.recommenders."""
    about = tmp_path / "offering-1.dist-info"
    about.mkdir()
    (tmp_path / "offering.py").write_text(CLASS)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[windowshop.recommenders]\ntheirs = offering:Mine\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = admitted("theirs")
    assert found is not None
    assert (found.guest.name, found.guest.target) == ("Mine", "offering:Mine")
    assert len(found.guest.version) == 64
