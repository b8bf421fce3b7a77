"""The command `evaluate-log`: how well each policy knows what comes next in a real log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import Intervals, Runs

# ruff: noqa: PLC0415, PLR0917 - late imports keep --help quick; Typer calls by name


def evaluate_log(
    file: Annotated[
        Path,
        typer.Argument(
            help=(
                "JSON lines as exported, CSV: shopper,session,time,item,kind, or an imported"
                " log's id."
            ),
            metavar="FILE|LOG",
        ),
    ],
    split_at: Annotated[
        float | None,
        typer.Option(
            help=(
                "Sessions that start before this second train; left out: the 90 % quantile of"
                " starts."
            ),
            metavar="T",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Places of a slate.")] = 10,
    catalogue: Annotated[
        str | None,
        typer.Option(
            help="Whose pictures the items have; left out: those of the run it was exported from."
        ),
    ] = None,
    runs: Runs = None,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Ask popularity, cf, and with pictures visual and blend, what comes next in a log's later
    sessions.

    Sessions that start before T train. Of each later one with two or more
    distinct items the last event in the file is the truth and the earlier ones
    are the profile, which is not recommended. The item-item measures are tuned
    on the end of the training time; the best there is cf, the others are listed.

    The CSV's first line is `shopper,session,time,item,kind`, time in seconds;
    kinds are view, click, cart, purchase, and search, impression, leave. Broken
    lines are named and left out, the good ones count.
    """
    from simulator.logs.evaluate_log import evaluate_log as action

    found = action(open_installation(runs=runs), file, split_at=split_at, k=k, catalogue=catalogue)
    if as_json:
        show_result({**found.document, "report": str(found.page)}, "", as_json=True)
        return
    from simulator.cli.terminal import table

    show()
    table(found.rows, intervals=intervals)
    show(f"\n{found.headline}\n\nreport: {found.page}")


def register(app: typer.Typer, events: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "evaluate-log", epilog="Example: windowshop evaluate-log baskets.csv --split-at 50000000"
    )(evaluate_log)
    events.command("import", epilog="Example: windowshop events import baskets.csv")(import_)


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON lines as exported, or CSV: shopper,session,time,item,kind.", metavar="FILE"
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Keep a log in the database, once however often it is imported.

    `evaluate-log` and `verify` take its id; `events export` gives it back.

    JSON lines come back byte for byte; lines of a CSV come back as JSON lines.
    Broken lines are named and left out.
    """
    from simulator.logs.import_log import import_log as action

    found = action(open_installation(), file)
    show_result(found.to_json(), found.text(), as_json=as_json)
