"""Spark on any master, the extra `spark`; its executors read and write the folder of the means."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from db.errors import DependencyError, WindowshopError
from simulator.recount.cells import Cells
from simulator.recount.engines.engine import Means
from simulator.recount.question import Question

ROWS = 250_000
"""Events in one piece of a shuffle, about: few for a small run, whose pieces cost more than they
hold.
"""
LOG = "spark.log"
"""What Spark and Java say on standard error."""
NO_JAVA = "JAVA_GATEWAY_EXITED"
"""So Spark says it, on a page."""


class SparkEngine:
    """One session of Spark."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.title = f"Spark at {means.master}"
        with _said_in(means.folder / LOG), self._told("start"):
            self._session = _session(means)
        self.version = str(self._session.version)

    def count(self, question: Question) -> Cells:
        """The answer; raises WindowshopError when a job fails for good."""
        answer = question.folder / "answer"
        with self._told("finish"):
            for table in question.tables:
                found = self._session.read.parquet(f"file://{question.folder / table}")
                found.createOrReplaceTempView(table)
            pieces = max(4, _rows(question.folder / "events") // ROWS)
            self._session.conf.set("spark.sql.shuffle.partitions", str(pieces))
            counted = self._session.sql(question.sql())
            counted.write.mode("overwrite").parquet(f"file://{answer}")
        return Cells.of_table(question.n, pq.read_table(answer))

    def close(self) -> None:
        """Its executors go."""
        with _said_in(self._means.folder / LOG):
            self._session.stop()

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        """Whatever Spark raises, in one line; its many lines stand in its log."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 - as below
        from pyspark.errors import PySparkException  # noqa: PLC0415 - it warns at import

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it is not sure of our Pandas, which it never sees
                yield
        except (PySparkException, Py4JError, ConnectionError) as error:
            if NO_JAVA in str(error):
                raise DependencyError(
                    "Spark needs Java 17 or newer, and none started;"
                    " `apt-get install default-jre-headless`, or set JAVA_HOME"
                ) from None
            raise WindowshopError(
                f"Spark at {self._means.master} did not {verb} ({_cause(error)})"
            ) from None


def opened(means: Means) -> SparkEngine:
    """The engine; raises DependencyError where Java does not start."""
    return SparkEngine(means)


def _rows(table: Path) -> int:
    return sum(pq.read_metadata(part).num_rows for part in table.glob("*.parquet"))


def _session(means: Means) -> Any:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - seconds, and it warns

    memory = f"{means.megabytes}m"
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.local.dir": str(means.folder),
        "spark.sql.session.timeZone": "UTC",
    }
    if means.master.startswith("local"):
        settings["spark.driver.host"] = "127.0.0.1"  # no name of the machine need be known
    builder = SparkSession.builder.master(means.master).appName("windowshop recount")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


@contextmanager
def _said_in(log: Path) -> Iterator[None]:
    """Standard error goes to a file inside; a Java that starts here keeps it."""
    sys.stderr.flush()
    ours = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(ours, 2)
            os.close(ours)


def _cause(error: Exception) -> str:
    """The line that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by:")]
    said = causes[-1] if causes else next(iter(lines), type(error).__name__)
    return said[:300]
