"""RecBole's atomic file of interactions (`.inter`): tabs, a type behind each name, no quotes."""

from __future__ import annotations

from typing import TextIO

from simulator.playing.export_formats.contents import (
    ExportedLog,
    item_of,
    plain,
    seconds,
    shopper_of,
)

HEADER = "user_id:token\tsession_id:token\titem_id:token\ttimestamp:float\tevent:token\n"
ACTS = ("view", "click", "cart", "purchase")
"""What counts as an interaction; searches, impressions and leaving do not."""
FORBIDDEN = '\t\r\n"'


def write(log: ExportedLog, out: TextIO) -> int:
    """Interactions by time; DataError for a name that needs quotes."""
    out.write(HEADER)
    written = 0
    for event in log.events():
        item = item_of(event)
        if event["kind"] not in ACTS or item is None:
            continue
        names = (shopper_of(event), str(event["session"]), item)
        words = [plain(name, FORBIDDEN, "recbole") for name in names]
        out.write("\t".join([*words, seconds(event["at"]), event["kind"]]) + "\n")
        written += 1
    return written
