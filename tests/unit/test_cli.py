"""The command line as such: help, examples, answers in JSON, exit codes, and how little `--help` imports."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from db import errors
from simulator import cli
from tests import cli_reference
from tests.installation import ROOT, TOY_FLAGS, Installation, install

COMMANDS = dict(cli_reference.commands())
NEVER_BY_HELP = (
    "tensorflow",
    "keras",
    "pandas",
    "matplotlib",
    "scipy",
    "numpy",
    "sqlalchemy",
    "redis",
    "rq",
    "alembic",
)
ENDLESS = {"windowshop up", "windowshop worker"}
NEEDS_DATA = {"windowshop demo", "windowshop train"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation on which every command can be called; it has played one run."""
    made = install(tmp_path_factory.mktemp("cli"))
    played = made.call("simulate", *TOY_FLAGS, "--local", "--json")
    assert played.returncode == 0, played.stderr
    answer = json.loads(played.stdout)
    assert played.stdout.count("\n") == 1
    assert {"run", "events", "report"} <= set(answer)
    return made


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_gives_an_example(name: str) -> None:
    """A sentence, a line of help for each option, and an example of that very command."""
    command = COMMANDS[name]
    assert command.help
    assert command.help.endswith(".")
    assert [one.name for one in command.params if one.name != "help" and not one.help] == []
    assert name in cli_reference.example(command)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_parsed(name: str) -> None:
    """What the help shows is what the parser takes."""
    words = [word for word in shlex.split(cli_reference.example(COMMANDS[name])) if "://" not in word]
    assert " ".join(words).startswith(name)
    with typer.main.get_command(cli.app).make_context("windowshop", words[1:]) as context:
        assert context.protected_args or context.args or context.invoked_subcommand
    COMMANDS[name].make_context(name, words[len(name.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_json(name: str) -> None:
    """There is no command that a program cannot read."""
    assert "--json" in [word for one in COMMANDS[name].params for word in one.opts]


def test_the_reference_is_that_of_the_commands() -> None:
    """docs/cli.md is generated: `python -m tests.cli_reference > docs/cli.md`."""
    assert (ROOT / "docs" / "cli.md").read_text() == cli_reference.reference()


ANSWERS = {
    "windowshop experiment": (
        ("experiment", "--policies", "random,visual", *TOY_FLAGS, "--local"), {"experiment", "runs", "report"}
    ),
    "windowshop report": (("report", "latest"), {"report", "metrics"}),
    "windowshop events export": (("events", "export", "{run}", "--out", "events.jsonl"), {"run", "events", "file"}),
    "windowshop verify": (("verify", "{run}"), {"ok", "checks"}),
    "windowshop status": (("status",), {"runs", "work", "parked", "models", "catalogues"}),
    "windowshop doctor": (("doctor",), {"data", "model", "database", "queue", "work", "runs", "disk"}),
    "windowshop config show": (("config", "show"), {"home", "database_url", "workers"}),
}  # fmt: skip


def test_every_command_that_ends_is_asked_for_its_answer() -> None:
    """A new command needs a line in ANSWERS; simulate's is asked for by the fixture."""
    assert set(ANSWERS) | ENDLESS | NEEDS_DATA | {"windowshop simulate"} == set(COMMANDS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_one_json_object(installation: Installation, name: str) -> None:
    """Standard output holds one line, which parses, with the keys that other programs rely on."""
    words, keys = ANSWERS[name]
    done = installation.call(*(word.format(run=first_run(installation)) for word in words), "--json")
    assert done.returncode in (0, errors.GateError.exit_code), done.stderr
    assert done.stdout.count("\n") == 1
    found: Any = json.loads(done.stdout)
    assert keys <= set(found)


def first_run(installation: Installation) -> str:
    """The id of a run that was played."""
    status = json.loads(installation.call("status", "--json").stdout)
    return str(status["runs"][0]["run"])


def test_events_come_out_as_lines(installation: Installation) -> None:
    """Without --out, standard output holds the events and nothing else."""
    done = installation.call("events", "export", first_run(installation))
    assert done.returncode == 0, done.stderr
    assert {json.loads(line)["kind"] for line in done.stdout.splitlines()} >= {
        "search",
        "impression",
        "leave",
    }


def test_a_reader_that_goes_away_is_no_error(installation: Installation) -> None:
    """`windowshop events export RUN | head -1` ends with 0 and says nothing."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "simulator", "events", "export", first_run(installation)],
        cwd=installation.folder,
        env=installation.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.stderr.read() == b""
    assert writer.wait() == 0
    writer.stderr.close()


def test_a_finished_run_keeps_its_timings(installation: Installation) -> None:
    """Asked for again, it is given back, and its directory still says how long it took."""
    folder = installation.folder / "runs" / first_run(installation)
    before = json.loads((folder / "run.json").read_text())["timings"]
    done = installation.call("simulate", *TOY_FLAGS, "--local", "--json")
    assert done.returncode == 0, done.stderr
    assert "finished before" in done.stderr
    assert before["total"] > 0
    assert json.loads((folder / "run.json").read_text())["timings"] == before


def test_help_imports_nothing_heavy() -> None:
    """`windowshop --help` answers before anything that computes, stores or queues is imported."""
    script = (
        "import sys\n"
        "from simulator.cli import main\n"
        "sys.argv = ['windowshop', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "demo" in done.stdout
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert loaded & set(NEVER_BY_HELP) == set()
    assert "typer" in loaded


def test_exit_codes_are_those_of_the_promise() -> None:
    """1 failed, 2 usage, 3 a dependency is down, 4 a gate was not met."""
    codes = {kind.__name__: kind.exit_code for kind in errors.WindowshopError.__subclasses__()}
    assert codes == {
        "UsageError": 2,
        "DependencyError": 3,
        "GateError": 4,
        "DataError": 1,
        "SchemaError": 1,
        "NotFoundError": 1,
        "WorkError": 1,
    }


@pytest.mark.parametrize(("kind", "code"), [(errors.WindowshopError, 1), (errors.GateError, 4)])
def test_an_error_is_one_line_and_its_exit_code(
    kind: type[errors.WindowshopError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Even when its text has several lines; without a text, what the kind of error is."""

    def fails() -> None:
        raise kind("first\n  second")

    monkeypatch.setattr(sys, "argv", ["windowshop", "status"])
    monkeypatch.setattr(cli, "_open", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr().err == "windowshop: first second\n"
    assert str(kind()) == kind.__doc__


def test_the_program_runs_under_both_names() -> None:
    """`windowshop` and `python -m simulator` are one."""
    program = Path(sys.executable).with_name("windowshop")
    both = [
        subprocess.run([*words, "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for words in ([str(program)], [sys.executable, "-m", "simulator"])
    ]
    assert both[0] == both[1]
