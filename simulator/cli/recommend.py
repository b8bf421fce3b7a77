"""The command `recommend`: one request, by the real queue and workers."""

from __future__ import annotations

from typing import Annotated

import typer

from db.errors import UsageError
from simulator.cli.console import AsJson, open_installation, show_result
from simulator.cli.options import Workers

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name


def recommend(
    what: Annotated[
        str | None,
        typer.Argument(help="A picture, or the id of an item.", metavar="[IMAGE|ITEM]"),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            help="Whose knowledge: a run, an experiment, `latest`; left out: the newest of blend."
        ),
    ] = None,
    shopper: Annotated[
        int | None, typer.Option(help="A simulated shopper of that run, whose history counts.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many items at most.")] = 10,
    wait: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds to wait; 0: only the job's id.")
    ] = 10.0,
    job: Annotated[str | None, typer.Option(help="Fetch what an earlier request got.")] = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Recommend for a picture or an item, by the queue and the workers, from what a run learned.

    A running `up` or `serve` does the work; else workers are started for the call.
    """
    from simulator.shop.recommend import fetch
    from simulator.shop.recommend import recommend as action

    if (what is None) == (job is None):
        raise UsageError("give a picture or an item, or the --job of an earlier request")
    context = open_installation(workers=workers)
    if job is not None:
        found = fetch(context, job, k=k, wait=wait)
    else:
        found = action(context, str(what), run=run, shopper=shopper, k=k, wait=wait)
    lines = [
        f"{one.score:.4f}  {one.item.item_id:<14} {one.item.category:<14}"
        f" {one.price / 100:8.2f}  {one.to_json(0)['reason']}"
        for one in found.items
    ]
    if found.state == "waiting":
        more = "" if k == 10 else f" -k {k}"
        lines = [f"not ranked yet; fetch it: windowshop recommend --job {found.job}{more}"]
    elif found.state == "parked":
        lines = [f"given up: {found.why}"]
    show_result(found.to_json(), "\n".join(lines), as_json=as_json)
