"""CSV by RFC 4180 in the columns that `evaluate-log` reads, and more behind them."""

from __future__ import annotations

import csv
from typing import TextIO

from simulator.playing.export_formats import flat_rows
from simulator.playing.export_formats.contents import ExportedLog, seconds


def write(log: ExportedLog, out: TextIO) -> int:
    """A header and all rows; an empty cell where nothing is."""
    names = flat_rows.columns(log)
    written = 0
    table = csv.writer(out, lineterminator="\n")
    table.writerow(names)
    for row in flat_rows.rows(log):
        table.writerow(row._replace(time=seconds(row.time))[: len(names)])  # type: ignore[arg-type]
        written += 1
    return written
