"""The command that writes what was shown: `slates export`."""

from __future__ import annotations

from typing import Annotated

import typer

from db.errors import UsageError
from simulator.cli.console import AsJson, open_installation, show_result
from simulator.cli.options import Name, OfPolicy, OfSeed, Out, Runs

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

app = typer.Typer(help="What was shown, and why.", no_args_is_help=True)


@app.callback()
def slates() -> None:
    """What was shown, and why."""


@app.command(epilog="Example: windowshop slates export latest --out slates.jsonl")
def export(
    name: Name,
    policy: OfPolicy = None,
    seed: OfSeed = None,
    out: Out = None,
    format_: Annotated[
        str, typer.Option("--format", help="The shape: jsonl, csv or parquet.", metavar="NAME")
    ] = "jsonl",
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """All slates of a run, with the score of each item, the parts it is made of, and its
    propensity where the recommender said one.

    JSON lines have a slate a line; csv and parquet have a row for each item shown.
    """
    from simulator.installation.named import named
    from simulator.playing.slates_out.export import export as action

    if as_json and out is None:
        raise UsageError("--json needs --out FILE: without it standard output holds the slates")
    context = open_installation(runs=runs)
    run = named(context, name).one(policy, seed)
    found = action(context, run, out, format_)
    if out is not None:
        document = {"run": run, "rows": found.rows, "format": format_, "file": str(out)}
        show_result(document, f"{found.rows:,} {found.noun} in {out}", as_json=as_json)
