"""The `work` commands: what waits, what was given up, and what to do with it."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show_result

# ruff: noqa: PLC0415 - late imports keep --help quick

app = typer.Typer(help="Work that waits or was given up.", no_args_is_help=True)

Ids = Annotated[
    list[int] | None,
    typer.Argument(help="Ids of parked work, as `work list` shows them.", metavar="[ID]..."),
]
All = Annotated[bool, typer.Option("--all", help="All parked work.")]


@app.command("list", epilog="Example: windowshop work list --state parked")
def list_(
    state: Annotated[
        str | None, typer.Option(help="ready, taken or parked; left out: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Every piece of work that is not done: ready, held by a worker, or parked with its reason."""
    from simulator.operations import parked

    found = parked.listed(open_installation(), state)
    show_result(found.to_json(), found.text(), as_json=as_json)


@app.command(epilog="Example: windowshop work retry 17 18")
def retry(ids: Ids = None, every: All = False, as_json: AsJson = False) -> None:
    """Parked work waits again, with all its tries; call it when the cause is mended."""
    from simulator.operations import parked

    done = parked.retry(open_installation(), ids or [], every=every)
    show_result({"retried": done}, f"{len(done)} pieces of work wait again", as_json=as_json)


@app.command(epilog="Example: windowshop work drop --all")
def drop(ids: Ids = None, every: All = False, as_json: AsJson = False) -> None:
    """Parked work is deleted; a run that needs its result asks for it anew when it is called
    again.
    """
    from simulator.operations import parked

    done = parked.drop(open_installation(), ids or [], every=every)
    show_result({"dropped": done}, f"{len(done)} pieces of work are gone", as_json=as_json)
