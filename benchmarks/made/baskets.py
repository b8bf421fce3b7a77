"""Made-up logs for benchmarks and tests: household baskets as a supermarket writes them, and small
shapes.

`python -m benchmarks.made.baskets --rows 1500000 --out baskets.csv` writes one. Nothing here
imitates a particular data set: products and groups follow Zipf's law, households are loyal to a few
products of each group, groups and single products are bought together, products come and go,
baskets are small with a long tail.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
DAY = 86_400
ORDERS = ("number", "aisle", "lot")
"""How the lines of one basket lie: by product number, as walked through the shop, or by lot."""


@dataclass(frozen=True)
class Log:
    """One event a row, in the order of the file: int64 [n_rows] each."""

    shopper: Longs
    session: Longs
    time: Longs
    item: Longs

    def write(self, path: Path) -> None:
        """As CSV; every event is a purchase."""
        import pandas as pd  # noqa: PLC0415 - only for files

        columns = {
            "shopper": self.shopper,
            "session": self.session,
            "time": self.time,
            "item": self.item,
        }
        pd.DataFrame(columns).assign(kind="purchase").to_csv(path, index=False)


def baskets(
    seed: int,
    *,
    rows: int = 1_500_000,
    households: int = 2_469,
    products: int = 65_000,
    order: str = "lot",
) -> Log:
    """About so many rows over two years; a household, a product and a basket each keep one
    number.
    """
    rng = np.random.default_rng([seed, 1])
    shop = _Shop(rng, seed, products)
    n_baskets = max(10, round(rows / 9.2))
    household = rng.choice(households, n_baskets, p=_shares(rng.gamma(1.5, size=households)))
    time = np.sort(rng.integers(0, 711 * DAY, n_baskets))
    size = np.clip(np.exp(rng.normal(1.75, 1.0, n_baskets)).round(), 1, 180).astype(np.int64)
    basket = np.repeat(np.arange(n_baskets), size)
    group = shop.groups(rng, basket, household[basket], households)
    item = shop.products(rng, household[basket], group, time[basket])
    item = shop.complements(rng, basket, item)
    _, first = np.unique(basket * products + item, return_index=True)
    basket = basket[first]
    item = item[first]
    place = {"number": item, "aisle": shop.aisle[item] + rng.normal(0, 0.02, len(item))}
    lot = np.lexsort((place.get(order, rng.random(len(item))), basket))
    basket = basket[lot]
    item = item[lot]
    return Log(household[basket] + 1, basket + 1, time[basket], item + 1)


class _Shop:
    """What is sold: group and popularity of each product, and what goes with what."""

    def __init__(self, rng: np.random.Generator, seed: int, products: int) -> None:
        self.seed = seed
        self.n = products
        self.n_groups = max(4, products // 150)
        self.popularity = _shares((np.arange(self.n_groups) + 3.0) ** -0.9)
        self.group = np.sort(
            rng.choice(self.n_groups, products, p=_shares(rng.gamma(2, size=self.n_groups)))
        )
        self.first = np.searchsorted(self.group, np.arange(self.n_groups + 1))
        weight = rng.pareto(0.9, products) + 0.05
        self.cumulated = np.cumsum(
            weight / np.bincount(self.group, weight, self.n_groups)[self.group]
        )
        self.number = rng.permutation(
            products
        )  # neighbours in a group must not be neighbours in number
        self.companions = rng.choice(self.n_groups, (self.n_groups, 4), p=self.popularity)
        self.complement = rng.integers(0, products, products)
        self.birth = np.where(rng.random(products) < 0.3, rng.integers(0, 711 * DAY, products), 0)
        self.death = np.where(
            rng.random(products) < 0.3, rng.integers(0, 711 * DAY, products), 711 * DAY
        )
        self.aisle = np.empty(products)
        self.aisle[self.number] = self.group / self.n_groups

    def groups(
        self, rng: np.random.Generator, basket: Longs, household: Longs, households: int
    ) -> Longs:
        """The group of each line: by the household's liking, or as a companion of an earlier
        line's.
        """
        liking = self.popularity * rng.gamma(0.4, size=(households, self.n_groups))
        cumulated = (
            np.cumsum(liking / liking.sum(1, keepdims=True), axis=1)
            + np.arange(households)[:, None]
        )
        drawn = household + rng.random(len(basket)) * 0.999999
        group = np.searchsorted(cumulated.ravel(), drawn) - household * self.n_groups
        group = np.minimum(group, self.n_groups - 1)
        first = np.searchsorted(basket, basket)
        earlier = first + (rng.random(len(basket)) * (np.arange(len(basket)) - first)).astype(
            np.int64
        )
        follows = (rng.random(len(basket)) < 0.35) & (earlier < np.arange(len(basket)))
        companion = self.companions[group[earlier], rng.integers(0, 4, len(basket))]
        return np.asarray(np.where(follows, companion, group), dtype=np.int64)

    def products(
        self, rng: np.random.Generator, household: Longs, group: Longs, time: Longs
    ) -> Longs:
        """The product of each line: one of the household's three of that group, or any by
        popularity.
        """
        favourite = np.minimum(rng.geometric(0.6, len(group)), 3)
        lot = _hashed(self.seed, household, group, favourite)
        lot = np.where(rng.random(len(group)) < 0.75, lot, rng.random(len(group)))
        for attempt in range(
            3
        ):  # what is not sold at that time is replaced by another, always the same one
            place = np.searchsorted(self.cumulated, group + lot * 0.999999)
            place = np.clip(place, self.first[group], np.maximum(self.first[group + 1] - 1, 0))
            product = self.number[place]
            gone = (time < self.birth[product]) | (time > self.death[product])
            lot = np.where(
                gone, _hashed(self.seed, product, group, np.full_like(group, attempt)), lot
            )
        return np.asarray(product, dtype=np.int64)

    def complements(self, rng: np.random.Generator, basket: Longs, item: Longs) -> Longs:
        """One line in twelve is the complement of the line before it."""
        item = item.copy()
        follows = (
            np.flatnonzero((rng.random(len(item) - 1) < 1 / 12) & (basket[1:] == basket[:-1])) + 1
        )
        item[follows] = self.complement[item[follows - 1]]
        return item


def visits(
    seed: int, *, sessions: int, items: int, shoppers: int, onward: float = 0.6, length: float = 4.0
) -> Log:
    """Short visits, a click a row: from an item mostly on to one of its three successors, never
    back.

    onward: how often the next click is a successor; shoppers: 0 means that nobody comes twice. What
    is liked changes over the log's 30 days.
    """
    rng = np.random.default_rng([seed, 2])
    start = np.sort(rng.integers(0, 30 * DAY, sessions))
    size = 1 + rng.geometric(1 / length, sessions)
    successor = rng.integers(0, items, (items, 3))
    who = rng.integers(0, shoppers, sessions) if shoppers else np.arange(sessions)
    rank = rng.permutation(items)
    base = (rank + 5.0) ** -0.8
    other = base[rng.permutation(items)]
    now = np.empty(sessions, np.int64)
    for week in range(4):
        of_week = (start // (7.6 * DAY)).astype(int) == week
        now[of_week] = rng.choice(items, of_week.sum(), p=_shares(base + week * other))
    columns = []
    for step in range(int(size.max())):
        alive = np.flatnonzero(size > step)
        columns.append(np.stack([alive, np.full(len(alive), step), now[alive]]))
        goes_on = rng.random(sessions) < onward
        jump = rng.choice(items, sessions, p=_shares(base))
        now = np.where(goes_on, successor[now, rng.integers(0, 3, sessions)], jump)
    session, step_of, item = np.concatenate(columns, axis=1)
    order = np.lexsort((step_of, session))
    session = session[order]
    step_of = step_of[order]
    item = item[order]
    return Log(who[session] + 1, session + 1, start[session] + 20 * step_of, item + 1)


def _shares(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weight / weight.sum())


def _hashed(seed: int, a: Longs, b: Longs, c: Longs) -> NDArray[np.float64]:
    """A number in [0, 1) that follows from whole numbers."""
    state = np.full(len(a), seed, dtype=np.uint64)
    for part in (a, b, c):
        state = (state ^ part.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        state ^= state >> np.uint64(29)
    return np.asarray((state >> np.uint64(11)).astype(np.float64) / 2.0**53)


def main() -> None:
    """Write a log of baskets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--order", choices=ORDERS, default="lot")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    log = baskets(arguments.seed, rows=arguments.rows, order=arguments.order)
    log.write(arguments.out)
    print(f"{len(log.item):,} rows, {len(np.unique(log.session)):,} baskets in {arguments.out}")


if __name__ == "__main__":
    main()
