"""The commands that look at what was played: `report`, `leaderboard`, `events export`, `verify`
and `status`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from db.errors import GateError, UsageError
from simulator.cli.console import AsJson, gate, open_installation, show, show_report, show_result
from simulator.cli.options import (
    Compare,
    Intervals,
    Name,
    OfPolicy,
    OfSeed,
    Out,
    Primary,
    Runs,
)

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name


class GateOn(StrEnum):
    """What of a measure a gate looks at."""

    LOW = "low"
    VALUE = "value"


Anything = Annotated[
    str,
    typer.Argument(
        help="A run, an experiment, `latest`, or an imported log's id.",
        metavar="RUN|EXPERIMENT|LOG",
    ),
]
MaybeName = Annotated[
    str | None,
    typer.Argument(
        help="Only the runs of this one, or of `latest`; left out: all.", metavar="RUN|EXPERIMENT"
    ),
]


def register(app: typer.Typer, events: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: windowshop report latest --fail-under hit_rate@10=0.3")(report)
    app.command(epilog="Example: windowshop leaderboard latest --measure conversion_rate")(
        leaderboard
    )
    app.command(epilog="Example: windowshop verify latest")(verify)
    app.command(epilog="Example: windowshop status")(status)
    events.command(
        "export",
        epilog="Example: windowshop events export latest --policy blend --out events.jsonl",
    )(export)


def report(
    name: Name,
    primary: Primary = None,
    compare: Compare = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(help="What every policy must reach, or exit 4.", metavar="METRIC=NUMBER"),
    ] = None,
    on: Annotated[
        GateOn,
        typer.Option(help="What must reach it: the lower end of the interval, or the value."),
    ] = GateOn.LOW,
    mlflow: Annotated[
        str | None,
        typer.Option(
            help="Keep it in MLflow as well, file:///FOLDER or http://HOST: the extra mlflow.",
            metavar="URI",
        ),
    ] = None,
    runs: Runs = None,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Measure a run or an experiment again and write its report."""
    from simulator.playing.report import report as action
    from simulator.report.numbers.primary import chosen

    headline = action(
        open_installation(runs=runs),
        name,
        primary=chosen(primary, compare) if primary or compare else None,
        gates=fail_under or (),
        gate_on=on.value,
        mlflow=mlflow,
    )
    show_report(
        {"report": str(headline.path), "metrics": headline.metrics},
        headline,
        as_json=as_json,
        intervals=intervals,
    )


def leaderboard(
    name: Annotated[
        str,
        typer.Argument(
            help="All that share its world, sizes and seeds are ranked.", metavar="RUN|EXPERIMENT"
        ),
    ] = "latest",
    measure: Annotated[str, typer.Option(help="What to rank by.")] = "ctr_late_expected",
    runs: Runs = None,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Rank every policy that was played in the same shops, whenever that was.

    A rank is one more than the number of policies that are better beyond chance.
    """
    from simulator.cli.terminal import paragraph, table
    from simulator.leaderboard.write import leaderboard as action

    found = action(open_installation(runs=runs), name, measure)
    if as_json:
        show_result({**found.document, "report": str(found.path)}, "", as_json=True)
        return
    show()
    table(found.rows, intervals=intervals)
    show(f"\n{paragraph(found.sentence)}\n\nreport: {found.path}")


def export(
    name: Anything,
    policy: OfPolicy = None,
    seed: OfSeed = None,
    out: Out = None,
    propensities: Annotated[
        bool,
        typer.Option(
            "--propensities",
            help="Say in each impression with what probability each item stood where it stood.",
        ),
    ] = False,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            help="The shape: jsonl, csv, parquet, recbole, ubi, obp or trec.",
            metavar="NAME",
        ),
    ] = "jsonl",
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """All events of a run or an imported log: the same bytes for the same run, however it was
    played.

    JSON lines are all of it; csv and parquet have a row for each item shown; recbole has
    interactions (`.inter`), ubi events of UBI 1.3, obp what was shown with its propensities and
    clicks, trec judgments (qrels).
    """
    from simulator.playing.export import export as action
    from simulator.playing.export import run_or_log

    if as_json and out is None:
        raise UsageError("--json needs --out FILE: without it standard output holds the events")
    context = open_installation(runs=runs)
    run = run_or_log(context, name, policy=policy, seed=seed)
    found = action(context, run, out, with_propensities=propensities, format_=format_)
    if out is not None:
        document = {
            "run": run,
            "events": found.events,
            "rows": found.rows,
            "format": format_,
            "file": str(out),
        }
        show_result(document, f"{found.rows:,} {found.noun} in {out}", as_json=as_json)


def verify(name: Anything, runs: Runs = None, as_json: AsJson = False) -> None:
    """Recompute counts, slates and totals from the events, compare bit by bit; exit 4 on any
    difference.

    Of an experiment, each of its runs.
    """
    from simulator.operations.verification import verify_named

    found = verify_named(open_installation(runs=runs), name)
    with gate(None if found.ok else GateError(found.sentence())):
        show_result(found.to_json(), found.text(), as_json=as_json)


def status(name: MaybeName = None, runs: Runs = None, as_json: AsJson = False) -> None:
    """Runs, work that waits or was given up, processes by their heartbeat, models and
    catalogues.
    """
    from simulator.operations.operate import status as action

    found = action(open_installation(runs=runs), name)
    show_result(found.to_json(), found.text(), as_json=as_json)
