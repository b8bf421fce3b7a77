"""The commands `crossover` and `offline`: policies across worlds, and on one shared log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from db.errors import UsageError
from recommender.registry import RANKED
from simulator.cli import console
from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import (
    NAMES,
    Catalogue,
    Days,
    Gate,
    Intervals,
    Items,
    Queries,
    Runs,
    Seed,
    Seeds,
    Shoppers,
    World,
    planned,
)

if TYPE_CHECKING:
    from simulator.crossover.write import CrossoverReport

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

Players = Annotated[int | None, typer.Option("--workers", help="Processes that play.")]
Share = Annotated[
    float, typer.Option(help="Share of the log's requests that are assessed, by draw.")
]


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.command(
        epilog="Example: windowshop crossover --shares 0.1,0.9 --seeds 2 --shoppers 300 --days 3"
    )(crossover)
    app.command(
        epilog="Example: windowshop offline --policies visual,cf,blend --shoppers 500 --days 4"
    )(offline)


def crossover(
    shares: Annotated[
        str, typer.Option(help="Hidden shares of the world, separated by commas.")
    ] = "0.1,0.3,0.5,0.7,0.9",
    policies: Annotated[
        str,
        typer.Option(
            help=f"Policies, separated by commas: {NAMES}; visual@pca-64 names another embedder."
        ),
    ] = "visual,cf,blend,blend-fixed,itemknn-cfcbf",
    few: Annotated[
        str, typer.Option(help="Policies played for the first --few-seeds seeds only.")
    ] = "",
    few_seeds: Annotated[int, typer.Option(min=1, help="Seeds of the policies of --few.")] = 3,
    seeds: Seeds = 10,
    seed: Seed = 1,
    days: Days = 8,
    shoppers: Shoppers = 3000,
    items: Items = None,
    queries: Queries = None,
    catalogue: Catalogue = "fashion-mnist",
    world: Annotated[str, typer.Option(help="The world whose hidden share is changed.")] = "mixed",
    offline_share: Share = 0.25,
    workers: Players = None,
    runs: Runs = None,
    gate: Gate = False,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Policies across worlds from visual to social, online and on shared logs, with the crossover
    figure.

    Runs are played in memory. What a cell gave is kept in RUNS/cells, so a
    stopped command goes on where it was.
    """
    plan, fit = planned(
        items,
        queries,
        seed=seed,
        days=days,
        shoppers=shoppers,
        world=world,
        catalogue=catalogue,
    )
    _play(
        {"plan": plan, "shares": _numbers(shares), "policies": _names(policies), "seeds": seeds}
        | {"few": _names(few), "few_seeds": few_seeds, "share": offline_share},
        fit=fit,
        flags={"workers": workers, "runs": runs},
        gate=gate,
        intervals=intervals,
        as_json=as_json,
    )


def offline(
    policies: Annotated[
        str, typer.Option(help=f"Policies to measure, separated by commas: {', '.join(RANKED)}.")
    ] = "random,popularity,visual,cf,itemknn-cfcbf,blend-fixed,blend",
    seeds: Seeds = 1,
    seed: Seed = 1,
    days: Days = 8,
    shoppers: Shoppers = 3000,
    items: Items = None,
    queries: Queries = None,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    share: Share = 1.0,
    workers: Players = None,
    runs: Runs = None,
    gate: Gate = False,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Measure policies on one shared log: ndcg by the judge, and the clicks that came next, by
    stratum.

    The policy `logging` ranks half of the requests by looks, half by lot; all
    policies then rank the same requests from what earlier days of that log taught.
    """
    from simulator.crossover.write import measure_offline
    from simulator.playing.experiment import fitted

    plan, fit = planned(
        items,
        queries,
        seed=seed,
        days=days,
        shoppers=shoppers,
        world=world,
        catalogue=catalogue,
    )
    context = open_installation(workers=workers, runs=runs)
    plan = fitted(context, plan, fit)
    _show_report(
        measure_offline(context, plan, _names(policies), seeds=seeds, share=share),
        gate=gate,
        intervals=intervals,
        as_json=as_json,
    )


def _play(
    settings: dict[str, Any], *, fit: list[str], flags: dict[str, Any], **shown: bool
) -> None:
    from simulator.crossover.grid import CrossoverPlan
    from simulator.crossover.write import write_crossover
    from simulator.playing.experiment import fitted

    crossover = CrossoverPlan(**settings)
    context = open_installation(**flags)
    crossover = replace(crossover, plan=fitted(context, crossover.plan, fit))
    _show_report(write_crossover(context, crossover), **shown)


def _show_report(found: CrossoverReport, *, gate: bool, intervals: bool, as_json: bool) -> None:
    from db.errors import GateError
    from simulator.cli.terminal import table

    missed = GateError(f"not shown: {'; '.join(found.missed)}") if gate and found.missed else None
    with console.gate(missed):
        if as_json:
            show_result({**found.document, "report": str(found.page)}, "", as_json=True)
        else:
            show()
            table(found.rows, intervals=intervals)
            show(f"\n{found.verdict}\n\nreport: {found.page}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(
            f"--shares {text!r} is no list of numbers, 0.1,0.5,0.9 for instance"
        ) from None
