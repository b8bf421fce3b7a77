"""The command `plan`: how large an experiment must be."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import Runs

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.command(epilog="Example: windowshop plan latest --effect 5")(plan)


def plan(
    name: Annotated[
        str,
        typer.Argument(help="The pilot: an experiment of several seeds.", metavar="EXPERIMENT"),
    ] = "latest",
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Two policies; left out: blend and visual, or the last two.", metavar="A B"
        ),
    ] = None,
    measure: Annotated[str, typer.Option(help="In which measure.")] = "ctr_late_expected",
    effect: Annotated[
        float, typer.Option(help="The difference to find, in percent of B's value.")
    ] = 5.0,
    power: Annotated[float, typer.Option(help="How often it must be found.")] = 0.8,
    shoppers: Annotated[
        int | None, typer.Option(help="Shoppers a shop; left out: several, the cheapest is named.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Days, at most the pilot's; left out: its own.")
    ] = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """How many seeds, shoppers and days find a difference, by an experiment that was played.

    Seeds are shops: what varies between them does not shrink with more shoppers.
    """
    from simulator.comparing.plan import PlanWish
    from simulator.comparing.plan import plan as action

    wish = PlanWish(measure=measure, effect=effect, power=power, shoppers=shoppers, days=days)
    context = open_installation(runs=runs)
    found = action(context, name, wish, compare)
    command = found.command(context.settings)
    if as_json:
        show_result(found.to_json() | {"command": command}, "", as_json=True)
        return
    from simulator.cli.terminal import paragraph, table
    from simulator.comparing import sentences

    show()
    table(sentences.sizes(found))
    show(f"\n{paragraph(sentences.planned(found))}\n\nnext: {command}")
