"""Seconds for the item-item table of a log against `implicit`'s cosine model, on the same sessions.

`python -m benchmarks.item_table [--times 5]`: 200,000 sessions, 60,000 items, 1.2 M distinct interactions.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from scipy import sparse

from benchmarks.measured import beside, claim
from recommender.pairs import count
from recommender.sessions import Visits

SESSIONS, ITEMS, LENGTH = 200_000, 60_000, 6
WANTED = 1.2


def main() -> None:
    """Measure both, claim the ratio."""
    from implicit.nearest_neighbours import CosineRecommender  # noqa: PLC0415 - it warns of BLAS threads

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    visits = _visits()
    by_session = sparse.csr_matrix(
        (np.ones(len(visits.items)), (visits.visit, visits.items)), shape=(SESSIONS, ITEMS)
    )
    peer = CosineRecommender(K=20)
    pair = beside(lambda: count(visits), lambda: peer.fit(by_session, show_progress=False), times)
    found = f"{pair.ours:.2f} s, implicit {pair.peer:.2f} s, {1 / pair.ratio:.2f} times"
    what = f"item-item table from {len(visits.items):,} interactions"
    claim(what, found, f"at most {WANTED} times", holds=1 / pair.ratio <= WANTED)


def _visits() -> Visits:
    """Sessions of Poisson length over items whose popularity falls with a power of their rank."""
    rng = np.random.default_rng(1)
    chance = np.arange(1, ITEMS + 1) ** -0.8
    length = np.maximum(1, rng.poisson(LENGTH, SESSIONS))
    item = rng.choice(ITEMS, length.sum(), p=chance / chance.sum())
    key = np.unique(np.repeat(np.arange(SESSIONS), length) * ITEMS + item)
    session, items = key // ITEMS, (key % ITEMS).astype(np.int32)
    return Visits(
        first=np.searchsorted(session, np.arange(SESSIONS + 1)),
        items=items,
        acted=np.ones(len(items), np.bool_),
        shopper=np.arange(SESSIONS),
        start=np.arange(SESSIONS, dtype=np.float64),
        n_items=ITEMS,
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
