"""Bad input to the schema: a migration that is cut in the middle leaves the database as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

from db import schema
from db.engine import open_engine, read_transaction

CUT = """
import os, signal, sys
from db import schema
from db.engine import open_engine, write_transaction
with write_transaction(open_engine(sys.argv[1])) as conn:
    schema.migrate(conn, sys.argv[2])
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("to", schema.KNOWN)
def test_a_migration_cut_in_the_middle(database_url: str, to: str) -> None:
    """SIGKILL when its last statement is done and its commit is not: the next command does all of
    it.
    """
    cut = subprocess.run([sys.executable, "-c", CUT, database_url, to], check=False)
    assert cut.returncode == -9
    engine = open_engine(database_url)
    with read_transaction(engine) as conn:
        assert schema.stands_at(conn) is None
    assert schema.ensure(engine)
    schema.check(engine)
    engine.dispose()
