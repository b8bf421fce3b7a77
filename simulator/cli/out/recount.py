"""The command `recount`: the co-interaction counts again, by an engine that is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from db.errors import WindowshopError
from simulator.cli.console import AsJson, open_installation, show_result
from simulator.cli.options import OfPolicy, OfSeed, Runs
from simulator.recount.engines.engine_names import EngineName

# ruff: noqa: PLC0415, PLR0917 - late imports keep --help quick; Typer calls by name


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: windowshop recount latest --engine duckdb")(recount)


def recount(
    name: Annotated[
        str,
        typer.Argument(
            help="A run, an experiment, `latest`, or an imported log's id.",
            metavar="RUN|EXPERIMENT|LOG",
        ),
    ],
    engine: Annotated[
        EngineName,
        typer.Option(help="Who counts: SciPy in memory, or the extras duckdb and spark."),
    ] = EngineName.SCIPY,
    master: Annotated[
        str,
        typer.Option(help="Spark's master: local[N], spark://HOST:PORT, yarn.", metavar="URL"),
    ] = "local[2]",
    memory: Annotated[
        int,
        typer.Option(
            min=64,
            help="Of DuckDB's process, or of Spark's driver and each executor.",
            metavar="MB",
        ),
    ] = 2000,
    spill: Annotated[
        Path | None,
        typer.Option(
            help=(
                "A folder for the events as Parquet, and for what memory does not hold; Spark's"
                " executors must see it too. Left out: the system's."
            )
        ),
    ] = None,
    policy: OfPolicy = None,
    seed: OfSeed = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """Count co-interactions again from the events, and compare every cell with what is stored.

    Of a run: how often j was shown, and acted on, to sessions with i in their
    profile, generation by generation. Of an imported log: in how many sessions
    i came before j, and right before it, beside what `evaluate-log` counts.
    Exit 1 with the first cell that is not the same.
    """
    from simulator.recount.recount import RecountWish
    from simulator.recount.recount import recount as action

    wish = RecountWish(engine, master, memory, spill)
    found = action(open_installation(runs=runs), name, wish, policy=policy, seed=seed)
    if as_json or found.ok:
        show_result(found.to_json(), found.text(), as_json=as_json)
    if not found.ok:
        raise WindowshopError(found.text())
