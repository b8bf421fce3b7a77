"""CSV as RFC 4180 has it, and what is wrong with one line costs no other."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.logs.reading.tables.records import Records, cut
from tests.log_dialects import read

HEADER = "shopper,session,time,item,kind"


def rows(found: Records) -> list[tuple[str, ...]]:
    """The records as tuples."""
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


# A line within quotes that is a whole record by itself is taken for one: see the test below.
CELL = st.text(st.sampled_from('ab,;" é'), max_size=6) | st.text(
    st.sampled_from('ab;"\n é'), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_pythons_csv_module_writes_is_read_back(table: list[list[str]]) -> None:
    """Quotes, line breaks and separators within fields; only lines without a sign are blank."""
    content = io.StringIO(newline="")
    csv.writer(content, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    found = cut(
        content.getvalue().encode(), separator=",", n_fields=3, wanted=[0, 1, 2], is_last=True
    )
    assert found.bad == []
    assert rows(found) == [tuple(row) for row in table]


@pytest.mark.parametrize(
    "row",
    ['s,1,5,"a,view', '"s,1,5,a,view', 's,1,5,a,"view', 's,1,5,"a"b,view', 's,"1,5,a,view'],
)
def test_a_quote_that_is_not_closed_costs_its_own_line(row: str) -> None:
    """It is named with its number; the lines below it stay, quoted ones included."""
    good = [f's,1,{n},"x{n}",view' for n in range(400)]
    text = "\n".join([HEADER, *good[:200], row, *good[200:]])
    found, notes = read(text)
    assert [one[4] for one in found] == [f"x{n}" for n in range(400)]
    assert [one.line for one in notes.skipped] == [202]


def test_line_numbers_count_lines_and_not_records() -> None:
    """Fields that go on over lines, blank lines, and what is wrong below them."""
    text = f'{HEADER},note\n\ns,1,1,a,view,"one\ntwo\n\nthree"\n\ns,1,soon,b,view,x\n'
    found, notes = read(text)
    assert [one[4] for one in found] == ["a"]
    assert [one.line for one in notes.skipped] == [8]


def test_a_quote_within_a_word_is_a_letter() -> None:
    """As people write inches."""
    found, notes = read(f'{HEADER}\ns,1,1,5" pipe,view\n')
    assert (found[0][4], notes.skipped) == ('5" pipe', [])
