"""The command `counterfactual`: what another policy would have earned on a log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import Runs

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name


def register(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command(epilog="Example: windowshop counterfactual latest --policy visual")(counterfactual)


def counterfactual(
    name: Annotated[
        str,
        typer.Argument(
            help=(
                "A run of `random`, `logging` or a recommender that says its propensities, an"
                " experiment with one, or your log: CSV, JSON lines or Parquet, packed or not."
            ),
            metavar="RUN|EXPERIMENT|FILE",
        ),
    ] = "latest",
    policy: Annotated[
        str, typer.Option(help="What is to be evaluated; of a file, the column of its chances.")
    ] = "blend",
    logger: Annotated[
        str | None, typer.Option(help="Whose run is the log, where there are several.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of which seed, where there are several.")
    ] = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """What a policy would have earned, from the log of another that drew its slates by lot.

    The judge's truth stands below the estimates: the clicks it expects of the policy's slates.
    """
    from simulator.counterfactual.counterfactual import counterfactual as action
    from simulator.counterfactual.counterfactual import from_file

    if os.sep in name or Path(name).suffix:  # no run has these in its name
        found = from_file(Path(name), policy)
    else:
        context = open_installation(runs=runs)
        found = action(context, name, policy, logger=logger, seed=seed)
    if as_json:
        show_result(found.to_json(), "", as_json=True)
        return
    from simulator.cli.terminal import paragraph, table

    show()
    table(found.rows())
    show(f"\n{paragraph(found.sentence())}")
