"""The command `evaluate-log`: how well each policy knows what comes next in a real log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import Intervals, Runs

# ruff: noqa: PLC0415, PLR0917 - late imports keep --help quick; Typer calls by name

Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=(
            "The shape of a public log: retailrocket, yoochoose, diginetica, rees46, otto, hm,"
            " instacart, movielens, ga4, segment, ubi, recbole; left out: guessed from its first"
            " line."
        ),
        metavar="NAME",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Your columns by name, or by number from 1: shopper=visitorid,time=timestamp,...",
        metavar="OURS=YOURS,...",
    ),
]
Kinds = Annotated[
    str | None,
    typer.Option(
        help="What your kinds are: addtocart=cart,wish=view,ping=ignore.",
        metavar="YOURS=OURS,...",
    ),
]
SessionGap = Annotated[
    str | None,
    typer.Option(
        help="A pause that ends a session: 30m, 1800s, 2h; left out: 30m where none is given.",
        metavar="TIME",
    ),
]
Lenient = Annotated[
    bool,
    typer.Option("--lenient", help="Go on when more than 5 % of the lines are left out."),
]
LogFile = Annotated[
    Path,
    typer.Argument(
        help="A log: CSV, JSON lines, Parquet, packed or not, a folder, or an imported log's id.",
        metavar="FILE|LOG",
    ),
]
SplitAt = Annotated[
    float | None,
    typer.Option(
        help="Sessions that start before this second train; left out: the 90 % quantile of starts.",
        metavar="T",
    ),
]
Pictures = Annotated[
    str | None,
    typer.Option(
        help="Whose pictures the items have; left out: those of the run it was exported from."
    ),
]


def evaluate_log(
    file: LogFile,
    split_at: SplitAt = None,
    k: Annotated[int, typer.Option("-k", help="Places of a slate.")] = 10,
    catalogue: Pictures = None,
    format_: Format = None,
    columns: Columns = None,
    kinds: Kinds = None,
    session_gap: SessionGap = None,
    lenient: Lenient = False,
    runs: Runs = None,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Ask which policy knows what comes next in a log's later sessions.

    Asked are popularity, cf, repeat and cf-history where shoppers come again, and with pictures
    visual and blend.

    Sessions that start before T train. Of each later one with two or more
    distinct items the latest event is the truth and the earlier ones are the
    profile, which is not recommended; where events share one time, their order
    is drawn. The item-item measures are tuned on the end of the training time;
    of those that read the session alone the best there is cf.

    A log is JSON lines as exported, CSV with any separator, or Parquet; packed,
    in a folder of parts, or from a pipe. Public shapes are known by their first
    line, others are named by --columns. Our own begins with
    `shopper,session,time,item,kind`; kinds are view, click, cart, purchase, and
    search, impression, leave. Broken lines are named and left out, doubles
    count once.
    """
    from simulator.logs.evaluate_log import evaluate_log as action
    from simulator.logs.reading.shapes.options import options

    how = options(
        format_=format_, columns=columns, kinds=kinds, session_gap=session_gap, lenient=lenient
    )
    found = action(
        open_installation(runs=runs), file, options=how, split_at=split_at, k=k, catalogue=catalogue
    )
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
            help="A log: CSV, JSON lines, Parquet, packed or not, or a folder.", metavar="FILE"
        ),
    ],
    format_: Format = None,
    columns: Columns = None,
    kinds: Kinds = None,
    session_gap: SessionGap = None,
    lenient: Lenient = False,
    as_json: AsJson = False,
) -> None:
    """Keep a log in the database, once however often it is imported.

    `evaluate-log` and `verify` take its id; `events export` gives it back.

    Our own JSON lines come back byte for byte; others come back as such lines.
    Broken lines are named and left out, doubles count once.
    """
    from simulator.logs.import_log import import_log as action
    from simulator.logs.reading.shapes.options import options

    how = options(
        format_=format_, columns=columns, kinds=kinds, session_gap=session_gap, lenient=lenient
    )
    found = action(open_installation(), file, how)
    show_result(found.to_json(), found.text(), as_json=as_json)
