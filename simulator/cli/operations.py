"""The commands of an operator: `up`, `serve`, `worker`, `work`, `doctor` and `config show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from db.errors import GateError
from simulator.cli.console import AsJson, gate, open_installation, settings, show_result
from simulator.cli.options import Catalogue, Workers

# ruff: noqa: PLC0415, PLR0917 - late imports keep --help quick; Typer calls by name


SLOWEST, QUICKEST = 0.1, 100_000


def pace(given: str | float) -> float:
    """`60`, `60x`, or the default; BadParameter for what is no pace."""
    try:
        found = float(str(given).removesuffix("x"))
    except ValueError:
        found = 0.0
    if not SLOWEST <= found <= QUICKEST:
        raise typer.BadParameter(f"wanted {SLOWEST:g} to {QUICKEST:,}, like 60 or 60x")
    return found


def up(workers: Workers = None, as_json: AsJson = False) -> None:
    """Keep workers, relay and (without REDIS_URL) our own Valkey running until stopped."""
    from simulator.operations.operate import up as action

    def ready(found: dict[str, Any]) -> None:
        text = (
            f"{len(found['workers'])} workers, database {found['database']}, queue {found['queue']}"
        )
        show_result(found, f"{text}; Ctrl-C stops", as_json=as_json)

    action(open_installation(workers=workers), ready)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8000,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name it may be called by, beside localhost; may be repeated."),
    ] = None,
    policy: Annotated[str, typer.Option(help="Who ranks, until a visitor chooses.")] = "blend",
    run: Annotated[
        str | None,
        typer.Option(help="Go on from this finished run; left out: the newest of blend, if any."),
    ] = None,
    catalogue: Catalogue = "fashion-mnist",
    shoppers: Annotated[
        int, typer.Option(min=0, max=100_000, help="Simulated shoppers let in beside people.")
    ] = 0,
    pace: Annotated[
        float,
        typer.Option(parser=pace, metavar="PACE", help="Simulated seconds in a real one."),
    ] = 60.0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """The shop in the browser, and the same recommender over REST."""
    from simulator.shop.serve import serve as action
    from simulator.shop.wish import Wish

    def ready(found: dict[str, Any]) -> None:
        show_result(found, f"{found['address']} answers; Ctrl-C stops", as_json=as_json)

    wish = Wish(policy, run, catalogue, shoppers, pace)

    def installed() -> Any:
        return open_installation(workers=workers)

    action(installed, wish, ready, host=host, port=port, names=name or ())


def worker(
    name: Annotated[str | None, typer.Option(help="Its name; must differ from all others.")] = None,
    as_json: AsJson = False,
) -> None:
    """One worker process; it needs DATABASE_URL and REDIS_URL and nothing else."""
    from simulator.operations.operate import worker as action

    def ready(found: dict[str, Any]) -> None:
        show_result(
            found, f"{found['worker']} answers {found['queue']}; Ctrl-C stops", as_json=as_json
        )

    action(settings(), name, ready)


def doctor(as_json: AsJson = False) -> None:
    """Look at everything a run needs; a line each, with the cure where something is wrong."""
    from simulator.operations.doctor import doctor as action

    findings = action(settings())
    lines = [
        f"{'ok   ' if one.ok else 'WRONG'} {one.name:<10} {one.detail}"
        + (f"\n      {one.cure}" if one.cure else "")
        for one in findings
    ]
    document = {
        one.name: {"ok": one.ok, "detail": one.detail, "cure": one.cure} for one in findings
    }
    wrong = [one.name for one in findings if not one.ok]
    with gate(GateError(f"not well: {', '.join(wrong)}") if wrong else None):
        show_result(document, "\n".join(lines), as_json=as_json)


def config_show(as_json: AsJson = False) -> None:
    """Each setting of this installation and where it came from."""
    from simulator.operations.operate import shown_settings

    found = shown_settings(settings())
    lines = [
        f"{one['name']:<16} {one['value']:<40} {one['from']:<16} {one['what']}" for one in found
    ]
    show_result(
        {one["name"]: {"value": one["value"], "from": one["from"]} for one in found},
        "\n".join(lines),
        as_json=as_json,
    )


work_app = typer.Typer(help="Work that waits or was given up.", no_args_is_help=True)

Ids = Annotated[
    list[int] | None,
    typer.Argument(help="Ids of parked work, as `work list` shows them.", metavar="[ID]..."),
]
All = Annotated[bool, typer.Option("--all", help="All parked work.")]


@work_app.command("list", epilog="Example: windowshop work list --state parked")
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


@work_app.command(epilog="Example: windowshop work retry 17 18")
def retry(ids: Ids = None, every: All = False, as_json: AsJson = False) -> None:
    """Parked work waits again, with all its tries; call it when the cause is mended."""
    from simulator.operations import parked

    done = parked.retry(open_installation(), ids or [], every=every)
    show_result({"retried": done}, f"{len(done)} pieces of work wait again", as_json=as_json)


@work_app.command(epilog="Example: windowshop work drop --all")
def drop(ids: Ids = None, every: All = False, as_json: AsJson = False) -> None:
    """Parked work is deleted; a run that needs its result asks for it anew when it is called
    again.
    """
    from simulator.operations import parked

    done = parked.drop(open_installation(), ids or [], every=every)
    show_result({"dropped": done}, f"{len(done)} pieces of work are gone", as_json=as_json)
