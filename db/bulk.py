"""Many rows at once, in and out, as plain tuples: the fast path of both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Executable, Table, bindparam

Tuples = list[tuple[Any, ...]]


def given(name: str) -> BindParameter[Any]:
    """A value that is given when a statement is asked."""
    return bindparam(name)


def several(name: str) -> BindParameter[Any]:
    """So many values as are given then, for IN."""
    return bindparam(name, expanding=True)


def insert(
    conn: Connection, table: Table, columns: Sequence[str], rows: Tuples, *, again: bool = False
) -> None:
    """Insert rows of `columns`; with `again`, rows whose key is there already are left as they
    are.
    """
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    tail = " ON CONFLICT DO NOTHING" if again else ""
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        conn.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}){tail}', rows)  # noqa: S608
    else:
        from db.arrays import packed  # noqa: PLC0415 - psycopg, which SQLite does not need

        # One array a column and one statement: psycopg's executemany sends every row on its own.
        types = [table.c[name].type.compile(conn.dialect) for name in columns]
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        statement = f'INSERT INTO "{table.name}" ({names}) SELECT * FROM unnest({arrays}){tail}'  # noqa: S608
        columns_of = zip(*rows, strict=True)
        conn.exec_driver_sql(
            statement, tuple(packed(*one) for one in zip(columns_of, types, strict=True))
        )


def fetch(
    conn: Connection, statement: Executable, values: Mapping[str, Any] | None = None
) -> Tuples:
    """All rows of a select as the driver's own tuples, several times faster than Row objects.

    values: of the parameters of a statement that was made once: to make one takes as long as to
    ask it.
    """
    cursor = conn.execute(statement, values).cursor
    return [] if cursor is None else list(cursor.fetchall())


def chunks(
    conn: Connection,
    statement: Executable,
    size: int = 10_000,
    *,
    values: Mapping[str, Any] | None = None,
) -> Iterator[Tuples]:
    """The same, some rows at a time, so that there are never many tuples at once."""
    cursor = conn.execute(statement, values).cursor
    while cursor is not None and (rows := cursor.fetchmany(size)):
        yield list(rows)
