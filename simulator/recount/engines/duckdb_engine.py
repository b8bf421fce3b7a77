"""DuckDB in this process, the extra `duckdb`: what its memory does not hold it puts on disk."""

from __future__ import annotations

import duckdb

from db.errors import WindowshopError
from simulator.recount.cells import Cells
from simulator.recount.engines.engine import Means
from simulator.recount.question import Question


class DuckEngine:
    """One connection to a database in memory."""

    title = "DuckDB"
    version: str = duckdb.__version__

    def __init__(self, means: Means) -> None:
        self._means = means
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{means.megabytes}MB",
                "temp_directory": str(means.folder / "duckdb"),
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",  # nothing is fetched
            }
        )

    def count(self, question: Question) -> Cells:
        """The answer; raises WindowshopError when memory or disk are not enough."""
        try:
            for table in question.tables:
                parts = str(question.folder / table / "*.parquet")
                self._connection.read_parquet(parts).create_view(table, replace=True)
            answer = self._connection.sql(question.sql()).to_arrow_table()
        except duckdb.Error as error:
            raise WindowshopError(
                f"DuckDB did not finish within {self._means.megabytes} MB"
                f" ({str(error).splitlines()[0]}); more of --memory, or of the disk behind --spill"
            ) from None
        return Cells.of_table(question.n, answer)

    def close(self) -> None:
        """Its memory goes, and with it what it put on disk."""
        self._connection.close()


def opened(means: Means) -> DuckEngine:
    """The engine."""
    return DuckEngine(means)
