"""A log of one's own with propensities: a table with a line an item shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.errors import UsageError
from db.nearest import nearest
from simulator.counterfactual.chances import Floats
from simulator.counterfactual.logged import Ints, Logged
from simulator.logs.reading.plain import PlainTable, read_table

REQUEST = "request"
POSITION = "position"
CLICKED = "clicked"
PROPENSITY = "propensity"
SHOPPER = "shopper"
NEEDED = (REQUEST, POSITION, CLICKED, PROPENSITY)
MOST_PLACES = 200


@dataclass(frozen=True)
class Where:
    """A table, and where each of its lines belongs."""

    table: PlainTable
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
        found = self.table.numbers(column)
        is_right = (found > 0 if above_zero else found >= 0) & (found <= 1)
        wrong = np.flatnonzero(~is_right)
        if len(wrong):
            range_ = "above 0 and at most 1" if above_zero else "from 0 to 1"
            raise UsageError(
                f"{self.table.where(int(wrong[0]))}: {column} must be {range_}, found"
                f" {_shown(found[wrong[0]])}"
            )
        return found

    def laid_out(self, values: Floats, *, empty: float) -> Floats:
        """[n, k], by request and place."""
        found = np.full(self.shape, empty)
        found[self.request, self.position] = values
        return found


def read_log(path: Path, policy: str) -> Logged:
    """The log for the target whose chances stand in the column `policy`.

    CSV, JSON lines or Parquet, packed or not, as `evaluate-log` reads them. Raises UsageError for a
    file without the columns, or with values that do not fit, DataError for one that is damaged.
    """
    where = _placed(path, policy)
    columns = set(where.table.names)
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


def _chosen(place: str, names: Sequence[str], policy: str) -> list[str]:
    """The columns to read; UsageError for those that lack."""
    lacking = [name for name in NEEDED if name not in names]
    if lacking:
        raise UsageError(
            f"{place} lacks the columns {', '.join(lacking)}; found {', '.join(names) or 'none'}"
            " (docs/STATISTICS.md says what each holds)"
        )
    if policy not in names:
        others = [name for name in names if name not in {*NEEDED, SHOPPER} and "_at_" not in name]
        choice = (
            f"{nearest(policy, others)}choose one of {', '.join(others)}" if others else "add it"
        )
        raise UsageError(
            f"{place} lacks the column {policy!r} with the target's chances, which --policy names;"
            f" {choice}"
        )
    by_place = [
        f"{name}_at_{place}" for name in (PROPENSITY, policy) for place in range(MOST_PLACES)
    ]
    wanted = [*NEEDED, policy, SHOPPER, *by_place]
    return [name for name in dict.fromkeys(wanted) if name in names]


def _placed(path: Path, policy: str) -> Where:
    table = read_table(path, lambda place, names: _chosen(place, names, policy))
    names = table.words(REQUEST)
    if nameless := [row for row, one in enumerate(names) if not one]:
        raise UsageError(f"{table.where(nameless[0])}: {REQUEST} is empty; name each request")
    request = np.unique([str(one) for one in names], return_inverse=True)[1]
    position = table.numbers(POSITION)
    wrong = np.flatnonzero(~((position >= 0) & (position < MOST_PLACES)) | (position % 1 != 0))
    if len(wrong):
        raise UsageError(
            f"{table.where(int(wrong[0]))}: {POSITION} must be a whole number from 0 to"
            f" {MOST_PLACES - 1}, found {_shown(position[wrong[0]])}"
        )
    place = position.astype(np.int64)
    order = np.lexsort((place, request))
    is_again = (np.diff(request[order]) == 0) & (np.diff(place[order]) == 0)
    if is_again.any():
        again = int(order[1:][is_again].min())
        raise UsageError(
            f"{table.where(again)}: a second line for one {POSITION} of a {REQUEST}; write one"
        )
    return Where(table, request.astype(np.int64), place)


def _units(where: Where) -> Ints:
    """Whose request each is; without such a column, everybody asks once."""
    n = where.shape[0]
    if SHOPPER not in where.table.names:
        return np.arange(n)
    units = np.zeros(n, np.int64)
    whose = np.unique([str(one) for one in where.table.words(SHOPPER)], return_inverse=True)[1]
    units[where.request] = whose
    return units


def _shown(number: float) -> str:
    return "nothing" if np.isnan(number) else f"{number:g}"
