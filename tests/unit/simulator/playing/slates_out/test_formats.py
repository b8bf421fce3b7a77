"""Slates in each format: every item shown, its numbers exact, and nothing where nothing is
known.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from db.errors import UsageError
from recommender.ranking import REASONS, SLATE
from simulator.playing.slates_out import formats
from simulator.playing.slates_out.contents import COLUMNS, ShownSlate

IDS = ['a,"b"', "zwei\nZeilen", "靴 ß"]
KEYS = ("run", "session", "step", "generation")


def slates() -> list[ShownSlate]:
    """One whole, with propensities; one shorter, of which nothing but a score is known."""
    entries = np.zeros((2, 2), SLATE)
    entries["item"] = [[2, 0], [1, -1]]
    entries["score"] = [[0.5, 0.1], [0.25, 0.0]]
    for name in REASONS:
        entries[name] = [[0.1, 0.3], [np.nan, np.nan]]
    return [
        ShownSlate("0123456789ab", 70, 0, 1, entries[0], [0.75, None]),
        ShownSlate("0123456789ab", 71, 2, -1, entries[1], None),
    ]


def written(name: str) -> tuple[int, bytes]:
    """What is said to be written, and all bytes of it."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as file:
        count = formats.chosen(name).write(iter(slates()), IDS, file)
        file.flush()
        return count, raw.getvalue()


def rows() -> list[dict[str, Any]]:
    """What a table must hold."""
    first, second = slates()
    known = [{**dict.fromkeys(REASONS, value)} for value in (0.1, 0.3)]
    nothing = dict.fromkeys(REASONS)
    shown = [
        (first, 1, IDS[2], 0.5, known[0], 0.75),
        (first, 2, IDS[0], 0.1, known[1], None),
        (second, 1, IDS[1], 0.25, nothing, None),
    ]
    return [
        {
            **dict(zip(KEYS, slate[:4], strict=True)),
            "position": position,
            "item": item,
            "score": score,
            **reasons,
            "propensity": chance,
        }
        for slate, position, item, score, reasons, chance in shown
    ]


def test_parquet_has_a_row_an_item_and_nulls() -> None:
    """With the types of numbers; a float32 is the short number that it means."""
    count, content = written("parquet")
    table = pq.read_table(io.BytesIO(content))
    assert table.to_pylist() == rows()
    assert tuple(table.column_names) == COLUMNS
    assert count == 3


def test_csv_has_a_row_an_item_and_empty_cells() -> None:
    """Quotes, line breaks and letters of elsewhere come through."""
    count, content = written("csv")
    found = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
    assert found == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows()
    ]
    assert count == 3


def test_json_has_a_slate_a_line_and_no_key_for_nothing() -> None:
    """The same as the table, folded by slate."""
    count, content = written("jsonl")
    found = [json.loads(line) for line in content.decode("utf-8").splitlines()]
    told = [
        {name: value for name, value in row.items() if value is not None and name not in KEYS}
        for row in rows()
    ]
    folded = [told[:2], told[2:]]
    for line, slate, items in zip(found, slates(), folded, strict=True):
        ranked = [{"position": place, **item} for place, item in enumerate(line.pop("items"), 1)]
        assert ranked == items
        assert line == dict(zip(KEYS, slate[:4], strict=True))
    assert count == 2


def test_a_format_that_is_none_is_said() -> None:
    """With the nearest and with all."""
    with pytest.raises(UsageError, match="did you mean 'csv'"):
        formats.chosen("cvs")
