"""The command line: collects the commands, calls one, ends with its exit code. Heavy imports
wait.
"""

from __future__ import annotations

import codecs
import io
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from db.errors import UsageError, WindowshopError
from simulator.cli import (
    catalogue,
    crossover,
    embedders,
    guests,
    log,
    operations,
    play,
    recommend,
    results,
    train,
)
from simulator.cli.comparing import counterfactual, one_run, peek, plan
from simulator.cli.console import show
from simulator.cli.out import recount, slates
from simulator.cli.worlds import realism, world
from workers.blas import keep_to_one_blas_thread
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
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(events_app, name="events")
app.add_typer(slates.app, name="slates")
app.add_typer(world.app, name="world")
app.add_typer(operations.work_app, name="work")
plan.register(app)
one_run.register(app)
counterfactual.register(app)
peek.register(app)
crossover.register(app)
app.add_typer(config_app, name="config")
log.register(app, events_app)
realism.register(app)
results.register(app, events_app)
recount.register(app)


UNSHOWN = "windowshop-unshown"
"""What is done with signs that the terminal's encoding lacks."""

_Misuse: type[Exception] = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""All that Typer may have against the arguments; it keeps the class to itself."""


def _tell_version(asked: bool) -> None:
    if asked:
        from simulator.installation.provenance import described

        show(described())
        raise typer.Exit


@app.callback()
def windowshop(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="What is installed, and exit."
        ),
    ] = False,
) -> None:
    """Simulated shoppers for a visual recommender. Start with `windowshop demo`."""
    del version


app.command(epilog="Example: windowshop demo --seeds 1 --runs ./runs")(play.demo)
app.command(epilog="Example: windowshop explore --runs ./runs")(embedders.explore)
app.command(epilog="Example: windowshop train --preset quick --seed 2")(train.train)
app.command(epilog="Example: windowshop evaluate --queries 1000")(embedders.evaluate)
app.command(epilog="Example: windowshop similar shoe.jpg -k 10 --out grid.png")(embedders.similar)
app.command(epilog="Example: windowshop simulate --policy blend --days 4 --shoppers 900 --seed 2")(
    play.simulate
)
app.command(epilog="Example: windowshop experiment --policies visual,blend --seeds 3 --days 4")(
    play.experiment
)
app.command(epilog="Example: windowshop recommend shoe.jpg -k 3")(recommend.recommend)
app.command(epilog="Example: windowshop check looks.py:Looks")(guests.check)
app.command(epilog="Example: windowshop up --workers 4")(operations.up)
app.command(epilog="Example: windowshop serve --port 8000")(operations.serve)
app.command(epilog="Example: REDIS_URL=redis://queue:6379/0 windowshop worker")(operations.worker)
app.command(epilog="Example: windowshop doctor")(operations.doctor)
config_app.command("show", epilog="Example: windowshop config show")(operations.config_show)


NARROWEST = 20
"""Columns of a terminal on which help can be read."""
LOST_SECONDS = 20
"""After so long a command that SIGTERM should have ended is told once more."""


def main() -> None:
    """Run the command; what an operator can mend is one line on standard error and an exit code."""
    signal.signal(signal.SIGTERM, _stop)
    keep_to_one_blas_thread()
    if sys.stdout is None:  # closed before we began: what is written fails as on any full disk
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as we live
    codecs.register_error(UNSHOWN, _unshown)
    if isinstance(
        sys.stdout, io.TextIOWrapper
    ):  # what the terminal cannot show is no reason to fail
        sys.stdout.reconfigure(errors=UNSHOWN)
    _mind_width()
    # Without a home directory it tells at length where its cache of fonts lies instead.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        code = _called()
        sys.stdout.flush()
        sys.exit(code)
    except _Misuse as error:
        sys.exit(_complain(_as_usage(error)))
    except WindowshopError as error:
        _let_go_of_output()
        sys.exit(_complain(error))
    except KeyboardInterrupt as stopped:
        sys.stderr.write("windowshop: stopped; call the same command again to go on\n")
        sys.exit(143 if isinstance(stopped, Terminated) else 130)
    except BrokenPipeError:  # the reader went away; that is no error
        _give_up_output()
    except OSError as error:
        if not _is_of_output():
            raise
        _give_up_output()
        why = error.strerror or error
        sys.exit(
            _complain(WindowshopError(f"standard output cannot be written ({why}); choose another"))
        )


def _called() -> int:
    """Call the command; its exit code."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("windowshop", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def _mind_width() -> None:
    """COLUMNS=0 says that nobody knows the width, and on a few columns no help can be read."""
    from rich.console import Console
    from typer import rich_utils

    if rich_utils.MAX_WIDTH is None and Console().width < NARROWEST:
        rich_utils.MAX_WIDTH = 80


def _unshown(error: UnicodeError) -> tuple[str | bytes, int]:
    """A space for one that does not break; anything else that cannot be shown as an escape."""
    if isinstance(error, UnicodeEncodeError) and error.object[error.start] == "\N{NO-BREAK SPACE}":
        return " ", error.start + 1
    return codecs.backslashreplace_errors(error)


def _let_go_of_output() -> None:
    """Write what waits in standard output; what cannot be written must not change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_output()


def _is_of_output() -> bool:
    """Whether it is standard output that cannot be written; tried with one line break."""
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except OSError:
        return True
    return False


def _give_up_output() -> None:
    """What waits in standard output goes nowhere, so that the end of Python does not fail of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_usage(error: Any) -> UsageError | None:
    """What Typer says of the arguments in our one line; None when it only showed the help."""
    said = error.format_message()
    where = error.ctx.command_path if error.ctx else "windowshop"
    return (
        UsageError(f"{said.rstrip('.')}{_found(error.__cause__)}; see `{where} --help`")
        if said
        else None
    )


def _found(cause: Any) -> str:
    """What was given in place of the value that was wanted, which Typer leaves out."""
    return ", found " + ", ".join(repr(one["input"]) for one in cause.errors()) if cause else ""


def _complain(error: WindowshopError | None) -> int:
    """One line on standard error; the exit code."""
    if error is None:
        return UsageError.exit_code
    with suppress(OSError):  # the exit code tells where nothing can be said
        sys.stderr.write(f"windowshop: {one_line(' '.join(str(error).split()))}\n")
    return error.exit_code


class Terminated(KeyboardInterrupt):
    """SIGTERM: everybody ends as on Ctrl-C; only the exit code, 128 + 15, tells which it was."""


def _stop(*_: object) -> None:
    """End the command; again after a while, since what is raised inside a callback of C is lost."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(LOST_SECONDS)
    raise Terminated
