"""Logs for the page "Your own data": each in another shape, made of the same visits."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from benchmarks.made.baskets import Log, visits

KINDS = ("view", "addtocart", "transaction")
WORDS = ("looked", "took", "paid")
FIRST = 1_433_221_332
"""Second of the first event."""


def write(folder: Path) -> None:
    """events.csv as RetailRocket's, visits.csv.gz with names of its own, spoilt.csv, and parts."""
    log = visits(1, sessions=500, items=60, shoppers=150)
    _retailrocket(log, folder / "events.csv")
    _own_names(log, folder / "visits.csv.gz")
    _spoilt(log, folder / "spoilt.csv")
    _parts(log, folder / "parts")


def _retailrocket(log: Log, path: Path) -> None:
    """The newest first, and every hundredth event fired twice."""
    rows = [
        f"{1000 * (FIRST + time)},{shopper},{KINDS[n % 5 // 2]},{item},"
        for n, (shopper, time, item) in enumerate(_rows(log))
    ]
    twice = [row for n, row in enumerate(rows) for _ in range(2 if n % 100 == 0 else 1)]
    path.write_text("\n".join(["timestamp,visitorid,event,itemid,transactionid", *twice[::-1]]))


def _own_names(log: Log, path: Path) -> None:
    rows = [
        f"{datetime.fromtimestamp(FIRST + time, UTC):%Y-%m-%d %H:%M:%S}|u{shopper}|sku-{item}"
        f"|{WORDS[n % 5 // 2]}"
        for n, (shopper, time, item) in enumerate(_rows(log))
    ]
    path.write_bytes(gzip.compress("\n".join(["when|user|sku|what", *rows]).encode(), mtime=0))


def _spoilt(log: Log, path: Path) -> None:
    """One line in ten lacks its item."""
    rows = [
        f"{shopper},{time // 4000},{time},{'' if n % 10 == 0 else item},view"
        for n, (shopper, time, item) in enumerate(_rows(log)[:400])
    ]
    path.write_text("\n".join(["shopper,session,time,item,kind", *rows]))


def _parts(log: Log, folder: Path) -> None:
    """Parquet, as a data lake has it."""
    folder.mkdir()
    columns = {"user_id": log.shopper, "session_id": log.session, "ts": log.time, "sku": log.item}
    table = pa.table(columns)
    for number in range(2):
        half = table[number * len(table) // 2 : (number + 1) * len(table) // 2]
        parquet.write_table(half, folder / f"part-{number}.parquet")


def _rows(log: Log) -> list[tuple[int, int, int]]:
    """Shopper, second and item of each event."""
    columns = (log.shopper.tolist(), log.time.tolist(), log.item.tolist())
    return list(zip(*columns, strict=True))
