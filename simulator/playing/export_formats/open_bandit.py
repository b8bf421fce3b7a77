"""What Open Bandit Pipeline reads: an item shown a row, whether it was clicked, its propensity.

The columns are those of the Open Bandit Dataset (Saito et al. 2021): `item_id` counts the items
from 0, and `item` behind it is the item's own id.
"""

from __future__ import annotations

import csv
from typing import TextIO

from db.errors import UsageError
from simulator.playing.export_formats.contents import ExportedLog, iso, shopper_of, shown_by

COLUMNS = ("timestamp", "item_id", "position", "click", "propensity_score")
OURS = ("item", "user_id", "session", "step")


def write(log: ExportedLog, out: TextIO) -> int:
    """Items shown by time; those whose propensity nobody knows are left out.

    Raises UsageError where none is known.
    """
    number = {item: place for place, item in enumerate(_items(log))}
    if not number:
        raise UsageError(
            f"{log.name} says no propensities, and obp needs them; export a run of random or"
            " logging, or of a recommender of your own that says them"
        )
    clicked = {
        (event.get("impression"), event.get("position"))
        for event in log.events()
        if event["kind"] == "click"
    }
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["", *COLUMNS, *OURS])
    written = 0
    for event in log.events():
        if event["kind"] != "impression":
            continue
        who = (shopper_of(event), event["session"], event.get("step"))
        for position, item, chance in shown_by(event):
            if chance is None:
                continue
            is_clicked = int((event.get("event_id"), position) in clicked)
            shown = (iso(event["at"]), number[item], position, is_clicked, chance)
            table.writerow([written, *shown, item, *who])
            written += 1
    return written


def _items(log: ExportedLog) -> list[str]:
    """Items of known propensity, in the order of their ids."""
    impressions = (event for event in log.events() if event["kind"] == "impression")
    shown = (one for event in impressions for one in shown_by(event))
    return sorted({item for _, item, chance in shown if chance is not None})
