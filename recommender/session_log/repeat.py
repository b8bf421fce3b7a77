"""Show her again what she had in earlier sessions: the plainest policy that knows the shopper."""

from __future__ import annotations

import numpy as np

from recommender.session_log.features import LogEvidence
from recommender.session_log.itemitem import Flags
from recommender.session_log.sessions import NOBODY, Cases, Items


def came_before(known: LogEvidence, asked: Cases) -> Flags:
    """Of which cases the shopper has training sessions: bool [n_cases]."""
    shoppers = known.visits.shopper
    return np.isin(asked.shopper, shoppers[shoppers != NOBODY])


def repeat_slates(known: LogEvidence, asked: Cases, *, k: int) -> Items:
    """What each shopper had in most training sessions, the latest of equals first, int32 [n_cases,
    k].

    The rest by popularity, which is all for a shopper of whom nothing is known. What stands in the
    profile and what is not on sale is left out.
    """
    shoppers = np.unique(asked.shopper[came_before(known, asked)])
    often = known.history(shoppers, np.ones(len(known.visits.items)))
    lately = known.history(shoppers, known.age)
    order = known.order
    found = np.full((len(asked), k), -1, dtype=np.int32)
    for case in range(len(asked)):
        profile = asked.items[asked.first[case] : asked.first[case + 1]]
        had = np.zeros(0, dtype=np.int32)
        place = int(np.searchsorted(shoppers, asked.shopper[case]))
        if place < len(shoppers) and shoppers[place] == asked.shopper[case]:
            row = slice(often.indptr[place], often.indptr[place + 1])
            items = often.indices[row]
            age = np.round(lately.data[row], 9)
            had = items[np.lexsort((order.rank[items], -age, -often.data[row]))]
            had = had[(order.rank[had] >= 0) & ~np.isin(had, profile)][:k]
        taken = np.concatenate([profile, had])
        rest = order.items[: k + len(taken)]
        best = np.concatenate([had, rest[~np.isin(rest, taken)]])[:k]
        found[case, : len(best)] = best
    return found
