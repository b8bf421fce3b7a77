"""What the report reads of a run, and that run laid out as one row per slate and one row per
session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind, Rows

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Claims = NDArray[np.bool_]
Weights = Floats | Ints | Claims

MILLISECONDS = 1000.0
CENTS = 100.0


@dataclass(frozen=True)
class ShownSlates:
    """The slates that the recommender returned: one row per request."""

    session: NDArray[Any]  # int64 [n_requests]
    step: NDArray[Any]  # int16 [n_requests]
    entries: NDArray[Any]  # recommender.ranking.SLATE [n_requests, k]


@dataclass(frozen=True)
class Expectations:
    """What the judge expected of each slate: one row per request that was read."""

    session: NDArray[Any]  # int64 [n_requests]
    step: NDArray[Any]  # int16 [n_requests]
    expected: NDArray[np.float64]  # [n_requests, k], P(examined) * P(click | examined) by position
    carts: NDArray[np.float64] | None = None  # [n_requests, k], P(cart) by position
    purchases: NDArray[np.float64] | None = None  # [n_requests, k], P(purchase) by position


@dataclass(frozen=True)
class RunData:
    """One run as plain arrays, whatever it was read from. Rows of items: catalogue first, then
    queries.
    """

    run: str
    policy: str
    config: dict[str, Any]
    events: Events
    slates: ShownSlates
    expectations: Expectations
    item_ids: list[str]  # [n]
    categories: NDArray[np.int16]  # [n], numbers into class_names
    class_names: list[str]
    prices: NDArray[np.int32]  # [n], cents
    pixels: NDArray[np.uint8]  # [n, h, w], light on dark, as the judge sees them
    n_items: int
    n_shoppers: int
    days: int
    provenance: dict[str, Any] = field(default_factory=dict)
    """Seed, versions, commit, model, hashes, machine, timings: shown, never computed with."""
    embeddings: NDArray[np.float32] | None = None
    """[n, dim], unit rows. Only the similarities that the slate grids tell are computed of them."""
    shown: NDArray[np.uint8] | None = None
    """[n, h, w, 3], where people see colour."""
    notes: Mapping[tuple[int, int], Mapping[str, Any]] = field(default_factory=dict)
    """What a guest's answer had besides a slate, by (session, step): faults, reasons, propensities.

    Slates with none of these have no note.
    """
    price_sensitivity: Floats | None = None
    """[n_shoppers], the judge's: log-odds that each loses by one sd of log price."""
    are_clusters: bool = False
    """Whether the categories are the judge's clusters, for want of labels."""

    @property
    def seed(self) -> int:
        """The seed of the world; runs of one seed met the same shoppers."""
        return int(self.provenance.get("seed", self.config.get("seed", 0)))


@dataclass(frozen=True)
class SessionRows:
    """One row per session: int64, float64 or bool [n_sessions], in order of the session number."""

    session: Ints
    shopper: Ints
    day: Ints
    events: Ints
    slates: Ints
    clicks: Ints
    is_clicked: Claims
    is_carted: Claims
    is_bought: Claims
    revenue: Floats
    dwell: Floats  # seconds, summed over clicks
    until_click: Floats  # seconds from the first event to the first click; NaN without one
    is_back_next_day: Claims


@dataclass(frozen=True)
class SlateRows:
    """One row per slate that was read, in order of (session, step); k columns where it says [n,
    k].
    """

    row: Ints  # [n] the row of SessionRows
    shopper: Ints
    day: Ints
    step: Ints
    query: Ints
    shown: Ints  # [n, k] item numbers, -1 padded
    is_shown: Claims  # [n, k]
    is_clicked: Claims  # [n, k]
    expected: Floats  # [n, k] NaN where the judge said nothing
    entry: Ints  # [n] the row of RunData.slates, -1 where none is stored
    carts: Floats  # [n, k] P(cart) by position, NaN where the judge said nothing
    purchases: Floats  # [n, k] P(purchase) by position, NaN where the judge said nothing


@dataclass(frozen=True)
class Panel:
    """A run with its sessions and slates laid out for measuring."""

    run: RunData
    sessions: SessionRows
    slates: SlateRows

    @property
    def k(self) -> int:
        """The size of a slate."""
        return int(self.slates.shown.shape[1])


def lay_out(run: RunData) -> Panel:
    """A run as one row per session and one row per slate."""
    rows = run.events.rows
    numbers, row_of_event = np.unique(rows["session"], return_inverse=True)
    return Panel(run, _sessions(run, numbers, row_of_event), _slates(run, row_of_event))


def _sessions(run: RunData, numbers: Ints, row_of_event: Ints) -> SessionRows:
    rows = run.events.rows
    n = len(numbers)
    count = {kind: np.bincount(row_of_event[rows["kind"] == kind], minlength=n) for kind in Kind}
    first = np.searchsorted(rows["session"], numbers)
    shopper = rows["shopper"][first].astype(np.int64)
    clicks = rows["kind"] == Kind.CLICK
    bought = rows["kind"] == Kind.PURCHASE
    return SessionRows(
        session=numbers,
        shopper=shopper,
        day=numbers // max(run.n_shoppers, 1),
        events=np.bincount(row_of_event, minlength=n),
        slates=count[Kind.IMPRESSION],
        clicks=count[Kind.CLICK],
        is_clicked=count[Kind.CLICK] > 0,
        is_carted=count[Kind.CART] > 0,
        is_bought=count[Kind.PURCHASE] > 0,
        revenue=sums(row_of_event[bought], rows["price"][bought] / CENTS, n),
        dwell=sums(row_of_event[clicks], rows["dwell"][clicks] / MILLISECONDS, n),
        until_click=_until_click(rows, first, row_of_event),
        is_back_next_day=np.isin(numbers + run.n_shoppers, numbers),
    )


def _until_click(rows: Rows, first: Ints, row_of_event: Ints) -> Floats:
    """Seconds from the first event of each session to its first click."""
    clicks = np.flatnonzero(rows["kind"] == Kind.CLICK)
    clicked, earliest = np.unique(row_of_event[clicks], return_index=True)
    seconds = np.full(len(first), np.nan)
    seconds[clicked] = (rows["at"][clicks[earliest]] - rows["at"][first[clicked]]) / MILLISECONDS
    return seconds


def _slates(run: RunData, row_of_event: Ints) -> SlateRows:
    rows = run.events.rows
    at = np.flatnonzero(rows["kind"] == Kind.IMPRESSION)
    shown = run.events.shown.astype(np.int64)
    asked = _request(rows["session"][at], rows["step"][at])
    read = find(_request(run.expectations.session, run.expectations.step), asked)
    told = run.expectations
    return SlateRows(
        row=row_of_event[at],
        shopper=rows["shopper"][at].astype(np.int64),
        day=rows["session"][at] // max(run.n_shoppers, 1),
        step=rows["step"][at].astype(np.int64),
        query=rows["query"][at].astype(np.int64),
        shown=shown,
        is_shown=shown >= 0,
        is_clicked=_clicked(rows, at, shown.shape),
        expected=_told(told.expected, read, shown.shape),
        entry=find(_request(run.slates.session, run.slates.step), asked),
        carts=_told(told.carts, read, shown.shape),
        purchases=_told(told.purchases, read, shown.shape),
    )


def _told(chances: Floats | None, read: Ints, shape: tuple[int, ...]) -> Floats:
    """The chances of each slate, [n, k]; `read` is its row among them, -1 where it has none."""
    found = np.full(shape, np.nan)
    if chances is not None:
        found[read >= 0] = chances[read[read >= 0]]
    return found


def _clicked(rows: Rows, at: Ints, shape: tuple[int, ...]) -> Claims:
    """Which position of which impression was clicked: bool [n_impressions, k]."""
    clicks = rows[rows["kind"] == Kind.CLICK]
    impression = find(
        _within_session(rows["session"][at], rows["ordinal"][at]),
        _within_session(clicks["session"], clicks["impression"]),
    )
    claims = np.zeros(shape, np.bool_)
    inside = (impression >= 0) & (clicks["position"] >= 1) & (clicks["position"] <= shape[1])
    claims[impression[inside], clicks["position"][inside].astype(np.int64) - 1] = True
    return claims


def _request(session: NDArray[Any], step: NDArray[Any]) -> Ints:
    """One sortable number per (session, step)."""
    return session.astype(np.int64) * 2**15 + step.astype(np.int64)


def _within_session(session: NDArray[Any], ordinal: NDArray[Any]) -> Ints:
    """One sortable number per (session, ordinal)."""
    return session.astype(np.int64) * 2**20 + ordinal.astype(np.int64)


def find(keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key stands among the keys, -1 where it does not: int64 [n_wanted]."""
    if len(keys) == 0:
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found: Ints = np.where(keys[order][place] == wanted, order[place], -1).astype(np.int64)
    return found


def sums(group: Ints, values: Weights, n: int) -> Floats:
    """The sum of the values of each group 0..n-1: float64 [n]."""
    return np.bincount(group, values.astype(np.float64), minlength=n).astype(np.float64)


@dataclass(frozen=True)
class GuestFaults:
    """What was wrong with the answers of one guest, over all its runs."""

    requests: int
    """What it was asked for."""
    bad: int
    """Requests with anything wrong."""
    kinds: Mapping[str, int]
    """Requests with each fault."""

    def to_json(self) -> dict[str, Any]:
        """As in metrics.json."""
        return {"requests": self.requests, "bad": self.bad, "kinds": dict(self.kinds)}


def of_guests(panels: Iterable[Panel]) -> dict[str, GuestFaults]:
    """Of each guest that was played, by its name."""
    runs: dict[str, list[RunData]] = {}
    for panel in panels:
        if "guest" in panel.run.config:
            runs.setdefault(panel.run.policy, []).append(panel.run)
    return {name: _faults(of_guest) for name, of_guest in runs.items()}


def _faults(runs: Sequence[RunData]) -> GuestFaults:
    """Over all runs of one guest, the most frequent fault first."""
    wrong = [note["faults"] for run in runs for note in run.notes.values() if "faults" in note]
    kinds = Counter(kind for faults in wrong for kind in faults)
    return GuestFaults(
        requests=sum(len(run.slates.session) for run in runs),
        bad=len(wrong),
        kinds=dict(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
    )
