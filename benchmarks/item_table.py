"""Seconds for the item-item table of a log against `implicit`'s cosine model: same sessions, same
K.

`python -m benchmarks.item_table [--times 9]`: 200,000 sessions, 60,000 items, 1.2 M distinct
interactions; the 20 nearest by cosine of every item, both on the same cores. Printed beside it:
what of both tables agrees, and the counts of order that the other measures of `evaluate-log` need.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.rig.measured import beside, claim, seconds
from recommender.session_log.itemitem import table
from recommender.session_log.pairs import count
from recommender.session_log.sessions import Visits

SESSIONS = 200_000
ITEMS = 60_000
LENGTH = 6
K = 20
WANTED = 1.2


def main() -> None:
    """Measure both, claim the ratio."""
    # It warns of BLAS threads.
    from implicit.nearest_neighbours import CosineRecommender  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=9)
    times = parser.parse_args().times
    visits = _visits()
    by_session = sparse.csr_matrix(
        (np.ones(len(visits.items)), (visits.visit, visits.items)), shape=(SESSIONS, ITEMS)
    )
    peer = CosineRecommender(K=K + 1)  # an item is a neighbour of itself there
    pair = beside(lambda: _table(visits), lambda: peer.fit(by_session, show_progress=False), times)
    found = f"{pair.ours:.2f} s, implicit {pair.peer:.2f} s, {1 / pair.ratio:.2f} times"
    what = f"item-item table from {len(visits.items):,} interactions, K {K}"
    claim(what, found, f"at most {WANTED} times", holds=1 / pair.ratio <= WANTED)
    same = _agreement(_table(visits), peer.similarity)
    print(f"   {same:.2%} of its neighbours are implicit's, the others tie")
    print(
        "   counts of order for the other measures:"
        f" {seconds(lambda: count(visits).forward, 3):.2f} s"
    )


def _table(visits: Visits) -> Any:
    return table("cosine", {"shrink": 0.0, "neighbours": K}, count(visits), np.arange(ITEMS))


def _agreement(ours: Any, theirs: Any) -> float:
    """Share of our neighbours that the other table has."""
    both = ours.astype(np.bool_).multiply(theirs.astype(np.bool_))
    return float(both.sum() / ours.nnz)


def _visits() -> Visits:
    """Sessions of Poisson length over items whose popularity falls with a power of their rank."""
    rng = np.random.default_rng(1)
    chance = np.arange(1, ITEMS + 1) ** -0.8
    length = np.maximum(1, rng.poisson(LENGTH, SESSIONS))
    item = rng.choice(ITEMS, length.sum(), p=chance / chance.sum())
    key = np.unique(np.repeat(np.arange(SESSIONS), length) * ITEMS + item)
    session = key // ITEMS
    items = (key % ITEMS).astype(np.int32)
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
