"""Logs from elsewhere: both formats, what is wrong with a line, and the good part kept."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db import bounded
from db.errors import DataError, UsageError
from db.events import Kind
from simulator.logs import log_arrays
from simulator.logs.log_arrays import LogArrays
from simulator.logs.reading import notes as accounting
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays import log_lines
from simulator.logs.reading.arrays.log_lines import LogLine
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from tests import log_dialects
from tests.tiers import first_of

HEADER = "shopper,session,time,item,kind"


def lines(path: Path, notes: Notes) -> list[LogLine]:
    """The good lines of a file, in its order."""
    return list(log_lines.of(reading.read(path, notes)))


def read(tmp_path: Path, *rows: str) -> tuple[list[LogLine], Notes]:
    """Lines and notes of a file with these rows."""
    path = tmp_path / "log"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    notes = Notes("log")
    return lines(path, notes), notes


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("s,1,5,a,bought", "the kind 'bought' is unknown; known are search, view"),
        ("s,1,soon,a,view", "the time 'soon' is no number of seconds"),
        ("s,1,nan,a,view", "the time 'nan' is no number of seconds that can be kept"),
        ("s,1,5,a", "this line has 4 fields, the first one 5"),
        ("s,,5,a,view", "this line names no session"),
        ("s,1,5,,view", "this view names no item"),
        ('s,1,5,"a,view', "this is no line of a CSV"),
    ],
)
def test_a_broken_line_is_named_and_the_others_are_kept(
    tmp_path: Path, row: str, words: str
) -> None:
    """File, line, reason; both neighbours stay."""
    good, notes = read(tmp_path, HEADER, "s,1,4,a,click", row, 's,1,6,"b,c",purchase')
    assert [(one.number, one.item) for one in good] == [(2, "a"), (4, "b,c")]
    assert len(notes.skipped) == 1
    assert notes.skipped[0].text().startswith("log:3: ")
    assert words in notes.skipped[0].text()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("garbage", "this is no JSON"),
        ("[1]", "wanted one JSON object"),
        ('{"kind":"click","session":1,"item":"a"}', "the key 'at' is missing"),
        ('{"kind":"click","session":1,"at":"5","item":"a"}', "no number of seconds"),
        (
            '{"event_id":"e","kind":"click","session":1,"at":5,"item":"a"}',
            "stands on line 1 already",
        ),
    ],
)
def test_a_broken_line_of_json_is_named(tmp_path: Path, row: str, words: str) -> None:
    """The same for the export's format."""
    first = '{"event_id":"e","kind":"view","shopper":3,"session":1,"at":4.5,"query":"a"}'
    good, notes = read(tmp_path, first, row)
    assert [(one.kind, one.shopper, one.time, one.item) for one in good] == [
        (Kind.VIEW, "3", 4.5, "a")
    ]
    assert words in notes.skipped[0].text()


def test_a_time_out_of_order_is_told_and_kept(tmp_path: Path) -> None:
    """The order of the file counts; other sessions may be earlier without a word."""
    good, notes = read(tmp_path, HEADER, "s,1,9,a,view", "s,1,4,b,view", "t,2,1,c,view")
    assert len(good) == 3
    assert [one.line for one in notes.doubtful] == [3]
    assert "lies before 9 on line 2" in notes.doubtful[0].reason


def test_a_file_that_is_no_log_says_what_was_wanted(tmp_path: Path) -> None:
    """A wrong header, nothing good, nothing there."""
    with pytest.raises(DataError, match="wanted JSON lines or a first line like shopper,session"):
        read(tmp_path, "a,b,c")
    with pytest.raises(DataError, match="at least one good line"):
        read(tmp_path, HEADER, "s,1,5,a,bought")
    with pytest.raises(UsageError, match="wanted a log"):
        lines(tmp_path / "none", Notes("none"))


def test_a_log_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without lines, a pipe that goes on, and a log of nothing but bad lines."""
    with pytest.raises(DataError, match="/dev/zero:1: wanted lines of at most 1,000,000 bytes"):
        lines(Path("/dev/zero"), Notes("/dev/zero"))
    monkeypatch.setattr(bounded, "LARGEST_STREAM", 10_000)
    with (
        endless(tmp_path / "pipe", b"s,1,5,a,view\n") as pipe,
        pytest.raises(DataError, match="wanted at most 10,000 bytes from what is no regular file"),
    ):
        lines(pipe, Notes("pipe"))
    monkeypatch.setattr(accounting, "MOST_BAD", 100)
    with pytest.raises(DataError, match=r"gave up at 100 bad lines, .*the first: log:2"):
        read(tmp_path, HEADER, *["bad"] * 101)
    good, notes = read(tmp_path, HEADER, *[f"s,1,{n},a,view" for n in range(200)], *["bad"] * 150)
    assert (len(good), len(notes.skipped)) == (200, 150)


def test_a_log_comes_through_a_pipe(tmp_path: Path) -> None:
    """A FIFO that ends is a log like any other."""
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(
        target=(tmp_path / "pipe").write_text, args=(f"{HEADER}\ns,1,5,a,view\n",), daemon=True
    )
    writer.start()
    assert [one.item for one in lines(tmp_path / "pipe", Notes("pipe"))] == ["a"]
    writer.join()


@contextmanager
def endless(place: Path, line: bytes) -> Iterator[Path]:
    """A FIFO into which somebody writes a header, then one line for ever."""
    os.mkfifo(place)

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), place.open("wb") as pipe:
            pipe.write(f"{HEADER}\n".encode())
            while True:
                pipe.write(line)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    yield place
    writer.join()


@pytest.mark.parametrize("first", first_of(range(0, 200, 40)))
def test_one_log_in_any_dialect_and_order_is_the_same_log(tmp_path: Path, first: int) -> None:
    """Separator, quotes, line ends, encoding, packing, parts, times, names, order, doubles."""
    for seed in range(first, first + 40):
        folder = tmp_path / str(seed)
        folder.mkdir()
        log = log_dialects.rows(seed % 7)
        plain = folder / "plain.csv"
        plain.write_text("\n".join([HEADER, *(",".join(map(str, row)) for row in log)]))
        path, how, told = log_dialects.written(log, seed, folder)
        wanted, found = arrays(plain, reading.DEFAULT), arrays(path, how)
        assert found.notes.skipped == [], told
        assert found.item_ids == wanted.item_ids, told
        for name in ("session", "time", "item", "acted", "shopper"):
            here, there = (getattr(one.log, name).tolist() for one in (found, wanted))
            assert here == there, f"{name}: {told}"


def arrays(path: Path, options: ReadOptions) -> LogArrays:
    """A file as what the recommender reads."""
    notes = Notes(path.name)
    return log_arrays.gathered(reading.read(path, notes, options), notes)
