"""A run small enough to be measured by hand: two shoppers, five visits in three days, slates of
three.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from db.events import Events, Kind, blank
from simulator.report.numbers.panel import Expectations, RunData, ShownSlates

SLATE = np.dtype(
    [
        ("item", "<i4"),
        ("score", "<f8"),
        ("visual", "<f8"),
        ("behavioural", "<f8"),
        ("evidence", "<f8"),
        ("support", "<f8"),
        ("looks", "<f4"),
        ("others", "<f4"),
        ("taste", "<f4"),
        ("welcome", "<f4"),
    ]
)

SHOPPERS = 2
DAYS = 3
ITEMS = 5
# the two query items
JEANS = 5
SHIRTS = 6

VISITS: dict[int, list[tuple[Any, ...]]] = {
    # day 0: shopper 0 buys item 1; shopper 1 gets a slate with a hole and leaves
    0: [
        (Kind.SEARCH, 0, 1000, {"query": JEANS}),
        (Kind.IMPRESSION, 0, 2000, {"query": JEANS, "shown": [0, 1, 2]}),
        (Kind.CLICK, 0, 6000, {"item": 1, "position": 2, "impression": 1, "dwell": 8000}),
        (Kind.CART, 0, 15000, {"item": 1, "position": 2, "impression": 1, "price": 2000}),
        (Kind.PURCHASE, 0, 16000, {"item": 1, "position": 2, "impression": 1, "price": 2000}),
        (Kind.LEAVE, 0, 20000, {}),
    ],
    1: [
        (Kind.SEARCH, 0, 500, {"query": SHIRTS}),
        (Kind.IMPRESSION, 0, 900, {"query": SHIRTS, "shown": [2, 3, -1]}),
        (Kind.LEAVE, 0, 4000, {}),
    ],
    # day 1: shopper 0 refines her search and clicks twice
    2: [
        (Kind.SEARCH, 0, 1000, {"query": JEANS}),
        (Kind.IMPRESSION, 0, 2000, {"query": JEANS, "shown": [0, 1, 2]}),
        (Kind.SEARCH, 1, 9000, {"query": SHIRTS}),
        (Kind.IMPRESSION, 1, 10000, {"query": SHIRTS, "shown": [3, 2, 0]}),
        (Kind.CLICK, 1, 13000, {"item": 3, "position": 1, "impression": 3, "dwell": 2000}),
        (Kind.CLICK, 1, 18000, {"item": 0, "position": 3, "impression": 3, "dwell": 6000}),
        (Kind.LEAVE, 1, 30000, {}),
    ],
    # day 2, the last third: both come, one clicks
    4: [
        (Kind.SEARCH, 0, 1000, {"query": JEANS}),
        (Kind.IMPRESSION, 0, 2000, {"query": JEANS, "shown": [1, 0, 3]}),
        (Kind.CLICK, 0, 5000, {"item": 1, "position": 1, "impression": 1, "dwell": 4000}),
        (Kind.LEAVE, 0, 10000, {}),
    ],
    5: [
        (Kind.SEARCH, 0, 1000, {"query": SHIRTS}),
        (Kind.IMPRESSION, 0, 2000, {"query": SHIRTS, "shown": [2, 3, 1]}),
        (Kind.LEAVE, 0, 3000, {}),
    ],
}

EXPECTED = {(4, 0): [0.3, 0.2, 0.1], (5, 0): [0.0, 0.1, 0.2]}  # elsewhere 0.1


def hand_made(
    policy: str = "blend", *, seed: int = 1, visits: dict[int, list[Any]] | None = None
) -> RunData:
    """The run of VISITS, or of others in the same form."""
    visits = VISITS if visits is None else visits
    requests = [
        (session, step)
        for session in sorted(visits)
        for kind, step, _, _ in visits[session]
        if kind == Kind.IMPRESSION
    ]
    session, step = (np.array(part) for part in zip(*requests, strict=True))
    events = _events(visits)
    expected = np.array([EXPECTED.get(one, [0.1] * 3) for one in requests])
    return RunData(
        run=f"run-{policy}-{seed}",
        policy=policy,
        config={"policy": policy, "seed": seed, "world": "mixed"},
        events=events,
        slates=ShownSlates(session, step, _entries(events)),
        expectations=Expectations(session, step, expected, expected / 2, expected / 4),
        item_ids=[f"item-{number}" for number in range(ITEMS + 2)],
        categories=np.array([0, 0, 1, 1, 1, 0, 1], np.int16),
        class_names=["jeans", "shirts"],
        prices=np.array([1000, 2000, 3000, 4000, 5000, 0, 0], np.int32),
        pixels=_pixels(),
        n_items=ITEMS,
        n_shoppers=SHOPPERS,
        days=DAYS,
        provenance={"seed": seed, "git_commit": "abc"},
    )


def without_clicks(run: RunData) -> RunData:
    """The same run in which nobody ever clicked, carted or bought."""
    kept = ~np.isin(run.events.rows["kind"], [Kind.CLICK, Kind.CART, Kind.PURCHASE])
    return replace(run, events=Events(run.events.rows[kept], run.events.shown))


def _events(visits: dict[int, list[Any]]) -> Events:
    rows = []
    shown = []
    for session in sorted(visits):
        for ordinal, (kind, step, at, fields) in enumerate(visits[session]):
            row = blank(1)
            row["session"] = session
            row["ordinal"] = ordinal
            row["kind"] = kind
            row["step"] = step
            row["shopper"] = session % SHOPPERS
            row["at"] = at
            for name, value in fields.items():
                if name == "shown":
                    shown.append(value)
                else:
                    row[name] = value
            rows.append(row)
    return Events(np.concatenate(rows), np.array(shown, np.int32))


def _entries(events: Events) -> np.ndarray[Any, Any]:
    entries = np.zeros(events.shown.shape, SLATE)
    entries["item"] = events.shown
    entries["visual"] = 0.04
    entries["behavioural"] = np.nan
    for name in ("looks", "others", "taste", "welcome"):
        entries[name] = np.nan
    return entries


def _pixels() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Items 0 and 1 are the same picture, 2 shares nothing with them, 3 is half of each."""
    pixels = np.zeros((ITEMS + 2, 28, 28), np.uint8)
    pixels[[0, 1, 3], 4, 4] = 200
    pixels[[2, 3], 9, 9] = 200
    pixels[4:, 1, 1] = 200
    return pixels
