"""A command as somebody types it: the one place where words, options and settings are quoted."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

Value = str | int | float | bool | Sequence[str | float] | None
"""Of an option: None and False leave it out, True is a flag, a sequence is separated by commas."""


def command_line(*words: str, settings: Mapping[str, str], **options: Value) -> str:
    """`NAME=value windowshop words --option value`, quoted for a shell; words are never taken for
    options.
    """
    before = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    name, *arguments = words
    given = [part for option, value in options.items() for part in _option(option, value)]
    safe = [f"./{word}" if word.startswith("-") else word for word in arguments]
    return " ".join([*before, shlex.join(["windowshop", *name.split(), *safe, *given])])


def _option(name: str, value: Value) -> list[str]:
    flag = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [flag, ",".join(_plain(one) for one in value)] if value else []
    return [flag, _plain(value)]


def _plain(value: str | float) -> str:
    """Every digit that a number has, so that it is the same number again."""
    return (
        repr(int(value) if value == int(value) else value)
        if isinstance(value, float)
        else str(value)
    )
