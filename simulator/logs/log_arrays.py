"""A log file as the arrays that the recommender reads, with the names behind the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db.events import Kind
from recommender.session_log.sessions import NOBODY, SessionLog
from simulator.logs.log_file import LogLine, Notes, lines

ACTS = frozenset({Kind.VIEW, Kind.CLICK, Kind.CART, Kind.PURCHASE})
"""What counts as an event of the protocol. A search belongs to the profile only; impressions show
what is on sale; leaving names no item.
"""


@dataclass(frozen=True)
class LogArrays:
    """shown_in, shown int64 [n_shown]: session and item of what was shown; run: of an export, or
    empty.
    """

    log: SessionLog
    item_ids: list[str]
    shown_in: NDArray[np.int64]
    shown: NDArray[np.int64]
    n_shoppers: int
    run: str
    notes: Notes

    def on_sale(self, is_training: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Items that training sessions (bool [n_sessions]) were shown: bool [n_items]."""
        marks = np.zeros(len(self.item_ids), dtype=np.bool_)
        marks[self.shown[is_training[self.shown_in]]] = True
        return marks


@dataclass
class _Columns:
    """What grows line by line; names are numbered in the order they first come."""

    items: dict[str, int] = field(default_factory=dict)
    sessions: dict[tuple[str, str], int] = field(default_factory=dict)
    shoppers: dict[str, int] = field(default_factory=dict)
    session: list[int] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    acted: list[bool] = field(default_factory=list)
    shown: list[tuple[int, int]] = field(default_factory=list)
    run: str = ""

    def take(self, line: LogLine) -> None:
        """Enter one line."""
        session = self.sessions.setdefault((line.shopper, line.session), len(self.sessions))
        if line.shopper:
            self.shoppers.setdefault(line.shopper, len(self.shoppers))
        if line.kind in ACTS or line.kind is Kind.SEARCH:
            self.session.append(session)
            self.time.append(line.time)
            self.item.append(self.items.setdefault(line.item, len(self.items)))
            self.acted.append(line.kind in ACTS)
        elif line.kind is Kind.IMPRESSION:
            slate = (line.fields or {}).get("items") or [line.item]
            for item in slate if isinstance(slate, list) else ():
                self.shown.append((session, self.items.setdefault(str(item), len(self.items))))
        if line.fields is not None and not self.run:
            self.run = str(line.fields.get("run", ""))


def read(path: Path) -> LogArrays:
    """The whole file; a session is what one shopper did under one session name.

    Raises UsageError and DataError as log_file.lines does.
    """
    notes = Notes(str(path))
    return gathered(lines(path, notes), notes)


def gathered(good: Iterable[LogLine], notes: Notes) -> LogArrays:
    """The same of lines that are read somewhere else; the notes are theirs."""
    columns = _Columns()
    for line in good:
        columns.take(line)
    shown = np.array(columns.shown, dtype=np.int64).reshape(-1, 2)
    log = SessionLog(
        session=np.array(columns.session, dtype=np.int64),
        time=np.array(columns.time, dtype=np.float64),
        item=np.array(columns.item, dtype=np.int32),
        acted=np.array(columns.acted, dtype=np.bool_),
        shopper=np.array(
            [columns.shoppers[name] if name else NOBODY for name, _ in columns.sessions],
            dtype=np.int64,
        ),
        n_items=len(columns.items),
    )
    shown_in = shown[:, 0]
    items = shown[:, 1]
    return LogArrays(
        log, list(columns.items), shown_in, items, len(columns.shoppers), columns.run, notes
    )
