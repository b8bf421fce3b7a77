"""The command `world fit`: a world's numbers from a log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.log import Columns, Format, Kinds, Lenient, LogFile, SessionGap
from simulator.cli.options import MostSlates

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

app = typer.Typer(help="Worlds of one's own.", no_args_is_help=True)


@app.callback()
def world() -> None:
    """Worlds of one's own."""


@app.command(epilog="Example: windowshop world fit events.csv --out myshop.toml --policy random")
def fit(
    file: LogFile,
    out: Annotated[Path, typer.Option(help="The world file to write.")],
    world: Annotated[
        str, typer.Option(help="The world whose other numbers are kept, and where the fit begins.")
    ] = "mixed",
    catalogue: Annotated[
        str, typer.Option(help="What the simulated shops sell.")
    ] = "fashion-mnist",
    policy: Annotated[
        str, typer.Option(help="Who ranks there: what is nearest to the shop of the log.")
    ] = "visual",
    slates: MostSlates = 3,
    days: Annotated[int, typer.Option(help="The log's first days that are read.")] = 6,
    shoppers: Annotated[
        int, typer.Option(min=20, help="Of the log's shoppers so many at most.")
    ] = 400,
    items: Annotated[int, typer.Option(help="Catalogue items of each simulated shop.")] = 200,
    queries: Annotated[int, typer.Option(help="Query images of each simulated shop.")] = 80,
    format_: Format = None,
    columns: Columns = None,
    kinds: Kinds = None,
    session_gap: SessionGap = None,
    lenient: Lenient = False,
    as_json: AsJson = False,
) -> None:
    """Fit the numbers of a world to a log, and write a file that --world takes.

    Eight shops are simulated with the same draws, again and again, until what
    they do matches the log. Each number has a 95 % interval, which holds the
    luck of shoppers and shops. A number that the log does not tell keeps its
    preset's value and is named. auc says how well a visit of the log can be
    told from a simulated one, before and after; 0.5 is not at all.
    """
    from simulator.fitting.fit import FitWish
    from simulator.fitting.fit import fit as action
    from simulator.logs.reading.shapes.options import options

    how = options(
        format_=format_, columns=columns, kinds=kinds, session_gap=session_gap, lenient=lenient
    )
    wish = FitWish(
        base=world,
        catalogue=catalogue,
        policy=policy,
        slates=slates,
        items=items,
        queries=queries,
        days=days,
        shoppers=shoppers,
    )
    found = action(open_installation(), file, out, wish=wish, options=how)
    if as_json:
        show_result(found.to_json(), "", as_json=True)
        return
    from simulator.cli.terminal import table

    show()
    table(found.rows())
    show(f"\n{found.sentence()}\n\nworld: {out}")
