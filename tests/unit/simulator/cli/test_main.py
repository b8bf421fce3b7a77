"""The command line as such: help, examples, exit codes, and how little `--help` imports."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from db import errors
from recommender.registry import POLICY_NAMES, RANKED
from simulator.cli import main as cli
from simulator.cli import results as cli_results
from simulator.cli.terminal import paragraph, table
from simulator.operations import doctor
from tests import cli_reference
from tests.installation import ROOT
from workers import settings

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
    words = [
        word for word in shlex.split(cli_reference.example(COMMANDS[name])) if "://" not in word
    ]
    assert " ".join(words).startswith(name)
    COMMANDS[name].make_context(name, words[len(name.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_json(name: str) -> None:
    """There is no command that a program cannot read."""
    assert "--json" in [word for one in COMMANDS[name].params for word in one.opts]


def test_the_reference_is_that_of_the_commands() -> None:
    """docs/cli.md is generated: `python -m tests.cli_reference > docs/cli.md`."""
    assert (ROOT / "docs" / "cli.md").read_text() == cli_reference.reference()


def test_help_imports_nothing_heavy() -> None:
    """`windowshop --help` answers before anything that computes, stores or queues is imported."""
    script = (
        "import sys\n"
        "from simulator.cli.main import main\n"
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
    assert errors.NotFoundError.exit_code == 2
    assert codes == {
        "UsageError": 2,
        "DependencyError": 3,
        "GateError": 4,
        "DataError": 1,
        "SchemaError": 1,
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

    def fails(**_: object) -> None:
        raise kind("first\n  second")

    monkeypatch.setattr(sys, "argv", ["windowshop", "status"])
    monkeypatch.setattr(cli_results, "open_installation", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr().err == "windowshop: first second\n"
    assert str(kind()) == kind.__doc__


def test_the_program_runs_under_both_names() -> None:
    """`windowshop` and `python -m simulator` are one."""
    program = Path(sys.executable).with_name("windowshop")
    both = [
        subprocess.run(
            [*words, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for words in ([str(program)], [sys.executable, "-m", "simulator"])
    ]
    assert both[0] == both[1]


def test_the_version_names_what_computes() -> None:
    """One line: ours, Python's, and those of what embeds and of what queues."""
    program = Path(sys.executable).with_name("windowshop")
    done = subprocess.run(
        [str(program), "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(
        r"windowshop \d\S+, Python 3\S+, tensorflow\S* \d\S+, rq \d\S+\n", done.stdout
    )


@pytest.mark.parametrize("name", ["simulate", "experiment", "crossover", "offline"])
def test_the_help_lists_the_policies(name: str) -> None:
    """Every name that the option takes; a shared log can be ranked by recommenders alone."""
    (option,) = [
        one for one in COMMANDS[f"windowshop {name}"].params if one.name in {"policy", "policies"}
    ]
    takes = RANKED if name == "offline" else POLICY_NAMES
    assert f": {', '.join(takes)}" in option.help


class Wide(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_the_closing_sentence_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines as wide as the terminal; into a file, one line."""
    text = "Blend beats visual by a good deal. " * 5
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert paragraph(text) == text
    monkeypatch.setattr(sys, "stdout", Wide())
    lines = paragraph(text).splitlines()
    assert max(map(len, lines)) <= 40
    assert " ".join(lines) == text.strip()


def test_the_doctor_changes_nothing(tmp_path: Path) -> None:
    """Not even the folder of runs, which it says can be written."""
    found = doctor._runs(settings.load(runs=tmp_path / "new" / "runs"))
    assert found.ok
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert not doctor._runs(settings.load(runs=tmp_path / "file" / "runs")).ok


def test_intervals_stand_in_the_table_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a policy has one line."""
    rows = [["policy", "ctr"], ["visual", "5.04 % (4.97 to 5.12)"]]
    table(rows)
    assert capsys.readouterr().out.split() == ["policy", "ctr", "visual", "5.04", "%"]
    table(rows, intervals=True)
    assert capsys.readouterr().out.split()[-1] == "4.97-5.12"
