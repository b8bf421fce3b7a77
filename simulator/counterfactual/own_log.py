"""A log of one's own with propensities, from a CSV file: a line an item shown."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.errors import UsageError
from simulator.counterfactual.logged import Floats, Ints, Logged

REQUEST = "request"
POSITION = "position"
CLICKED = "clicked"
PROPENSITY = "propensity"
SHOPPER = "shopper"
MOST_PLACES = 200

Line = Mapping[str, str | None]


@dataclass(frozen=True)
class Where:
    """A file, and where each of its lines belongs."""

    path: Path
    lines: Sequence[Line]
    request: Ints
    """[n_lines]: number of the request."""
    position: Ints
    """[n_lines]: from 0."""

    @property
    def shape(self) -> tuple[int, int]:
        """Requests and places."""
        return int(self.request.max()) + 1, int(self.position.max()) + 1

    def numbers(self, column: str, *, above_zero: bool = False) -> Floats:
        """[n_lines]: a column of probabilities; UsageError for what is none."""
        found = np.array([_number(self, n, column) for n in range(len(self.lines))])
        is_right = (found > 0 if above_zero else found >= 0) & (found <= 1)
        wrong = np.flatnonzero(~is_right)
        if len(wrong):
            range_ = "above 0 and at most 1" if above_zero else "from 0 to 1"
            raise UsageError(
                f"{self.path}, line {wrong[0] + 2}: {column} must be {range_}, found"
                f" {found[wrong[0]]:g}"
            )
        return found

    def laid_out(self, values: Floats, *, empty: float) -> Floats:
        """[n, k], by request and place."""
        found = np.full(self.shape, empty)
        found[self.request, self.position] = values
        return found


def read_log(path: Path, policy: str) -> Logged:
    """The log for the target whose chances stand in the column `policy`.

    Raises UsageError for a file without the columns, or with values that do not fit.
    """
    where = _placed(path, policy)
    columns = set(where.lines[0])
    k = where.shape[1]
    clicked = where.laid_out(where.numbers(CLICKED), empty=0.0)
    every = [[f"{name}_at_{place}" for place in range(k)] for name in (PROPENSITY, policy)]
    logger, target = (np.full((*where.shape, k), np.nan) for _ in every)
    both = ((logger, PROPENSITY, every[0]), (target, policy, every[1]))
    for chances, own, by_place in both:
        if columns.issuperset([*every[0], *every[1]]):
            for place, column in enumerate(by_place):
                chances[:, :, place] = where.laid_out(where.numbers(column), empty=np.nan)
        here = where.numbers(own, above_zero=own == PROPENSITY)
        diagonal = where.laid_out(here, empty=np.nan)
        chances[:, np.arange(k), np.arange(k)] = diagonal
    shown = np.bincount(where.request, minlength=where.shape[0])
    return Logged(_units(where), clicked, logger, target, shown)


def _placed(path: Path, policy: str) -> Where:
    found, lines = _lines(path)
    wanted = (REQUEST, POSITION, CLICKED, PROPENSITY, policy)
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise UsageError(
            f"{path} lacks the columns {', '.join(lacking)}; found {', '.join(found) or 'none'}"
        )
    if not lines:
        raise UsageError(f"{path} holds no line below its header")
    request = np.unique([str(line[REQUEST]) for line in lines], return_inverse=True)[1]
    nowhere = Where(path, lines, request, np.zeros(len(lines), np.int64))
    position = np.array([_number(nowhere, n, POSITION) for n in range(len(lines))])
    wrong = np.flatnonzero(~((position >= 0) & (position < MOST_PLACES)) | (position % 1 != 0))
    if len(wrong):
        raise UsageError(
            f"{path}, line {wrong[0] + 2}: {POSITION} must be a whole number from 0 to"
            f" {MOST_PLACES - 1}, found {position[wrong[0]]:g}"
        )
    place = position.astype(np.int64)
    if len(np.unique(np.stack([request, place]), axis=1).T) < len(lines):
        raise UsageError(f"{path} has two lines for one {POSITION} of a {REQUEST}; write one")
    return Where(path, lines, request, place)


def _lines(path: Path) -> tuple[Sequence[str], list[Line]]:
    """The names of the columns, and all lines."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            return list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read {path} as a CSV file: {error}") from None


def _units(where: Where) -> Ints:
    """Whose request each is; without such a column, everybody asks once."""
    n = where.shape[0]
    if SHOPPER not in where.lines[0]:
        return np.arange(n)
    units = np.zeros(n, np.int64)
    whose = np.unique([str(line[SHOPPER]) for line in where.lines], return_inverse=True)[1]
    units[where.request] = whose
    return units


def _number(where: Where, n: int, column: str) -> float:
    said = where.lines[n][column]
    try:
        return float(said or "nan")
    except ValueError:
        raise UsageError(
            f"{where.path}, line {n + 2}: {column} must be a number, found {said!r}"
        ) from None
