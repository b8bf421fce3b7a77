"""Joins Instacart's order lines with its orders, which alone know the shopper and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from db.errors import DataError
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.tables.batches import Batch

FILE = "orders.csv"
HEADER = b"order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day"
COLUMNS = ("order_id", "user_id", "order_number", "order_hour_of_day", "days_since_prior_order")
DAY = 86_400
END = 365 * DAY
"""The day of each shopper's last order: the file has no dates, only days between orders."""


@dataclass(frozen=True)
class InstacartOrders:
    """order int64, rising; user int64; time float64 [n]."""

    order: NDArray[np.int64]
    user: NDArray[np.int64]
    time: NDArray[np.float64]

    def joined(self, batch: Batch) -> Batch:
        """Order lines with shopper and time; an order that nobody knows has neither."""
        text = pc.utf8_trim_whitespace(batch.session)
        is_number = pc.match_substring_regex(text, r"^\d{1,18}$")
        numbers = pc.if_else(is_number, text, pa.scalar("-1")).cast(pa.int64())
        wanted = np.asarray(pc.fill_null(numbers, -1))
        place = np.minimum(np.searchsorted(self.order, wanted), len(self.order) - 1)
        is_known = self.order[place] == wanted
        time = pa.array(np.where(is_known, self.time[place], np.nan))
        shopper = pa.array(self.user[place], mask=~is_known).cast(pa.string())
        return replace(batch, time=time, shopper=shopper)


def orders(file: BinaryIO, notes: Notes) -> InstacartOrders:
    """All orders of the file; DataError when it is not what its header promises."""
    try:
        table = arrow_csv.read_csv(
            file,
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(COLUMNS),
                column_types={
                    **dict.fromkeys(COLUMNS, pa.int64()),
                    "days_since_prior_order": pa.float64(),
                },
            ),
        )
    except (pa.ArrowException, ValueError, KeyError) as error:
        said = str(error).splitlines()[0]
        raise DataError(
            f"{notes.place}: wanted Instacart's orders, found others ({said})"
        ) from None
    if not table.num_rows:
        raise DataError(f"{notes.place}: wanted Instacart's orders, found none")
    return _timed({name: np.asarray(table.column(name)) for name in COLUMNS})


def _timed(columns: dict[str, Any]) -> InstacartOrders:
    """The time of each order, counted back from the shopper's last one."""
    line = np.lexsort((columns["order_number"], columns["user_id"]))
    user = columns["user_id"][line]
    days = np.cumsum(np.nan_to_num(columns["days_since_prior_order"][line]))
    last = np.flatnonzero(np.append(user[1:] != user[:-1], True))
    end = np.repeat(days[last], np.diff(last, prepend=-1))
    time = np.empty(len(line))
    time[line] = END + (days - end) * DAY + columns["order_hour_of_day"][line] * 3600.0
    by_order = np.argsort(columns["order_id"], kind="stable")
    return InstacartOrders(
        columns["order_id"][by_order], columns["user_id"][by_order], time[by_order]
    )
