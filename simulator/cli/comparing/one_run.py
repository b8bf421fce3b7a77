"""The commands `interleave` and `split`: two policies in one run, and the truth beside it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import (
    Catalogue,
    Days,
    Items,
    Queries,
    Seed,
    Seeds,
    Shoppers,
    Slates,
    World,
    planned,
)

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

Policies = Annotated[str, typer.Argument(help="Two of our policies.", metavar="A,B")]
EXAMPLE = "blend,visual --items 300 --queries 100 --shoppers 500 --days 4"


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.command(epilog=f"Example: windowshop interleave {EXAMPLE}")(interleave)
    app.command(epilog=f"Example: windowshop split {EXAMPLE}")(split)


def interleave(
    policies: Policies,
    seeds: Seeds = 1,
    days: Days = 8,
    shoppers: Shoppers = 3000,
    seed: Seed = 1,
    items: Items = None,
    queries: Queries = None,
    slates: Slates = None,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    as_json: AsJson = False,
) -> None:
    """Both policies in each list, by team draft; and whether clicks say what is true.

    The truth is each policy alone with the same shoppers. Played in memory; nothing is stored.
    """
    sizes = {"days": days, "shoppers": shoppers, "seed": seed, "slates": slates}
    where = {"world": world, "catalogue": catalogue}
    _play(policies, seeds, items, queries, is_split=False, as_json=as_json, **sizes, **where)


def split(
    policies: Policies,
    seeds: Seeds = 1,
    days: Days = 8,
    shoppers: Shoppers = 3000,
    seed: Seed = 1,
    items: Items = None,
    queries: Queries = None,
    slates: Slates = None,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    as_json: AsJson = False,
) -> None:
    """An A/B test: half of the shoppers each, one learner for both; and whether it says what is
    true.

    The truth is each policy alone with the same shoppers. Played in memory; nothing is stored.
    """
    sizes = {"days": days, "shoppers": shoppers, "seed": seed, "slates": slates}
    where = {"world": world, "catalogue": catalogue}
    _play(policies, seeds, items, queries, is_split=True, as_json=as_json, **sizes, **where)


def _play(
    policies: str,
    seeds: int,
    items: int | None,
    queries: int | None,
    *,
    is_split: bool,
    as_json: bool,
    **sizes: Any,
) -> None:
    from simulator.comparing.in_one_run import in_one_run, pair_of

    pair = pair_of(policies)
    plan, fit = planned(items, queries, policy=pair[0], **sizes)
    context = open_installation()
    found = in_one_run(context, plan, pair, n_seeds=seeds, is_split=is_split, fit=fit)
    if as_json:
        show_result(found.to_json(), "", as_json=True)
        return
    from simulator.cli.terminal import paragraph
    from simulator.comparing import sentences

    show(paragraph(sentences.in_one_run(found)))
