"""What a user may tell about a log: its format, its columns, its kinds, when a session ends."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from db.errors import UsageError
from simulator.logs.reading.shapes import formats

ROLES = ("shopper", "session", "time", "item", "kind")
GAP = 30 * 60.0
"""Seconds without an event that end a session where none is given."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class ReadOptions:
    """How a log is to be read; the defaults find out by themselves."""

    format: str | None = None
    """The name of a preset."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Ours to theirs: a role of ROLES to the name, or from 1 the number, of a column."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Theirs to ours; the empty word is an event without a kind."""
    session_gap: float | None = None
    """Seconds; None: GAP, and sessions that the log gives stay as they are."""
    is_lenient: bool = False
    """However much is left out, the rest counts."""

    def told(self) -> dict[str, str | float | bool | None]:
        """Those that somebody gave, as the command line has them."""
        pairs = {
            name: ",".join(f"{left}={right}" for left, right in pairs.items()) or None
            for name, pairs in (("columns", self.columns), ("kinds", self.kinds))
        }
        found = {"format": self.format, **pairs, "session_gap": self.session_gap}
        given: dict[str, str | float | bool | None] = {
            name: value for name, value in found.items() if value is not None
        }
        return {**given, "lenient": True} if self.is_lenient else given


def options(
    *,
    format_: str | None = None,
    columns: str | None = None,
    kinds: str | None = None,
    session_gap: str | float | None = None,
    lenient: bool = False,
) -> ReadOptions:
    """The options as the command line has them. Raises UsageError, naming the option."""
    if format_ is not None:
        format_ = format_.strip().lower()
        if format_ not in formats.BY_NAME:
            raise UsageError(
                f"--format: wanted one of {', '.join(formats.BY_NAME)}, found {format_!r}"
            )
    named = _pairs("--columns", columns)
    if unknown := sorted(set(named) - set(ROLES)):
        raise UsageError(
            f"--columns: wanted {', '.join(ROLES)} on the left of each =, found {unknown[0]!r}"
        )
    return ReadOptions(format_, named, _pairs("--kinds", kinds), _seconds(session_gap), lenient)


def _pairs(option: str, text: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in (text or "").split(",") if text else ():
        left, sign, right = (one.strip() for one in pair.partition("="))
        if not sign or not right:
            raise UsageError(f"{option}: wanted a=b,c=d, found {pair.strip()!r}")
        if left in found:
            raise UsageError(f"{option}: {left!r} stands there twice")
        found[left] = right
    return found


def _seconds(text: str | float | None) -> float | None:
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{0,9})?)\s*([smhd]?)\s*", str(text).lower())
    seconds = float(found[1]) * _UNITS[found[2] or "s"] if found else math.nan
    if not seconds > 0:
        raise UsageError(f"--session-gap: wanted a time like 30m, 1800s or 2h, found {text!r}")
    return seconds
