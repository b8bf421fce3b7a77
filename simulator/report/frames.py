"""Runs as pandas frames, one row a thing: events, and items shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.events import ABSENT, Kind
from recommender.ranking import REASONS
from simulator.report.numbers.panel import CENTS, MILLISECONDS, Panel, RunData

KINDS = pd.Index([kind.name.lower() for kind in Kind])


def events(runs: Sequence[RunData]) -> pd.DataFrame:
    """Every event of some runs; the columns are those of `Result.events`."""
    return pd.concat([_events(run) for run in runs], ignore_index=True)


def slates(panels: Sequence[Panel]) -> pd.DataFrame:
    """Every item that some runs showed; the columns are those of `Result.slates`."""
    return pd.concat([_slates(panel) for panel in panels], ignore_index=True)


def _events(run: RunData) -> pd.DataFrame:
    rows = run.events.rows
    names = np.array(run.item_ids, dtype=object)
    return pd.DataFrame(
        {
            "seed": run.seed,
            "session": rows["session"],
            "ordinal": rows["ordinal"],
            "kind": pd.Categorical.from_codes(rows["kind"].astype(int) - 1, categories=KINDS),
            "shopper": rows["shopper"],
            "day": rows["session"] // max(run.n_shoppers, 1),
            "step": rows["step"],
            "at": rows["at"] / MILLISECONDS,
            "query": _named(names, rows["query"]),
            "item": _named(names, rows["item"]),
            "position": _whole(rows["position"]),
            "impression": _whole(rows["impression"]),
            "price": _measured(rows["price"], CENTS),
            "dwell": _measured(rows["dwell"], MILLISECONDS),
        }
    )


def _slates(panel: Panel) -> pd.DataFrame:
    run = panel.run
    read = panel.slates
    slate, place = np.nonzero(read.is_shown)
    order = np.lexsort((place, read.step[slate], panel.sessions.session[read.row[slate]]))
    slate = slate[order]
    place = place[order]
    item = read.shown[slate, place]
    names = np.array(run.item_ids, dtype=object)
    entries = run.slates.entries[read.entry[slate], place]
    return pd.DataFrame(
        {
            "seed": run.seed,
            "session": panel.sessions.session[read.row[slate]],
            "shopper": read.shopper[slate],
            "day": read.day[slate],
            "step": read.step[slate],
            "query": _named(names, read.query[slate]),
            "position": place + 1,
            "item": _named(names, item),
            "category": np.array(run.class_names, dtype=object)[run.categories[item]],
            "price": run.prices[item] / CENTS,
            "is_clicked": read.is_clicked[slate, place],
            "expected": read.expected[slate, place],
            **{name: entries[name] for name in ("score", *REASONS)},
        }
    )


def _named(names: NDArray[Any], numbers: NDArray[Any]) -> pd.Series[Any]:
    """Item ids by item number; missing where there is no item."""
    return pd.Series(np.where(numbers == ABSENT, None, names[numbers]), dtype="str")


def _whole(numbers: NDArray[Any]) -> pd.Series[Any]:
    """Whole numbers, some of which are missing."""
    return pd.Series(numbers, dtype="Int64").mask(pd.Series(numbers == ABSENT))


def _measured(numbers: NDArray[Any], unit: float) -> NDArray[np.float64]:
    """Numbers in a larger unit; NaN where missing."""
    found: NDArray[np.float64] = np.where(numbers == ABSENT, np.nan, numbers / unit)
    return found
