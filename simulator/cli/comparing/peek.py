"""The command `peek`: when an experiment could have stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import Runs

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name


def register(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command(epilog="Example: windowshop peek latest --until 5")(peek)


def peek(
    name: Annotated[
        str, typer.Argument(help="An experiment of two policies or more.", metavar="EXPERIMENT")
    ] = "latest",
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Two policies; left out: blend and visual, or the last two.", metavar="A B"
        ),
    ] = None,
    measure: Annotated[str, typer.Option(help="In which measure.")] = "ctr",
    until: Annotated[
        int | None,
        typer.Option(
            help="The last look that is planned, in days or seeds; left out: no planned end."
        ),
    ] = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """When one could have stopped an experiment by looking at it every day, without false alarms.

    One seed is looked at day by day, several seeds seed by seed.
    """
    from simulator.comparing.peek import peek as action

    found = action(open_installation(runs=runs), name, measure, pair=compare, until=until)
    if as_json:
        show_result(found.to_json(), "", as_json=True)
        return
    from simulator.cli.terminal import paragraph, table
    from simulator.comparing import sentences

    show()
    table(sentences.looks(found))
    show(f"\n{paragraph(sentences.peeked(found))}")
