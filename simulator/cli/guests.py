"""The command that tries a recommender of one's own: `check`."""

from __future__ import annotations

from typing import Annotated

import typer

from db.errors import GateError
from simulator.cli.console import AsJson, gate, open_installation, show_result
from simulator.cli.options import Catalogue

# ruff: noqa: PLC0415 - late imports keep --help quick


def check(
    policy: Annotated[
        str,
        typer.Argument(help="mine.py:Mine, http://HOST:PORT, or lists.parquet.", metavar="POLICY"),
    ],
    items: Annotated[int, typer.Option(min=10, help="Items of the shop it is tried in.")] = 300,
    queries: Annotated[int, typer.Option(min=1, help="Query images.")] = 100,
    catalogue: Catalogue = "fashion-mnist",
    as_json: AsJson = False,
) -> None:
    """Try a recommender of your own before it is judged: a line each, with what mends it.

    Exit 4 where something is wrong.
    """
    from simulator.guests.check import check as action

    found = action(open_installation(), policy, catalogue=catalogue, items=items, queries=queries)
    document = found.to_json()
    width = max(len(one.name) for one in found.checks)
    lines = [
        f"{'ok   ' if one.ok else 'WRONG'} {one.name:<{width}}  {one.detail}"
        for one in found.checks
    ]
    latency = document["latency_ms"]
    if latency["p50"] is not None:
        lines += ["", f"a batch takes {latency['p50']:g} ms, 95 % at most {latency['p95']:g} ms"]
        lines += [f"{document['slates_per_second']:,} slates a second"]
    n_wrong = sum(not one.ok for one in found.checks)
    with gate(None if found.ok else GateError(f"{n_wrong} checks do not hold, see above")):
        show_result(document, "\n".join(lines), as_json=as_json)
