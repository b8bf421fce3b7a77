"""The probability with which a policy that draws by lot put an item where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommender.candidates import eligible, listed
from recommender.config import RecommenderConfig
from recommender.knowledge import Knowledge
from recommender.policies import CELLS
from recommender.profile import Profiles
from recommender.rankers import VISUAL, Ranker
from recommender.ranking import DECIMALS

Items = NDArray[np.int32]
Chances = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Lottery:
    """How a policy decides whether a slate is drawn by lot."""

    by_lot: float
    """Probability that the whole slate is drawn from all that may be shown, 0 to 1."""
    otherwise: Ranker | None
    """What ranks the other slates."""


LOTTERIES: Mapping[str, Lottery] = MappingProxyType(
    {"random": Lottery(1.0, None), "logging": Lottery(0.5, VISUAL)}
)
"""Policies whose slates are drawn, by name; the others draw only among what ties."""


def propensities(
    config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, items: Items
) -> Chances:
    """The probability of each item to stand at its place, over the draws of the policy, given all
    that came before the request: float64 [n_requests, k], NaN for padding.

    items: int32 [n_requests, k], the slates of these requests. Where a ranked slate would be filled
    up by lot, its probabilities are not computed: NaN. Raises ValueError for a policy that draws
    nothing by lot.
    """
    found = np.full(items.shape, np.nan)
    for part in _parts(knowledge, profiles):
        places = propensities_by_place(config, knowledge, profiles[part], items[part])
        found[part] = np.diagonal(places, axis1=1, axis2=2)
    return found


def propensities_by_place(
    config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, items: Items
) -> Chances:
    """The same for each item and every place: float64 [n_requests, k items, k places].

    items: int32 [n_requests, k], of what may be shown. Raises ValueError as above.
    """
    if config.policy not in LOTTERIES:
        raise ValueError(f"{config.policy!r} draws nothing by lot")
    found = np.full((*items.shape, items.shape[1]), np.nan)
    for part in _parts(knowledge, profiles):
        found[part] = _chances(config, knowledge, profiles[part], items[part])
    return found


def _parts(knowledge: Knowledge, profiles: Profiles) -> Iterator[slice]:
    """Requests looked at together, which decides nothing but the memory."""
    step = max(1, CELLS // max(1, knowledge.n_columns))
    for begin in range(0, len(profiles), step):
        yield slice(begin, begin + step)


def _chances(
    config: RecommenderConfig, knowledge: Knowledge, profiles: Profiles, items: Items
) -> Chances:
    lottery = LOTTERIES[config.policy]
    columns = knowledge.is_candidate[: knowledge.n_columns]
    allowed = eligible(profiles, columns, exclude_shown=config.exclude_shown)
    # Every allowed item comes to every place equally often.
    drawn = 1.0 / np.maximum(allowed.sum(axis=1), 1)[:, None, None]
    chances = np.broadcast_to(lottery.by_lot * drawn, (*items.shape, items.shape[1]))
    if lottery.otherwise is not None:
        ranked = _ranked(
            lottery.otherwise, config, knowledge, profiles, items=items, allowed=allowed
        )
        chances = chances + (1.0 - lottery.by_lot) * ranked
    return np.where((items >= 0)[:, :, None], chances, np.nan)


def _ranked(
    ranker: Ranker,
    config: RecommenderConfig,
    knowledge: Knowledge,
    profiles: Profiles,
    *,
    items: Items,
    allowed: Marks,
) -> Chances:
    """The same for slates that are ranked: certain, but for items that tie. m that tie share m
    places, each of them equally often.
    """
    marks = ranker.candidates(knowledge, profiles) & allowed
    scoring = ranker.scoring(config, knowledge)
    candidates = listed(marks)
    keys = np.rint(scoring.score(profiles, candidates) * 10.0**DECIMALS)
    keys[candidates < 0] = -np.inf
    places = np.arange(items.shape[1])
    chances = np.zeros((*items.shape, len(places)))
    for number in range(items.shape[1]):
        item = items[:, number, None]
        own = np.max(np.where(candidates == item, keys, -np.inf), axis=1, initial=-np.inf)
        above = (keys > own[:, None]).sum(axis=1)
        same = (keys == own[:, None]).sum(axis=1)
        first = above[:, None]
        stands = (first <= places) & (places < first + same[:, None])
        stands &= (own > -np.inf)[:, None]
        chances[:, number] = np.where(stands, 1.0 / np.maximum(same, 1)[:, None], 0.0)
    n_marked = marks.sum(axis=1)
    chances[(n_marked < config.slate_size) & (n_marked < allowed.sum(axis=1))] = np.nan
    return chances
