"""The command line: reads options, calls one action, shows its result. Heavy imports wait."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from db.errors import GateError, UsageError, WindowshopError
from simulator.cli import catalogue as cli_catalogue
from simulator.cli import crossover as cli_crossover
from simulator.cli import log as cli_log
from simulator.cli import results as cli_results
from simulator.cli import train as cli_train
from simulator.cli import work as cli_work
from simulator.cli.console import AsJson
from simulator.cli.console import open_installation as _open
from simulator.cli.console import settings as _settings
from simulator.cli.console import show as _show
from simulator.cli.console import show_report as _show_report
from simulator.cli.console import show_result as _show_result
from simulator.cli.options import (
    NAMES,
    Catalogue,
    Days,
    Items,
    Queries,
    Runs,
    Seed,
    Seeds,
    Shoppers,
    Slates,
    World,
    planned,
)
from workers.safe_text import one_line

app = typer.Typer(
    name="windowshop",
    help="Simulated shoppers for a visual recommender. Start with `windowshop demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
)
events_app = typer.Typer(help="Event logs out and in.", no_args_is_help=True)
config_app = typer.Typer(help="The settings in force.", no_args_is_help=True)
app.add_typer(cli_catalogue.app, name="catalogue")
app.add_typer(events_app, name="events")
app.add_typer(cli_work.app, name="work")
cli_crossover.register(app)
app.add_typer(config_app, name="config")
cli_log.register(app, events_app)
cli_results.register(app, events_app)

Workers = Annotated[int | None, typer.Option(help="Worker processes to start; 0: others do the work.")]
Local = Annotated[bool, typer.Option("--local", help="Do the work in this process, without Redis.")]
Again = Annotated[bool, typer.Option("--again", help="Play again what is finished already.")]


_Misuse: type[Exception] = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""All that Typer may have against the arguments; it keeps the class to itself."""


def _tell_version(asked: bool) -> None:
    if asked:
        from simulator.installation.provenance import described

        _show(described())
        raise typer.Exit


@app.callback()
def windowshop(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="What is installed, and exit."),
    ] = False,
) -> None:
    """Simulated shoppers for a visual recommender. Start with `windowshop demo`."""
    del version


@app.command(epilog="Example: windowshop demo --runs ./runs")
def demo(
    seed: Seed = 1,
    catalogue: Catalogue = "fashion-mnist",
    workers: Workers = None,
    runs: Runs = None,
    again: Again = False,
    train_anew: Annotated[
        bool, typer.Option("--train", help="Train preset quick first and play with that; a minute.")
    ] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Leave out the check at the end, a quarter of the time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The whole road in one command: data, embedder, workers, an experiment of five policies, the report.

    At its end the runs are verified: exit 4 unless all is equal.
    """
    from simulator.playing.plan import Plan

    plan = Plan(seed=seed, catalogue=catalogue)
    from simulator.embedders.in_force import in_force
    from simulator.embedders.model import trained_anew
    from simulator.installation.command_line import command_line
    from simulator.operations.verified import verify_named
    from simulator.playing.experiment import DEMO_POLICIES, SIZES, experiment, require

    context = _open(workers=workers, runs=runs)
    settings = {} if train_anew else in_force(context.settings, catalogue)
    own = None if catalogue == Plan.catalogue else catalogue
    command = command_line("demo", settings=settings, seed=seed, train=train_anew, catalogue=own)
    if train_anew:
        require(context, plan)
        context = trained_anew(context)
    found = experiment(context, plan, DEMO_POLICIES, again=again, fit=SIZES, command=command)
    checked = None if no_verify else verify_named(context, found.id)
    document = found.to_json() | ({} if checked is None else {"verified": checked.to_json()})
    _show_report(document, found.headline, as_json=as_json)
    if checked is not None and not checked.ok:
        raise GateError(checked.sentence())
    if checked is not None and not as_json:
        _show(checked.sentence())


@app.command(epilog="Example: windowshop explore --runs ./runs")
def explore(runs: Runs = None, as_json: AsJson = False) -> None:
    """Fashion-MNIST as a shop would look at it: classes, pixels, near-duplicates, doubtful labels."""
    from simulator.embedders.explore import explore as action

    found = action(_open(runs=runs))
    document = {**found.document, "report": str(found.page)}
    _show_result(document, f"{found.headline}\n\nreport: {found.page}", as_json=as_json)


app.command(epilog="Example: windowshop train --preset quick --seed 2")(cli_train.train)


@app.command(epilog="Example: windowshop evaluate --queries 1000")
def evaluate(
    queries: Annotated[
        int | None, typer.Option(help="Test pictures that ask for look-alikes; left out: all.")
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Also classes never seen: trains two small networks a split.")
    ] = False,
    splits: Annotated[int | None, typer.Option(help="--held-out with so many splits, not three.")] = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """The embedder on the test images: accuracy, confusion, calibration, retrieval beside simpler ways."""
    from simulator.embedders.evaluate import evaluate as action

    n_splits = 3 if splits is None and held_out else splits
    found = action(_open(runs=runs), n_queries=queries, n_splits=n_splits)
    if as_json:
        _show_result({**found.document, "report": str(found.page)}, "", as_json=True)
        return
    from simulator.cli.terminal import table

    for one in found.tables:
        _show()
        table(one)
    _show(f"\n{found.headline}\n\nreport: {found.page}")


@app.command(epilog="Example: windowshop similar shoe.jpg -k 10 --out grid.png")
def similar(
    image: Annotated[Path, typer.Argument(help="A jpg, png or webp: one product on a plain background.")],
    k: Annotated[int, typer.Option("-k", help="How many items.")] = 10,
    out: Annotated[Path | None, typer.Option(help="A picture grid: FILE.png or FILE.jpg.")] = None,
    catalogue: Catalogue = "fashion-mnist",
    exclude_self: Annotated[
        bool, typer.Option("--exclude-self", help="Leave out items that have this very picture.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Catalogue items that look like a picture, the most similar first: their cosine, id and category."""
    from simulator.embedders.similar import similar as action

    found = action(_open(), image, k=k, out=out, catalogue=catalogue, exclude_self=exclude_self)
    _show_result(found.to_json(), found.text(), as_json=as_json)


@app.command(epilog="Example: windowshop simulate --policy blend --days 8 --shoppers 3000 --seed 1")
def simulate(
    policy: Annotated[str, typer.Option(help=f"How slates are ranked: {NAMES}.")] = "blend",
    days: Days = 8,
    shoppers: Shoppers = 3000,
    seed: Seed = 1,
    items: Items = None,
    queries: Queries = None,
    slates: Slates = 3,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    workers: Workers = None,
    runs: Runs = None,
    local: Local = False,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """One run: shoppers meet one policy, day after day. An unfinished run goes on where it stopped."""
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

    done = run(_open(workers=workers, runs=runs), plan, fit=fit, local=local, again=again)
    _show_report(done.to_json(), done.headline, as_json=as_json)


@app.command(epilog="Example: windowshop experiment --policies visual,cf,blend --seeds 5")
def experiment(
    policies: Annotated[
        str, typer.Option(help=f"Policies to compare, separated by commas: {NAMES}.")
    ] = "visual,cf,blend",
    seeds: Seeds = 1,
    days: Days = 8,
    shoppers: Shoppers = 3000,
    seed: Seed = 1,
    items: Items = None,
    queries: Queries = None,
    slates: Slates = 3,
    world: World = "mixed",
    catalogue: Catalogue = "fashion-mnist",
    workers: Workers = None,
    runs: Runs = None,
    local: Local = False,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Several runs that share world and seeds and differ in the policy, and their comparison."""
    names = [name.strip() for name in policies.split(",") if name.strip()]
    if not names:
        raise UsageError("--policies names none; give some like visual,cf,blend")
    plan, fit = planned(
        items,
        queries,
        policy=names[0],
        seed=seed,
        days=days,
        shoppers=shoppers,
        slates=slates,
        world=world,
        catalogue=catalogue,
    )
    from simulator.playing.experiment import experiment as action

    context = _open(workers=workers, runs=runs)
    found = action(context, plan, names, fit=fit, n_seeds=seeds, local=local, again=again)
    _show_report(found.to_json(), found.headline, as_json=as_json)


@app.command(epilog="Example: windowshop up --workers 4")
def up(workers: Workers = None, as_json: AsJson = False) -> None:
    """Keep workers, relay and (without REDIS_URL) our own Valkey running until stopped."""
    from simulator.operations.operate import up as action

    def ready(found: dict[str, Any]) -> None:
        text = f"{len(found['workers'])} workers, database {found['database']}, queue {found['queue']}"
        _show_result(found, f"{text}; Ctrl-C stops", as_json=as_json)

    action(_open(workers=workers), ready)


@app.command(epilog="Example: REDIS_URL=redis://queue:6379/0 windowshop worker")
def worker(
    name: Annotated[str | None, typer.Option(help="Its name; must differ from all others.")] = None,
    as_json: AsJson = False,
) -> None:
    """One worker process; it needs DATABASE_URL and REDIS_URL and nothing else."""
    from simulator.operations.operate import worker as action

    def ready(found: dict[str, Any]) -> None:
        _show_result(found, f"{found['worker']} answers {found['queue']}; Ctrl-C stops", as_json=as_json)

    action(_settings(), name, ready)


@app.command(epilog="Example: windowshop doctor")
def doctor(as_json: AsJson = False) -> None:
    """Look at everything a run needs; a line each, with the cure where something is wrong."""
    from simulator.operations.doctor import doctor as action

    findings = action(_settings())
    lines = [
        f"{'ok   ' if one.ok else 'WRONG'} {one.name:<10} {one.detail}"
        + (f"\n      {one.cure}" if one.cure else "")
        for one in findings
    ]
    document = {one.name: {"ok": one.ok, "detail": one.detail, "cure": one.cure} for one in findings}
    _show_result(document, "\n".join(lines), as_json=as_json)
    wrong = [one.name for one in findings if not one.ok]
    if wrong:
        raise GateError(f"not well: {', '.join(wrong)}")


@config_app.command("show", epilog="Example: windowshop config show --json")
def config_show(as_json: AsJson = False) -> None:
    """Each setting of this installation and where it came from."""
    from simulator.operations.operate import shown_settings

    found = shown_settings(_settings())
    lines = [f"{one['name']:<16} {one['value']:<40} {one['from']:<16} {one['what']}" for one in found]
    _show_result(
        {one["name"]: {"value": one["value"], "from": one["from"]} for one in found},
        "\n".join(lines),
        as_json=as_json,
    )


def main() -> None:
    """Run the command; what an operator can mend is one line on standard error and an exit code."""
    signal.signal(signal.SIGTERM, _stop)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what the terminal cannot show is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    try:
        with command.make_context("windowshop", sys.argv[1:]) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    except _Misuse as error:
        sys.exit(_complain(_as_usage(error)))
    except WindowshopError as error:
        sys.exit(_complain(error))
    except KeyboardInterrupt as stopped:
        sys.stderr.write("windowshop: stopped; call the same command again to go on\n")
        sys.exit(143 if isinstance(stopped, Terminated) else 130)
    except BrokenPipeError:  # the reader went away; that is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_usage(error: Any) -> UsageError | None:
    """What Typer says of the arguments in our one line; None when it only showed the help."""
    said = error.format_message()
    where = error.ctx.command_path if error.ctx else "windowshop"
    return UsageError(f"{said.rstrip('.')}{_found(error.__cause__)}; see `{where} --help`") if said else None


def _found(cause: Any) -> str:
    """What was given in place of the value that was wanted, which Typer leaves out."""
    return ", found " + ", ".join(repr(one["input"]) for one in cause.errors()) if cause else ""


def _complain(error: WindowshopError | None) -> int:
    """One line on standard error; the exit code."""
    if error is None:
        return UsageError.exit_code
    sys.stderr.write(f"windowshop: {one_line(' '.join(str(error).split()))}\n")
    return error.exit_code


class Terminated(KeyboardInterrupt):
    """SIGTERM: everybody ends as on Ctrl-C; only the exit code, 128 + 15, tells which it was."""


def _stop(*_: object) -> None:
    raise Terminated
