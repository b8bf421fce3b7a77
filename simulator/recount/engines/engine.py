"""What every engine can do, and the one that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from db.errors import DependencyError
from simulator.recount.cells import Cells
from simulator.recount.engines.engine_names import EngineName
from simulator.recount.question import Question


@dataclass(frozen=True)
class Means:
    """What an engine may use."""

    folder: Path
    """Where it may put what its memory does not hold; a cluster sees it under the same path."""
    megabytes: int
    """Memory: of DuckDB's process, of Spark's driver and of each of its executors."""
    master: str
    """Spark's."""


class Engine(Protocol):
    """Somebody who counts."""

    title: str
    """What people call it."""
    version: str

    def count(self, question: Question) -> Cells:
        """The answer; raises WindowshopError when the engine fails."""

    def close(self) -> None:
        """Let go of its memory and processes."""


_MODULES = {
    EngineName.SCIPY: ("scipy_engine", "scipy", "SciPy"),
    EngineName.DUCKDB: ("duckdb_engine", "duckdb", "DuckDB"),
    EngineName.SPARK: ("spark_engine", "pyspark", "Spark"),
}


def require(name: EngineName) -> None:
    """Raise DependencyError where an engine is not installed."""
    _, package, title = _MODULES[name]
    if find_spec(package) is None:
        raise DependencyError(
            f"counting with {title} needs the extra {name}, and it is not installed;"
            f" `pip install '.[{name}]'` in Windowshop's folder"
        )


def open_engine(name: EngineName, means: Means) -> Engine:
    """The engine of a name; DependencyError where it, or Spark's Java, is not installed."""
    require(name)
    module = import_module(f"simulator.recount.engines.{_MODULES[name][0]}")
    return cast("Callable[[Means], Engine]", module.opened)(means)
