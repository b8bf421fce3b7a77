"""Counts the co-interactions of a run or an imported log anew and compares every cell."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import UsageError
from simulator.installation.context import Context
from simulator.logs import kept_log
from simulator.playing.export import run_or_log
from simulator.recount import of_log, of_run
from simulator.recount.cells import CellDifference
from simulator.recount.counted import CountedPart
from simulator.recount.engines.engine import Engine, Means, open_engine, require
from simulator.recount.engines.engine_names import EngineName


@dataclass(frozen=True)
class RecountWish:
    """How to count."""

    engine: EngineName
    master: str
    megabytes: int
    spill: Path | None
    """Where to put tables, and what does not fit into memory; None: a folder of the system's."""


@dataclass(frozen=True)
class Recounted:
    """What came out."""

    id: str
    noun: str
    title: str
    version: str
    cells: int
    sessions: int
    parts: int
    difference: CellDifference | None
    where: str
    names: tuple[str, str]

    @property
    def ok(self) -> bool:
        """Whether every cell is the same."""
        return self.difference is None

    def text(self) -> str:
        """All of it in a sentence."""
        if self.difference is not None:
            told = self.difference.text(self.names)
            return f"{self.noun} {self.id}, counted by {self.title}: {self.where}{told}"
        parts = f" in {self.parts} generations" if self.noun == "run" else ""
        return (
            f"{self.noun} {self.id}: all {self.cells:,} cells of {self.sessions:,} sessions"
            f"{parts} are equal, counted by {self.title}"
        )

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        return {
            "ok": self.ok,
            self.noun: self.id,
            "engine": self.title,
            "version": self.version,
            "cells": self.cells,
            "sessions": self.sessions,
            "difference": None if self.difference is None else self.text(),
        }


def recount(
    context: Context, name: str, wish: RecountWish, *, policy: str | None, seed: int | None
) -> Recounted:
    """Counts again what is behind a name, up to the first difference.

    Raises NotFoundError and UsageError for names that mean no finished run or imported log,
    DependencyError for an engine that is not installed.
    """
    require(wish.engine)
    found = run_or_log(context, name, policy=policy, seed=seed)
    is_log = kept_log.is_kept(context, found)
    with _engine(wish) as (engine, folder):
        counted = of_log.counted if is_log else of_run.counted
        parts = _until_wrong(counted(context, found, engine, folder))
        done = list(parts)
        last = done[-1] if done else None
        return Recounted(
            id=found,
            noun="log" if is_log else "run",
            title=engine.title,
            version=engine.version,
            cells=sum(one.cells for one in done),
            sessions=sum(one.sessions for one in done),
            parts=len(done),
            difference=last.difference if last else None,
            where=last.where if last else "",
            names=last.names if last else ("", ""),
        )


def _until_wrong(parts: Iterator[CountedPart]) -> Iterator[CountedPart]:
    for one in parts:
        yield one
        if one.difference is not None:
            return


@contextmanager
def _engine(wish: RecountWish) -> Iterator[tuple[Engine, Path]]:
    """The engine and the folder of its tables, which goes with it."""
    if wish.spill is not None and not wish.spill.is_dir():
        raise UsageError(f"--spill must be a folder, found {str(wish.spill)!r}; make it first")
    with tempfile.TemporaryDirectory(prefix="windowshop-recount-", dir=wish.spill) as made:
        folder = Path(made).resolve()
        means = Means(folder, wish.megabytes, wish.master)
        with closing(open_engine(wish.engine, means)) as engine:
            yield engine, folder
