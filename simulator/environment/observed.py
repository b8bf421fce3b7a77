"""What an agent sees of a request, and what it may answer: the spaces and the arrays in them.

It is what a recommender sees in a run: nothing of tastes, chances, or the category of a picture
that is searched with.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from db.errors import UsageError
from db.events import FIELDS_OF, Kind
from db.nearest import nearest
from simulator.environment.opened import REWARDS, Setting
from simulator.environment.places import Heard, Places

Observation = dict[str, Any]
"""By name; batched, each array has a row for each place."""


def action_space(setting: Setting) -> spaces.MultiDiscrete:
    """K item numbers, the best position first."""
    return spaces.MultiDiscrete(np.full(setting.k, setting.n_items))


def observation_space(setting: Setting) -> spaces.Dict:
    """One request."""
    width = setting.slates * setting.k
    n, dim = setting.vectors.shape
    return spaces.Dict(
        {
            "query": spaces.Discrete(n),
            "shopper": spaces.Discrete(setting.shoppers),
            "step": spaces.Discrete(setting.slates),
            "picture": spaces.Box(-1.0, 1.0, (dim,), dtype=np.float32),
            "profile": spaces.Box(-1.0, 1.0, (dim,), dtype=np.float32),
            "seen": spaces.Box(-1, setting.n_items - 1, (width,), dtype=np.int32),
            "acted": spaces.Box(0, 3, (width,), dtype=np.int8),
        }
    )


def observed(places: Places, rows: Any = None) -> Observation:
    """The requests of some places (int64 [m]; None: of all), arrays [m, ...] of their own."""
    if rows is None:
        everywhere = slice(None)
        return {name: column.copy() for name, column in _columns(places, everywhere).items()}
    return _columns(places, rows)


def _columns(places: Places, which: Any) -> Observation:
    return {
        "query": places.query[which],
        "shopper": places.shopper[which],
        "step": places.step[which],
        "picture": places.picture(which),
        "profile": places.profile(which),
        "seen": places.seen[which],
        "acted": places.acted[which],
    }


def one_by_one(batch: Observation) -> list[Observation]:
    """Each row for itself, as `observation_space` wants it."""
    names = tuple(batch)
    columns = [list(column) for column in batch.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def told(rows: NDArray[Any]) -> list[dict[str, Any]]:
    """Events (EVENT [n]) in words: kind, session, shopper, step, at (seconds), and what else an
    event of its kind says; price in units of currency, dwell in seconds.
    """
    return [_in_words(row) for row in rows]


def rewarded(reward: str, heard: Heard) -> NDArray[np.float64]:
    """float64 [n]: how many clicks, carts or purchases there were, or the revenue."""
    if reward == "revenue":
        return heard.revenue
    return heard.counts[:, REWARDS.index(reward)].astype(np.float64)


def _in_words(row: Any) -> dict[str, Any]:
    kind = Kind(int(row["kind"]))
    said: dict[str, Any] = {name: int(row[name]) for name in FIELDS_OF[kind]}
    parts = {"at": 1000.0, "dwell": 1000.0, "price": 100.0}
    changed = {name: said[name] / part for name, part in parts.items() if name in said}
    return {**said, **changed, "kind": kind.name.lower()}


def known_reward(reward: str) -> str:
    """The name of a reward. Raises UsageError for one that is none."""
    if reward not in REWARDS:
        raise UsageError(
            f"no reward {reward!r}; {nearest(reward, REWARDS)}choose one of {', '.join(REWARDS)}"
        )
    return reward
