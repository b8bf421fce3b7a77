"""One claim that `verify` makes of a run, and how many parts become one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from db.errors import WindowshopError


@dataclass(frozen=True)
class Check:
    """One claim and whether it holds."""

    name: str
    ok: bool
    detail: str


def judged(differences: Iterator[str | None], name: str, what: str) -> Check:
    """A check of many parts: each part is None when it agrees, or says how it does not."""
    parts: list[str | None] = []
    try:
        parts.extend(differences)
    except (ValueError, IndexError, WindowshopError) as error:  # not even readable
        parts.append(f"cannot be recomputed: {error}")
    wrong = [part for part in parts if part is not None]
    return Check(name, not wrong, "; ".join(wrong[:3]) or f"{len(parts)} {what}, all equal")
