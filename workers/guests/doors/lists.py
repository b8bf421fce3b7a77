"""The lists of a system that ran elsewhere, as a guest: a table of (query, item, rank), or a TREC
run.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.errors import UsageError
from workers.guests.door import GuestAnswer
from workers.guests.guest import Guest
from workers.guests.protocol import PADDING, Day, Requests, Shop

COLUMNS = ("query", "item", "rank")
TREC = ("query", "q0", "item", "rank", "score", "tag")
LARGEST = 2_000_000_000
"""Bytes of a file that is read."""


class ListsDoor:
    """Shows, of the list of a query, what may be shown; it learns nothing."""

    def __init__(self, guest: Guest) -> None:
        self._place = Path(guest.place)
        self._lists: dict[int, NDArray[np.integer]] = {}
        self._k = 0

    def start(self, shop: Shop) -> None:
        """Read the file; ids that this shop does not have count as unknown items."""
        self._k = shop.k
        known = [*shop.items["id"].to_pylist(), *shop.queries["id"].to_pylist()]
        number = {name: place for place, name in enumerate(known)}
        table = read(self._place)
        unknown = shop.n_items + len(known)
        items = table["item"].map(number).fillna(unknown).astype("int32").to_numpy()
        queries = table["query"].map(number).fillna(-1).astype("int64").to_numpy()
        ends = np.flatnonzero(np.diff(queries)) + 1
        for query, some in zip(
            queries[np.append(0, ends)].tolist() if len(queries) else [],
            np.split(items, ends),
            strict=True,
        ):
            self._lists[query] = some

    def slates(self, requests: Requests) -> GuestAnswer:
        """The first k of each list that may be shown; -1 where a list is too short."""
        allowed = requests.allowed
        n_items = allowed.shape[1]
        found = np.full((len(requests), self._k), PADDING, np.int32)
        for row, query in enumerate(requests.query.tolist()):
            listed = self._lists.get(query)
            if listed is None:
                continue
            is_known = listed < n_items
            keep = ~is_known | allowed[row, np.minimum(listed, n_items - 1)]
            some = listed[keep][: self._k]
            found[row, : len(some)] = some
        return GuestAnswer(found)

    def learn(self, day: Day) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing to close."""


def read(path: Path) -> pd.DataFrame:
    """(query, item, rank), ids as text, sorted by query and rank. Raises UsageError for a file that
    is no such table.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path}: wanted at most {LARGEST:,} bytes of lists; cut it")
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        elif path.suffix in {".csv", ".tsv"}:
            separator = "\t" if path.suffix == ".tsv" else ","
            table = pd.read_csv(path, sep=separator, dtype={"query": str, "item": str})
        else:
            table = pd.read_csv(
                path, sep=r"\s+", header=None, names=list(TREC), dtype={"query": str, "item": str}
            )
    except FileNotFoundError:
        raise UsageError(f"there is no file {str(path)!r}; give the path of your lists") from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: no table of {', '.join(COLUMNS)} can be read ({_first_line(error)})"
        ) from None
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise UsageError(
            f"{path}: column {missing[0]} is missing; wanted {', '.join(COLUMNS)}, found "
            f"{', '.join(map(str, table.columns))}"
        )
    table = table.loc[:, list(COLUMNS)].dropna()
    table["rank"] = pd.to_numeric(table["rank"], errors="coerce")
    if table.empty or table["rank"].isna().any():
        raise UsageError(f"{path}: wanted a number as rank in every line")
    table = table.astype({"query": str, "item": str})
    return table.sort_values(["query", "rank"], kind="stable", ignore_index=True)


def _first_line(error: Exception) -> str:
    lines: Iterable[str] = str(error).splitlines()
    return next(iter(lines), type(error).__name__)
