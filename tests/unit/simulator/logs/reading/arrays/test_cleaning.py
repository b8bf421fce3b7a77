"""What is absent, what is a number, what counts once, and what is said of it."""

from __future__ import annotations

import pytest

from tests.log_dialects import NULLS, read

HEADER = "shopper,session,time,item,kind"


@pytest.mark.parametrize("null", NULLS)
def test_a_null_of_any_spelling_is_absent(null: str) -> None:
    """Nobody is called NULL, and no item is; a line without an item is left out."""
    found, notes = read(f"{HEADER}\n{null},1,1,x,view\ns,1,2,{null},view\n")
    assert [one[1] for one in found] == [""]
    assert notes.skipped[0].text() == "log:3: this view names no item"


def test_whole_numbers_of_a_float_column_lose_their_point() -> None:
    """With a note; in a column of texts `7.0` is a text."""
    found, notes = read(f"{HEADER}\ns,1,1,355908.0,view\ns,1,2,7,view\n")
    assert [one[4] for one in found] == ["355908", "7"]
    assert notes.remarks == ["the item is a column of whole numbers kept as floats; 7.0 is 7"]
    found, notes = read(f"{HEADER}\ns,1,1,355908.0,view\ns,1,2,v7,view\n")
    assert [one[4] for one in found] == ["355908.0", "v7"]
    assert notes.remarks == []


def test_events_that_are_equal_in_all_that_is_read_count_once() -> None:
    """However they are spelled; one that differs in kind, time or shopper is another."""
    rows = ["s,1,100,x,view", "s,1,100.0, x,View", "s,1,100,x,cart", "s,1,101,x,view",
            "t,1,100,x,view", "s,1,100,x,view"]  # fmt: skip
    found, notes = read("\n".join([HEADER, *rows]))
    assert len(found) == 4
    assert notes.to_json()["duplicates"] == 2
    assert "2 events equal an earlier one and count once" in notes.lines()


def test_every_line_is_in_one_count_and_at_most_twenty_are_shown() -> None:
    """Reasons with a count each; JSON names all lines, people see the first."""
    bad = ["s,1,soon,x,view"] * 30 + ["s,1,5,x,bought"] * 10 + ["s,,5,x,view", "s,1,5"]
    good = [f"s,1,{n},x,view" for n in range(58)]
    _, notes = read("\n".join([HEADER, *bad, *good]))
    told = notes.to_json()
    assert told["reasons"] == {
        "no time": 30,
        "unknown kind": 10,
        "no session": 1,
        "wrong number of fields": 1,
    }
    assert (told["kept"], told["left_out"], len(told["skipped"])) == (58, 42, 42)
    assert sum(line.startswith("log:") for line in notes.lines()) == 20
    assert "42 of 100 lines left out (30 no time, 10 unknown kind" in notes.lines()[-1]


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("1443000215", 1443000215.0),
        ("1443000215.25", 1443000215.25),
        ("1443000215250", 1443000215.25),
        ("1443000215250000", 1443000215.25),
        ("2015-09-23 09:23:35", 1443000215.0),
        ("2015-09-23T09:23:35.250Z", 1443000215.25),
        ("2015-09-23 09:23:35 UTC", 1443000215.0),
        ("2015-09-23T11:23:35+02:00", 1443000215.0),
        ("2015-09-23T11:23:35+0200", 1443000215.0),
        ("20150923T092335Z", 1443000215.0),
        ("2015-09-23", 1442966400.0),
    ],
)
def test_a_time_is_read_as_it_is_written(word: str, seconds: float) -> None:
    """Numbers by their size, ISO 8601 with and without a zone, a date is its midnight."""
    found, _ = read(f"{HEADER}\ns,1,{word},x,view\n")
    assert found[0][3] == seconds
