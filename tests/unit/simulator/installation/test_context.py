"""An installation that is opened, and let go."""

from __future__ import annotations

import gc
from pathlib import Path

from db.engine import read_transaction
from simulator.installation.context import Silence, open_context
from workers import settings


def test_who_is_let_go_keeps_no_connection(tmp_path: Path) -> None:
    """Else Python warns about a connection to Postgres that nobody closed."""
    context = open_context(settings.load(home=tmp_path), Silence())
    engine = context.engine
    with read_transaction(engine):
        pass
    assert engine.pool.status().startswith("Pool size: 5  Connections in pool: 1")
    del context
    gc.collect()
    assert engine.pool.status().startswith("Pool size: 5  Connections in pool: 0")
