"""A kept picture is found again, and a damaged one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import DependencyError
from simulator.catalogues.fetching.cache import PictureCache

ADDRESS = "https://cdn.shop.example/a.jpg?v=1"


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    """By its address alone; another one finds nothing."""
    cache = PictureCache(tmp_path / "pictures")
    path = cache.keep(ADDRESS, b"bytes")
    assert cache.find(ADDRESS) == path
    assert path.read_bytes() == b"bytes"
    assert cache.find(f"{ADDRESS}1") is None
    cache.forget(ADDRESS)
    assert cache.find(ADDRESS) is None
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_other_bytes_than_were_kept_are_none(tmp_path: Path) -> None:
    """Half a file, or one that somebody changed, is fetched again."""
    cache = PictureCache(tmp_path)
    cache.keep(ADDRESS, b"bytes").write_bytes(b"byte")
    assert cache.find(ADDRESS) is None
    cache.keep(ADDRESS, b"bytes")
    assert cache.find(ADDRESS) is not None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With the cure."""
    (tmp_path / "file").touch()
    with pytest.raises(DependencyError, match="WINDOWSHOP_CACHE"):
        PictureCache(tmp_path / "file").keep(ADDRESS, b"bytes")
