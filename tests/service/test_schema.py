"""Migrations on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from db import schema
from db.engine import read_transaction, write_transaction
from db.errors import SchemaError
from db.tables import metadata

pytestmark = pytest.mark.service


def test_the_migrations_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    """Nothing is missing and nothing is left over."""
    with read_transaction(engine) as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []


def test_migrations_go_up_down_and_up(engine: Engine) -> None:
    """Every way back is tried."""
    with write_transaction(engine) as conn:
        schema.migrate(conn, "base")
    with read_transaction(engine) as conn:
        assert inspect(conn).get_table_names() == ["alembic_version"]
    with write_transaction(engine) as conn:
        schema.migrate(conn, schema.HEAD)
    schema.check(engine)


def test_the_known_versions_are_those_of_the_files() -> None:
    """HEAD is kept by hand so that asking for it needs no Alembic; this holds it to the truth."""
    files = Path(schema.__file__).parent / "migrations" / "versions"
    assert tuple(sorted(path.name.split("_")[0] for path in files.glob("0*.py"))) == schema.KNOWN
    assert schema.KNOWN[-1] == schema.HEAD


def test_a_database_from_a_newer_version_is_left_alone(engine: Engine) -> None:
    """The error names both versions and the cure."""
    with write_transaction(engine) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer Windowshop"):
        schema.ensure(engine)


def test_processes_that_start_at_once_make_the_schema_once(database_url: str) -> None:
    """One makes it, the others find it made."""
    ask = (
        "import sys; from db import schema, engine;"
        " print(schema.ensure(engine.open_engine(sys.argv[1])))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", ask, database_url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    made = [child.communicate(timeout=60)[0].strip() for child in children]
    assert sorted(made) == ["False", "False", "True"]
