"""The options that several commands share, each with its one meaning."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recommender.registry import POLICY_NAMES
from simulator.world.presets import PRESETS, slates_of

if TYPE_CHECKING:
    from simulator.playing.plan import Plan

NAMES = ", ".join(POLICY_NAMES)

SHOPS = 5
"""How many seeds demo and experiment play where nobody asks for a number."""
SHOP = {"items": 600, "queries": 150, "shoppers": 900}
"""The sizes of each: several smaller shops say more about other shops than a large one does."""

Seed = Annotated[int, typer.Option(help="Seed of the world and of every draw in it.")]
Seeds = Annotated[
    int, typer.Option(min=1, help="How many seeds, a shop each, counted up from --seed.")
]
Days = Annotated[int, typer.Option(help="Shopping days to play.")]
Shoppers = Annotated[int, typer.Option(help="Shoppers in the world.")]
Items = Annotated[
    int | None,
    typer.Option(
        help="Catalogue items, a stratified share; left out: 1000, or all of a smaller catalogue."
    ),
]
Queries = Annotated[
    int | None,
    typer.Option(help="Query images that shoppers search with; left out: 300, or all there are."),
]
ItemsOfEach = Annotated[
    int | None,
    typer.Option(
        help="Catalogue items of each shop, a stratified share; left out: 600, or all there are."
    ),
]
QueriesOfEach = Annotated[
    int | None,
    typer.Option(help="Query images of each shop; left out: 150, or all there are."),
]
ShoppersOfEach = Annotated[int, typer.Option(help="Shoppers of each shop.")]
Slates = Annotated[
    int | None,
    typer.Option(help="Slates a session asks for at most; left out: 3, in world retail 20."),
]
MostSlates = Annotated[int, typer.Option(help="Slates a session asks for at most.")]
World = Annotated[
    str,
    typer.Option(help=f"{', '.join(PRESETS)}; changed: mixed,hidden_share=0.3; or myshop.toml."),
]
Catalogue = Annotated[str, typer.Option(help="Which catalogue the shop sells.")]
Runs = Annotated[Path | None, typer.Option(help="Where run directories are written.")]
Workers = Annotated[
    int | None, typer.Option(help="Worker processes to start; 0: others do the work.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Stop at the first bad answer of a recommender of your own."),
]
Intervals = Annotated[
    bool, typer.Option("--intervals", help="Under each value of the table its 95 % interval.")
]
Primary = Annotated[
    str | None,
    typer.Option(help="The measure that decides; left out: ctr_late_expected.", metavar="MEASURE"),
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Whose difference decides; left out: blend visual.", metavar="A B"),
]
Name = Annotated[
    str, typer.Argument(help="A run, an experiment, or `latest`.", metavar="RUN|EXPERIMENT")
]
OfPolicy = Annotated[str | None, typer.Option(help="Of an experiment with several: whose run.")]
OfSeed = Annotated[int | None, typer.Option(help="Of an experiment with several seeds: which.")]
Out = Annotated[Path | None, typer.Option(help="A file; left out: standard output.")]
Gate = Annotated[bool, typer.Option("--gate", help="Exit 4 unless every claim holds.")]


def planned(
    items: int | None,
    queries: int | None,
    *,
    otherwise: Mapping[str, int] | None = None,
    **others: Any,
) -> tuple[Plan, list[str]]:
    """The plan, and those of its sizes that nobody gave: they follow from the catalogue.

    otherwise: what a size is that nobody gave, where it is not the plan's own.
    """
    from simulator.playing.plan import Plan  # noqa: PLC0415 - late imports keep --help quick

    if others.get("slates", 0) is None:
        others["slates"] = slates_of(others["world"])
    sizes = {"items": items, "queries": queries}
    given: dict[str, Any] = {name: size for name, size in sizes.items() if size is not None}
    return Plan(**{**(otherwise or {}), **others, **given}), [
        name for name in sizes if name not in given
    ]
