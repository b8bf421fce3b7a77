"""Writes docs/cli.md from the commands themselves: `python -m tests.cli_reference >
docs/cli.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from simulator.cli.main import app
from workers.settings import Settings

HEAD = """\
# The command line

Generated from the commands by `python -m tests.cli_reference > docs/cli.md`.
A test compares the two.

Every command prepares what it lacks (data, embedder, catalogue, database schema) and says so.
News and progress go to standard error, results to standard output.
Errors are one line: what was wanted, what was found, and what mends it.

| exit code | means |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | called with values that do not fit |
| 3 | Redis or the database does not answer |
| 4 | a check that was asked for did not hold |
| 130 | stopped by Ctrl-C or SIGTERM; call the same command again to go on |

Settings come from a flag, else the environment, else `windowshop.toml`, else the default.
`windowshop config show` lists each with its origin.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, in the order of the help."""
    yield from _below("windowshop", typer.main.get_command(app))


def example(command: Any) -> str:
    """What the help gives as an example; empty when it gives none."""
    _, _, given = (command.epilog or "").partition("Example: ")
    return str(given)


def reference() -> str:
    """The whole document."""
    return HEAD + "".join(f"\n{section(name, command)}" for name, command in commands())


def section(name: str, command: Any) -> str:
    """One command: what it does, an example, its arguments and options."""
    lines = [f"## {name}", "", command.help, "", "```console", f"$ {example(command)}", "```", ""]
    rows = [row for parameter in command.params for row in _row(parameter)]
    lines += ["| argument or option | default | means |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, child in inner.items():
        yield from _below(f"{name} {word}", child)


def _row(parameter: Any) -> Iterator[str]:
    if parameter.name == "help":
        return
    is_option = parameter.opts[0].startswith("-")
    is_flag = getattr(parameter, "is_flag", False)
    word = parameter.metavar or parameter.name.upper()
    name = ", ".join(parameter.opts) + ("" if is_flag else f" {word}") if is_option else word
    often = " May be given again." if getattr(parameter, "multiple", False) else ""
    default = "required" if parameter.required else _default(parameter, is_flag=is_flag)
    yield f"| `{_cell(name)}` | {default} | {_cell(parameter.help)}{often} |"


def _default(parameter: Any, *, is_flag: bool) -> str:
    if parameter.default is None and parameter.name in Settings.model_fields:
        return "the setting"
    return "" if is_flag or parameter.default in (None, (), []) else f"`{parameter.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
