"""Every format: chosen by its name, and read again by our own reader where it reads it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from db.errors import DataError, UsageError
from db.events import Kind
from simulator.logs import log_arrays
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays import log_lines
from simulator.logs.reading.notes import Notes
from simulator.playing.export_formats import formats
from tests.unit.simulator.playing.export_formats.day import IDS, QUERY, RUN, SHOWN, day, log, put
from tests.unit.simulator.playing.export_formats.day import written as written_as

ACTS = (Kind.VIEW, Kind.CLICK, Kind.CART, Kind.PURCHASE)
SHOWS = ("csv", "parquet", "ubi")
"""Formats that hold impressions, too."""
Line = tuple[Kind, str, str, float, str]


def acts(ids: list[str] = IDS) -> list[Line]:
    """What was done with items, from the events themselves."""
    rows = day().of(*ACTS)
    items = np.where(rows["kind"] == Kind.VIEW, QUERY, rows["item"])
    told = zip(rows, items.tolist(), strict=True)
    return [
        (Kind(int(row["kind"])), str(row["shopper"]), str(row["session"]), row["at"] / 1000, ids[n])
        for row, n in told
    ]


def lines_of(path: Path) -> tuple[list[Line], Notes]:
    """What our reader finds in a file whose format nobody names."""
    notes = Notes(str(path))
    found = log_lines.of(reading.read(path, notes))
    return [(one.kind, one.shopper, one.session, one.time, one.item) for one in found], notes


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet", "recbole", "ubi"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    """All that was done with items: kind, shopper, session, time and item; no line is left out."""
    found, notes = lines_of(put(tmp_path, name))
    assert [one for one in found if one[0] in ACTS] == acts()
    assert notes.skipped == []
    assert notes.duplicates == 0
    if name in SHOWS:
        shown = [one[4] for one in found if one[0] == Kind.IMPRESSION]
        assert shown == [IDS[item] for slate in SHOWN for item in slate]


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_tables_become_the_arrays_of_the_json_lines(tmp_path: Path, name: str) -> None:
    """What the recommender learns from is equal, array for array."""
    ours = log_arrays.read(put(tmp_path, "jsonl"))
    theirs = log_arrays.read(put(tmp_path, name))
    assert theirs.item_ids == ours.item_ids
    for field in ("session", "time", "item", "acted", "shopper"):
        assert np.array_equal(getattr(theirs.log, field), getattr(ours.log, field)), field
    assert np.array_equal(theirs.shown, ours.shown)
    assert np.array_equal(theirs.shown_in, ours.shown_in)


@pytest.mark.parametrize("name", ["csv", "parquet", "ubi"])
def test_ids_of_any_script_and_sign_come_through(tmp_path: Path, name: str) -> None:
    """Separators, quotes, line breaks and letters of elsewhere."""
    ids = ['a,"b"', "zwei\nZeilen", "靴 ß", "tab\there"]
    found, _ = lines_of(put(tmp_path, name, ids))
    assert [one for one in found if one[0] in ACTS] == acts(ids)


@pytest.mark.parametrize(
    ("name", "item"), [("recbole", "a\tb"), ("recbole", 'a"'), ("trec", "a b")]
)
def test_a_name_that_a_format_cannot_hold_is_said(name: str, item: str) -> None:
    """One line with the formats that can."""
    with pytest.raises(DataError, match=f"{name} cannot hold the name .* --format csv, parquet"):
        written_as(log([item] * 4), name)


def test_propensities_stand_in_the_last_column_of_a_table() -> None:
    """Of the items of impressions; other rows have none, and nobody gets the column unasked."""
    chances = {(70 + n, 0): [0.5, 0.25] for n in range(3)}
    rows = list(csv.DictReader(written_as(log(chances=chances), "csv").decode().splitlines()))
    assert list(rows[0])[-1] == "propensity"
    said = [row["propensity"] for row in rows if row["kind"] == "impression"]
    assert said == ["0.5", "0.25"] * 3
    assert {row["propensity"] for row in rows if row["kind"] != "impression"} == {""}
    assert b"propensity" not in written_as(log(), "csv")


def test_a_format_is_chosen_by_its_name() -> None:
    """An unknown one is told the nearest and all of them; one without room for propensities which
    have it.
    """
    assert [one.name for one in formats.FORMATS] == [
        *("jsonl", "csv", "parquet", "recbole", "ubi", "obp", "trec"),
    ]
    assert formats.chosen("obp", with_propensities=True).needs_propensities
    with pytest.raises(UsageError, match=r"no format 'parket'; did you mean 'parquet'\?"):
        formats.chosen("parket", with_propensities=False)
    with pytest.raises(UsageError, match="no place in recbole; jsonl, csv, parquet, obp have one"):
        formats.chosen("recbole", with_propensities=True)


def test_the_same_run_is_the_same_bytes_in_every_format() -> None:
    """Twice the same, and what is said of the run is in each."""
    chances = {(70 + n, 0): [0.5, 0.25] for n in range(3)}
    for one in formats.FORMATS:
        asked = chances if one.needs_propensities else None
        first = written_as(log(chances=asked), one.name)
        assert first == written_as(log(chances=asked), one.name)
    assert RUN.encode() in written_as(log(), "jsonl")
