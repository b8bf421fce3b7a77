"""Made-up traffic for benchmarks: sessions of slates, clicks and carts over a catalogue, by NumPy
alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from db.events import EVENT, Events, Kind, blank
from recommender.search.similarity import round_embeddings

SLATES = 3
K = 10
CLICKED = 0.3
CARTED = 0.15
"""Shares of slates with a click, of clicks with a cart: some eight events a session, as in the
demo.
"""


def unit_vectors(n: int, *, dim: int = 64, seed: int = 1) -> NDArray[np.float32]:
    """Rounded unit rows float32 [n, dim] in clusters, as embeddings are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, n // 100), dim))
    rows = centres[rng.integers(0, len(centres), n)] + 0.5 * rng.normal(size=(n, dim))
    return round_embeddings(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def events(n_sessions: int, *, n_items: int, first_session: int = 0, seed: int = 1) -> Events:
    """Whole sessions: search or view, impression, perhaps click and cart, three times; then leave.

    Popularity follows a power law: what is searched, shown and clicked is the same few items again
    and again.
    """
    rng = np.random.default_rng([seed, first_session])
    query, shown = (_drawn(rng, n_items, (n_sessions, SLATES, *more)) for more in ((), (K,)))
    place = rng.integers(0, K, (n_sessions, SLATES))
    is_clicked = rng.random((n_sessions, SLATES)) < CLICKED
    is_carted = is_clicked & (rng.random((n_sessions, SLATES)) < CARTED)
    always = np.ones_like(is_clicked)
    happens = np.stack([always, always, is_clicked, is_carted], axis=2).reshape(n_sessions, -1)
    happens = np.concatenate([happens, np.ones((n_sessions, 1), np.bool_)], axis=1)
    session, slot = np.nonzero(happens)
    step = np.minimum(slot // 4, SLATES - 1)
    kind = slot % 4
    ordinal = np.cumsum(happens, axis=1) - 1
    rows = blank(len(session))
    rows["session"] = rows["shopper"] = session + first_session
    rows["ordinal"] = ordinal[session, slot]
    rows["step"] = step
    rows["at"] = rows["session"] * 100_000 + rows["ordinal"] * 1000
    rows["kind"] = np.array([Kind.SEARCH, Kind.IMPRESSION, Kind.CLICK, Kind.CART])[kind]
    rows["kind"][slot == SLATES * 4] = Kind.LEAVE
    is_asked = rows["kind"] != Kind.LEAVE
    rows["query"][is_asked] = query[session, step][is_asked]
    acts = np.isin(rows["kind"], (Kind.CLICK, Kind.CART))
    where = session[acts], step[acts]
    rows["item"][acts] = shown[(*where, place[where])]
    rows["position"][acts] = place[where] + 1
    rows["impression"][acts] = ordinal[where[0], where[1] * 4 + 1]
    rows["price"][rows["kind"] == Kind.CART] = 1999
    rows["dwell"][rows["kind"] == Kind.CLICK] = 4000
    assert rows.dtype == EVENT  # noqa: S101 - a benchmark may insist
    return Events(rows, shown.reshape(-1, K).astype(np.int32))


def _drawn(rng: np.random.Generator, n_items: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Item numbers, the lower the more often: density falls with the square root."""
    drawn: NDArray[np.int64] = (n_items * rng.random(shape) ** 2).astype(np.int64)
    return drawn
