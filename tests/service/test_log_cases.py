"""Logs as people sent them: each is read whole, whatever it is packed in and whoever wrote it.

They lie in the folder that WINDOWSHOP_TEST_CASES names; without it these tests are left out.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.logs import log_arrays
from simulator.logs.log_arrays import LogArrays
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes

CASES = Path(os.environ.get("WINDOWSHOP_TEST_CASES", "none"))

pytestmark = pytest.mark.service


SHAPES = {
    "dig.csv": ("diginetica", 1),
    "hm.csv": ("hm", 1),
    "iso-times.csv": ("windowshop", 2458),
    "otto.jsonl": ("otto", 2),
    "rees46.csv": ("rees46", 1),
    "retailrocket-events.csv": ("retailrocket", 9),
    "yoochoose-clicks.dat": ("yoochoose", 2),
}


@pytest.fixture(autouse=True)
def _cases() -> None:
    """The folder with them."""
    if not CASES.is_dir():
        pytest.skip("WINDOWSHOP_TEST_CASES names no folder")


def read(name: str) -> tuple[LogArrays, Notes]:
    """A case as the recommender reads it."""
    notes = Notes(name)
    return log_arrays.gathered(reading.read(CASES / name, notes), notes), notes


@pytest.mark.parametrize("name", SHAPES)
def test_a_public_shape_is_read_whole(name: str) -> None:
    """By its header or its first line, every event of it."""
    _, notes = read(f"17-public-log-shapes/{name}")
    assert (notes.format, notes.read) == SHAPES[name]
    assert notes.skipped == []


def test_line_breaks_in_quotes_lose_nothing() -> None:
    """Half of the lines go on over the next one."""
    found, notes = read("16-newline-in-quotes/log.csv")
    assert (notes.read, notes.skipped) == (2458, [])
    assert (found.log.n_sessions, found.log.n_items) == (600, 60)


@pytest.mark.parametrize("name", ["cr.csv", "log.csv.gz", "log.csv.zip", "utf16.csv"])
def test_a_packed_or_encoded_log_is_the_log(name: str) -> None:
    """The same arrays as those of the plain one."""
    plain, _ = read("16-newline-in-quotes/log.csv")
    found, _ = read(f"18-packed-or-encoded/{name}")
    assert_same(found, plain)


def test_the_newest_line_may_come_first() -> None:
    """It is sorted by time, which is said, and then nothing differs."""
    newest, notes = read("22-newest-first/newest-first.csv")
    oldest, silent = read("22-newest-first/oldest-first.csv")
    assert "events are sorted by time" in notes.doubtful[0].reason
    assert silent.doubtful == []
    assert_same(newest, oldest)


def test_a_log_without_ascii_is_read() -> None:
    """As UTF-8."""
    found, _ = read("19-stdout/cafe.csv")
    assert any(not one.isascii() for one in found.item_ids)


def assert_same(found: LogArrays, wanted: LogArrays) -> None:
    """All that a figure could follow from."""
    assert found.item_ids == wanted.item_ids
    for name in ("session", "time", "item", "acted", "shopper"):
        assert (getattr(found.log, name) == getattr(wanted.log, name)).all(), name
