"""The command `realism`: are the simulated shoppers like those of a log?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show_result
from simulator.cli.log import Columns, Format, Kinds, Lenient, SessionGap
from simulator.cli.options import MostSlates, Runs

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

LogOrRun = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|LOG|RUN", help="A log as evaluate-log takes it, or a run of ours."
    ),
]


def realism(
    file: LogOrRun,
    world: Annotated[str, typer.Option(help="The world of the simulated shoppers.")] = "mixed",
    policy: Annotated[str, typer.Option(help="Who ranks in the simulated shop.")] = "visual",
    seed: Annotated[int, typer.Option(help="Of the simulated shop and the intervals.")] = 1,
    days: Annotated[int, typer.Option(help="Days simulated, and read of the log.")] = 6,
    shoppers: Annotated[
        int, typer.Option(min=100, help="Shoppers simulated, and read of the log at most.")
    ] = 400,
    items: Annotated[int, typer.Option(help="Catalogue items of the simulated shop.")] = 1000,
    queries: Annotated[int, typer.Option(help="Query images of the simulated shop.")] = 300,
    slates: MostSlates = 3,
    catalogue: Annotated[
        str, typer.Option(help="What the simulated shop sells.")
    ] = "fashion-mnist",
    format_: Format = None,
    columns: Columns = None,
    kinds: Kinds = None,
    session_gap: SessionGap = None,
    lenient: Lenient = False,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """Say where the simulated shoppers are unlike those of a log or a run.

    A shop is simulated in memory, as large as what is read of the log: funnel,
    length of visits, time between events and visits, looks at an item again,
    popularity, clicks by position, category mix and prices stand side by side,
    each with its distance and a 95 % interval over shoppers; what the log does
    not tell is named. A classifier tells real visits from simulated ones:
    auc 0.5 is not at all, 1 always, and gives_away ranks what it goes by.
    """
    from simulator.logs.reading.shapes.options import options
    from simulator.playing.plan import Plan
    from simulator.realism.realism import realism as action

    how = options(
        format_=format_, columns=columns, kinds=kinds, session_gap=session_gap, lenient=lenient
    )
    plan = Plan(policy, seed, days, shoppers, items, queries, slates, world, catalogue)
    found = action(open_installation(runs=runs), file, plan, options=how)
    document = {**found.document, "report": str(found.page)}
    show_result(document, found.text(), as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: windowshop realism events.csv --policy random")(realism)
