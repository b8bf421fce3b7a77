"""A world file: a preset and the numbers that it changes, read from TOML.

It is turned into the text of a changed world, `mixed,click_base=-3.7,file=myshop.toml`. A run keeps
that text and the numbers, so it is played again and verified without the file.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

_BEGINS = re.compile(r"(?P<path>.+?\.toml)\s*(?P<rest>(,.*)?)$", re.DOTALL)
"""The path of a file, and what a user changes beside it."""

FILE = "file"
"""What a world's text may say of its origin; no number of the world's own."""

SHARES = frozenset(
    {
        *("hidden_share", "tribe_share", "popular_share", "taste_memory", "owned_memory"),
        *("examine_first", "examine_falloff", "open_pull", "cross_sell", "newcomer_share", "churn"),
        "stop_after_click",
    }
)
"""Numbers that lie between 0 and 1."""

LEAST = MappingProxyType(
    {
        "satisfaction_memory": 0.01,
        "hidden_dims": 1,
        "tribes": 1,
        "handful": 1,
        "newcomer_days": 1,
    }
)
"""The smallest value of numbers that have one of their own; a spread or a clock is not below 0."""

LARGEST = 1e6
"""Beyond it no number of a world means anything; log-odds and clocks stay far below."""


def text_of(text: str, presets: Mapping[str, Any]) -> str:
    """The text of the world in a file, what follows its path included; any other as it is.

    presets: worlds by name. Raises ValueError that says what would do.
    """
    found = _BEGINS.match(text)
    if found is None or text.partition(",")[0].strip() in presets:
        return text
    path = Path(found["path"].strip())
    base, numbers = _content(path, presets)
    known = presets[base]
    said = [f"{name}={_number(path, known, name, numbers[name])!r}" for name in sorted(numbers)]
    return ",".join([base, *said, f"{FILE}={_plain(path.name)}"]) + found["rest"]


def shown(text: str) -> str:
    """How a report names a world: a long list of numbers by the file that it came from."""
    base, *changes = text.split(",")
    said = dict(change.strip().partition("=")[::2] for change in changes)
    if FILE not in said:
        return text
    file = said.pop(FILE)
    counted = "1 number" if len(said) == 1 else f"{len(said)} numbers"
    return f"{file}: {base} with {counted} of its own"


def written(base: str, numbers: Mapping[str, float], comments: Mapping[str, str]) -> str:
    """The text of a world file; comments: by number, what stands behind it."""
    lines = [
        f"{name} = {value!r}" + (f"  # {comments[name]}" if name in comments else "")
        for name, value in numbers.items()
    ]
    return "\n".join([f'base = "{base}"', "", "[numbers]", *lines]) + "\n"


def _content(path: Path, presets: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"the world file {str(path)!r} cannot be read ({error.strerror}); "
            "`windowshop world fit LOG --out FILE` writes one"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the world file {path} is no TOML: {error}") from None
    if extra := sorted(set(document) - {"base", "numbers"}):
        raise ValueError(f"{path}: wanted base and [numbers], found {extra[0]!r}")
    base = document.get("base", "mixed")
    if not isinstance(base, str) or base not in presets:
        raise ValueError(f"{path}: no world {base!r}; base is one of {', '.join(presets)}")
    numbers = document.get("numbers", {})
    if not isinstance(numbers, dict):
        raise ValueError(f"{path}: wanted a table [numbers], found numbers = {numbers!r}")
    return base, numbers


def _number(path: Path, known: Any, name: str, value: Any) -> float:
    """One number of the file, of the kind that the preset has there."""
    usual = getattr(known, name, None)
    if isinstance(usual, bool) or not isinstance(usual, int | float):
        raise ValueError(f"{path}: no number {name!r} in the world; docs/WORLD.md lists them")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path}: {name} must be a number like {usual}, found {value!r}")
    if isinstance(usual, int) and value != int(value if math.isfinite(value) else 0):
        raise ValueError(f"{path}: {name} must be a whole number like {usual}, found {value!r}")
    least, most = _range(name)
    if not least <= value <= most:
        raise ValueError(f"{path}: {name} must lie in {least:g}..{most:g}, found {value!r}")
    return type(usual)(value)


def _range(name: str) -> tuple[float, float]:
    if name in SHARES:
        return 0.0, 1.0
    if name in LEAST:
        return LEAST[name], LARGEST
    is_size = name.endswith(("_spread", "_ms"))
    return (0.0 if is_size else -LARGEST), LARGEST


def _plain(name: str) -> str:
    """A file's name without what a world's text gives a meaning."""
    return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
