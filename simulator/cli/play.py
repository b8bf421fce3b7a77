"""The commands that play runs: `demo`, `simulate` and `experiment`."""

from __future__ import annotations

from typing import Annotated

import typer

from db.errors import GateError, UsageError
from simulator.cli.console import AsJson, gate, open_installation, show, show_report
from simulator.cli.options import (
    NAMES,
    SHOP,
    SHOPS,
    Catalogue,
    Compare,
    Days,
    Intervals,
    Items,
    ItemsOfEach,
    Primary,
    Queries,
    QueriesOfEach,
    Runs,
    Seed,
    Seeds,
    Shoppers,
    ShoppersOfEach,
    Slates,
    Strict,
    Workers,
    World,
    planned,
)

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

Local = Annotated[bool, typer.Option("--local", help="Do the work in this process, without Redis.")]
Again = Annotated[bool, typer.Option("--again", help="Play again what is finished already.")]


def demo(
    seeds: Seeds = SHOPS,
    seed: Seed = 1,
    catalogue: Catalogue = "fashion-mnist",
    workers: Workers = None,
    runs: Runs = None,
    again: Again = False,
    train_anew: Annotated[
        bool, typer.Option("--train", help="Train preset quick first and play with that; a minute.")
    ] = False,
    no_verify: Annotated[
        bool,
        typer.Option("--no-verify", help="Leave out the check at the end, a quarter of the time."),
    ] = False,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """The whole road in one command: data, embedder, workers, an experiment of five policies in
    five shops, the report.

    At its end the runs are verified: exit 4 unless all is equal.
    """
    from simulator.playing.plan import Plan

    plan, fit = planned(None, None, otherwise=SHOP, seed=seed, catalogue=catalogue)
    from simulator.embedders.in_force import in_force
    from simulator.embedders.model import trained_anew
    from simulator.installation.command_line import command_line
    from simulator.installation.named import named
    from simulator.operations.verification import Verification
    from simulator.playing.experiment import (
        DEMO_POLICIES,
        play_experiment,
        require,
        write_comparison,
    )

    context = open_installation(workers=workers, runs=runs)
    settings = {} if train_anew else in_force(context.settings, catalogue)
    own = None if catalogue == Plan.catalogue else catalogue
    command = command_line(
        "demo", settings=settings, seeds=seeds, seed=seed, train=train_anew, catalogue=own
    )
    if train_anew:
        require(context, plan)
        context = trained_anew(context)
    played = play_experiment(context, plan, DEMO_POLICIES, n_seeds=seeds, again=again, fit=fit)
    checked = None
    if no_verify:
        found = write_comparison(context, played, command=command)
    else:
        with Verification(context, named(context, played.id)) as verification:
            found = write_comparison(context, played, command=command)
            checked = verification.result()
    document = found.to_json() | ({} if checked is None else {"verified": checked.to_json()})
    wrong = None if checked is None or checked.ok else GateError(checked.sentence())
    with gate(wrong):
        show_report(document, found.headline, as_json=as_json, intervals=intervals)
    if checked is not None and not as_json:
        show(checked.sentence())


def simulate(
    policy: Annotated[
        str, typer.Option(help=f"How slates are ranked: {NAMES}; or a recommender of your own.")
    ] = "blend",
    days: Days = 8,
    shoppers: Shoppers = 3000,
    seed: Seed = 1,
    items: Items = None,
    queries: Queries = None,
    slates: Slates = None,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    workers: Workers = None,
    runs: Runs = None,
    local: Local = False,
    again: Again = False,
    strict: Strict = False,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """One run: shoppers meet one policy, day after day. An unfinished run goes on where it
    stopped.
    """
    plan, fit = planned(
        items,
        queries,
        policy=policy,
        seed=seed,
        days=days,
        shoppers=shoppers,
        slates=slates,
        world=world,
        catalogue=catalogue,
    )
    from simulator.playing.run import run

    context = open_installation(workers=workers, runs=runs)
    done = run(context, plan, fit=fit, local=local, again=again, is_strict=strict)
    show_report(done.to_json(), done.headline, as_json=as_json, intervals=intervals)


def experiment(
    policies: Annotated[
        str,
        typer.Option(
            help=f"Policies to compare, separated by commas: {NAMES}; or recommenders of your own."
        ),
    ] = "visual,cf,blend",
    seeds: Seeds = SHOPS,
    days: Days = 8,
    shoppers: ShoppersOfEach = SHOP["shoppers"],
    seed: Seed = 1,
    items: ItemsOfEach = None,
    queries: QueriesOfEach = None,
    slates: Slates = None,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    workers: Workers = None,
    runs: Runs = None,
    local: Local = False,
    again: Again = False,
    strict: Strict = False,
    primary: Primary = None,
    compare: Compare = None,
    intervals: Intervals = False,
    as_json: AsJson = False,
) -> None:
    """Several policies in the same shops, a shop a seed, and their comparison."""
    names = [name.strip() for name in policies.split(",") if name.strip()]
    if not names:
        raise UsageError("--policies names none; give some like visual,cf,blend")
    plan, fit = planned(
        items,
        queries,
        otherwise=SHOP,
        policy=names[0],
        seed=seed,
        days=days,
        shoppers=shoppers,
        slates=slates,
        world=world,
        catalogue=catalogue,
    )
    from simulator.playing.experiment import play_experiment, write_comparison
    from simulator.report.numbers.primary import chosen

    decides = chosen(primary, compare)
    context = open_installation(workers=workers, runs=runs)
    played = play_experiment(
        context,
        plan,
        names,
        fit=fit,
        n_seeds=seeds,
        local=local,
        again=again,
        is_strict=strict,
        primary=decides,
    )
    found = write_comparison(context, played, primary=decides)
    show_report(found.to_json(), found.headline, as_json=as_json, intervals=intervals)
