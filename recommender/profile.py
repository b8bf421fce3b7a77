"""From a session's events to the profile of a request: which items speak for the shopper, how
loudly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.arrays import expand, padded, place, total

Rows = NDArray[Any]
"""A structured array; NumPy's types cannot name its fields."""

REQUEST = np.dtype([("session", "<i8"), ("step", "<i2"), ("query", "<i4")])
"""A slate request: query is the item number searched with or opened."""

KINDS = ("search", "view", "click", "cart", "purchase")
"""The kinds of event that can enter a profile; `impression` only fills the list of items already
shown.
"""

ACTIONS = ("click", "cart", "purchase")
"""The kinds that answer an impression."""


def _kind_weights() -> dict[str, float]:
    return {"search": 0.5, "view": 0.5, "click": 1.0, "cart": 1.0, "purchase": 1.0}


@dataclass(frozen=True)
class ProfileConfig:
    """How events become weights."""

    length: int = 8
    """Items in a profile at most."""

    kind_weights: Mapping[str, float] = field(default_factory=_kind_weights)
    """Weight of an event by its kind before ageing; 0 leaves the kind out."""

    decay: float = 0.7
    """Factor on the weight for each step back, 0 to 1."""

    search_damping: float = 0.5
    """Factor on the weight for each new search since, 0 to 1."""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that means nothing."""
        if set(self.kind_weights) != set(KINDS):
            raise ValueError(
                f"kind_weights must name {', '.join(KINDS)}, found {', '.join(self.kind_weights)}"
            )
        if self.length < 1 or min(self.kind_weights.values()) < 0 or not 0 <= self.decay <= 1:
            raise ValueError(
                "a profile needs length >= 1, weights >= 0 and a decay between 0 and 1"
            )
        if not 0 <= self.search_damping <= 1:
            raise ValueError("search_damping must be between 0 and 1")


@dataclass(frozen=True)
class Profiles:
    """What is known of the shopper behind each request.

    session int64 [n]; step int16 [n]; query int32 [n]; items int32 [n, length], the query first, -1
    = padding; weights float64 [n, length], each row sums to 1; shown int32 [n, any], items already
    shown, -1 = padding. Where the events tell: shopper int64 [n]; asked int32 [n, n_slates], the
    query of each slate in `shown`; acted bool, of the shape of `shown`, what was clicked, carted or
    purchased.
    """

    session: NDArray[np.int64]
    step: NDArray[np.int16]
    query: NDArray[np.int32]
    items: NDArray[np.int32]
    weights: NDArray[np.float64]
    shown: NDArray[np.int32]
    shopper: NDArray[np.int64] | None = None
    asked: NDArray[np.int32] | None = None
    acted: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.session)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Profiles:
        return Profiles(
            self.session[rows], self.step[rows], self.query[rows],
            self.items[rows], self.weights[rows], self.shown[rows],
            None if self.shopper is None else self.shopper[rows],
            None if self.asked is None else self.asked[rows],
            None if self.acted is None else self.acted[rows],
        )  # fmt: skip


def build_profiles(
    requests: Rows,
    events: Rows,
    shown: NDArray[np.int32],
    *,
    codes: Mapping[str, int],
    config: ProfileConfig,
) -> Profiles:
    """The profiles of the requests, in their order; a row depends on its own session's events only.

    requests: REQUEST [n_requests]. events: any structured array with the fields session, ordinal,
    kind, step, query, item, holding at least the requests' sessions up to the requests' steps (the
    search or view of the step itself included; what followed the request is ignored). shown: int32
    [n_impressions, k], in the order of the impressions in `events`. codes: the number of each kind
    in `events`.

    An item has weight kind_weight * decay^(steps back) * search_damping^(searches since), the
    greatest if it occurs twice; the query has 1. Order: the query, then the most recent first.
    """
    is_impression = events["kind"] == codes["impression"]
    if np.count_nonzero(is_impression) != len(shown):
        raise ValueError(
            f"{np.count_nonzero(is_impression)} impressions among the events, {len(shown)} lists of"
            " items"
        )
    already = _already_shown(
        requests, events[is_impression], shown, _acted_on(events, shown, codes)
    )
    events = events[np.lexsort((events["ordinal"], events["session"]))]
    request, item, weight, order = _mentions(requests, events, codes, config)
    request, item, weight = _distinct(request, item, weight, order)
    n = len(requests)
    length = config.length
    weights = padded(request, weight, n, width=length, empty=0.0)
    return Profiles(
        session=requests["session"].astype(np.int64),
        step=requests["step"].astype(np.int16),
        query=requests["query"].astype(np.int32),
        items=padded(request, item, n, width=length, empty=-1),
        weights=weights / total(weights)[:, None],
        shown=already.shown,
        shopper=_shoppers(requests, events),
        asked=already.asked,
        acted=already.acted,
    )


def _mentions(
    requests: Rows, events: Rows, codes: Mapping[str, int], config: ProfileConfig
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Each (request, item) that counts, flat: request, item, weight, order (0 = query, then recent
    first).
    """
    moment = _moment(events)
    asked = _moment(requests)
    low = np.searchsorted(events["session"], requests["session"], side="left")
    request, event = expand(low, np.searchsorted(moment, asked, side="left"))
    is_search = events["kind"] == codes["search"]
    searches = np.concatenate([[0], np.cumsum(is_search)])
    since = searches[np.searchsorted(moment, asked, side="right")][request] - searches[event + 1]
    age = requests["step"].astype(np.int64)[request] - events["step"][event]
    by_kind = np.zeros(128, dtype=np.float64)
    for kind, value in config.kind_weights.items():
        by_kind[codes[kind]] = value
    weight = (
        by_kind[events["kind"][event]]
        * _powers(config.decay, age)
        * _powers(config.search_damping, since)
    )
    is_query = is_search | (events["kind"] == codes["view"])
    item = np.where(is_query, events["query"], events["item"]).astype(np.int32)[event]
    kept = (weight > 0) & (item >= 0)
    everyone = np.arange(len(requests), dtype=np.int64)
    return (
        np.concatenate([everyone, request[kept]]),
        np.concatenate([requests["query"].astype(np.int32), item[kept]]),
        np.concatenate([np.ones(len(requests)), weight[kept]]),
        np.concatenate([np.zeros(len(requests), dtype=np.int64), len(events) - event[kept]]),
    )


def _distinct(
    request: NDArray[np.int64],
    item: NDArray[np.int32],
    weight: NDArray[np.float64],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Each item once a request, at its first place with its greatest weight, sorted by request and
    place.
    """
    by_item = np.lexsort((order, item, request))
    request = request[by_item]
    item = item[by_item]
    weight = weight[by_item]
    order = order[by_item]
    is_first = np.ones(len(item), dtype=np.bool_)
    is_first[1:] = (request[1:] != request[:-1]) | (item[1:] != item[:-1])
    first = np.flatnonzero(is_first)
    if len(first):
        weight = np.maximum.reduceat(weight, first)
    request = request[first]
    item = item[first]
    order = order[first]
    by_place = np.lexsort((order, request))
    return request[by_place], item[by_place], weight[by_place]


@dataclass(frozen=True)
class _Already:
    """The slates before each request: shown and acted [n, n_slates * k], asked [n, n_slates]."""

    shown: NDArray[np.int32]
    asked: NDArray[np.int32]
    acted: NDArray[np.bool_]


def _already_shown(
    requests: Rows, impressions: Rows, shown: NDArray[np.int32], acted: NDArray[np.bool_]
) -> _Already:
    by_moment = np.lexsort((impressions["step"], impressions["session"]))
    impressions = impressions[by_moment]
    shown = shown[by_moment]
    acted = acted[by_moment]
    low = np.searchsorted(impressions["session"], requests["session"], side="left")
    request, impression = expand(
        low, np.searchsorted(_moment(impressions), _moment(requests), side="left")
    )
    slate = place(request, len(requests))
    n_slates = int(slate.max(initial=-1)) + 1
    k = shown.shape[1]
    lists = np.full((len(requests), n_slates, k), -1, dtype=np.int32)
    lists[request, slate] = shown[impression]
    asked = np.full((len(requests), n_slates), -1, dtype=np.int32)
    asked[request, slate] = impressions["query"][impression]
    took = np.zeros(lists.shape, dtype=np.bool_)
    took[request, slate] = acted[impression]
    flat = (len(requests), n_slates * k)
    return _Already(lists.reshape(flat), asked, took.reshape(flat))


def _acted_on(
    events: Rows, shown: NDArray[np.int32], codes: Mapping[str, int]
) -> NDArray[np.bool_]:
    """What of each impression was clicked, carted or purchased: bool, the shape of shown."""
    impressions = events[events["kind"] == codes["impression"]]
    acted = np.zeros(shown.shape, dtype=np.bool_)
    actions = events[np.isin(events["kind"], [codes[kind] for kind in ACTIONS])]
    by_moment = np.argsort(_moment(impressions), kind="stable")
    moment = _moment(impressions)[by_moment]
    at = np.minimum(np.searchsorted(moment, _moment(actions)), max(0, len(moment) - 1))
    if len(moment) and len(actions):
        # A slate is known by its session and step; a click names the item, which stands on it once.
        slate = by_moment[at]
        hit = (shown[slate] == actions["item"][:, None]) & (moment[at] == _moment(actions))[:, None]
        row, position = np.nonzero(hit)
        acted[slate[row], position] = True
    return acted


def _shoppers(requests: Rows, events: Rows) -> NDArray[np.int64] | None:
    """The shopper of each request, -1 where no event of the session is there; None if events do not
    say.
    """
    if "shopper" not in (events.dtype.names or ()) or not len(events):
        return None
    first = np.minimum(np.searchsorted(events["session"], requests["session"]), len(events) - 1)
    is_same_session = events["session"][first] == requests["session"]
    return np.where(is_same_session, events["shopper"][first], -1).astype(np.int64)


def _moment(rows: Rows) -> NDArray[np.int64]:
    """Session and step as one sortable number; steps are below 2^15."""
    moment: NDArray[np.int64] = (rows["session"].astype(np.int64) << 16) + rows["step"]
    return moment


def _powers(factor: float, exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """factor^exponent from a table: a vectorised power need not give the same bits for every
    batch.
    """
    table = [factor**power for power in range(int(exponent.max(initial=0)) + 1)]
    return np.asarray(table, dtype=np.float64)[exponent]
