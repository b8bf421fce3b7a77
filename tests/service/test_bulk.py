"""Rows written in bulk come back as they were, on both databases, packed or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    select,
)

from db import arrays, bulk
from db.engine import open_engine, write_transaction
from db.errors import WindowshopError
from tests.databases import fresh_postgres

pytestmark = pytest.mark.service

KINDS = Table(
    "bulk_kinds",
    MetaData(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("small", SmallInteger),
    Column("middle", Integer),
    Column("real", Float),
    Column("packed", LargeBinary),
    Column("words", String(64)),
    prefixes=["TEMPORARY"],
)
NAMES = tuple(KINDS.c.keys())
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=64)


def integers(bits: int) -> st.SearchStrategy[int]:
    """Whole numbers of so many bits, with their sign."""
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


VALUES = (
    integers(16),
    integers(32),
    st.floats(allow_nan=False, allow_infinity=False),
    st.binary(max_size=50),
    TEXTS,
)
ROW = st.tuples(*(one | st.none() for one in VALUES))


def back(conn: Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What is read after writing rows behind their numbers."""
    KINDS.create(conn, checkfirst=True)
    conn.execute(KINDS.delete())
    bulk.insert(conn, KINDS, NAMES, rows)
    read = bulk.fetch(conn, select(*KINDS.c).order_by(KINDS.c.number))
    return [
        tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in read
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    rows=st.lists(ROW, min_size=1, max_size=20)
    | st.lists(st.tuples(*VALUES), min_size=1, max_size=20)
)
def test_what_is_written_is_read(engine: Engine, rows: list[tuple[Any, ...]]) -> None:
    """Numbers of every size, bytes of any length, words; with NULLs among them and without."""
    numbered = [(number * 2**40, *row) for number, row in enumerate(rows)]
    with write_transaction(engine) as conn:
        assert back(conn, numbered) == numbered


@pytest.mark.parametrize("kind", ["SMALLINT", "INTEGER", "BIGINT", "FLOAT", "BYTEA"])
def test_columns_of_one_kind_are_packed(kind: str) -> None:
    """The fast path is the one that is taken."""
    column = {"FLOAT": [0.5, 1.0], "BYTEA": [b"", b"ab"]}.get(kind, [1, -2])
    assert isinstance(arrays.packed(column, kind), arrays.Packed)


@pytest.mark.parametrize("column", [[1, None], [True, False], [2**31], [1.5], ["1"]])
def test_what_is_not_of_one_kind_is_left_to_the_driver(column: list[Any]) -> None:
    """NULLs, claims, numbers out of range, fractions and words are no INTEGERs to be packed."""
    assert arrays.packed(column, "INTEGER") == column


def test_a_number_that_does_not_fit_is_refused_by_the_server(postgres: str) -> None:
    """It is never cut to what fits."""
    engine = open_engine(fresh_postgres(postgres))
    with pytest.raises(WindowshopError, match="refused"), write_transaction(engine) as conn:
        back(conn, [(1, 2**15, 0, 0.0, b"", "")])
    engine.dispose()
