"""Two ranked lists become one: team-draft interleaving, whose item stands where, and whom a click
there speaks for.

Radlinski, Kurup, Joachims: How does clickthrough data reflect retrieval quality? CIKM 2008. Credit
is the mean over all drafts that give the same list: Hofmann, Whiteson, de Rijke, A probabilistic
method for inferring preferences from clicks, CIKM 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class Drafted:
    """Mixed lists, [n, k] each; -1 where both had nothing left."""

    items: Ints
    team: Ints
    """Whose pick it is: 0 or 1."""
    place: Ints
    """Where it stood in the list of its team."""
    credit: Ints
    """1 where a click speaks for the first list, -1 for the second, 0 where only the lot said whose
    pick it is.
    """


def team_draft(first: Ints, second: Ints, lots: NDArray[np.bool_]) -> Drafted:
    """Whoever has picked less picks next, by lot where both have picked alike; each picks its best
    item that is not there yet.

    first, second: item numbers [n, any width], best first, -1 where nothing is. lots: bool [n, k],
    whether the second picks where it is for the lot to say.
    """
    n, k = lots.shape
    wishes = [np.asarray(one, np.int64) for one in (first, second)]
    is_left = [one >= 0 for one in wishes]
    drafted = Drafted(*(np.full((n, k), NOBODY, np.int64) for _ in range(4)))
    could = np.zeros((2, n, k), np.bool_)
    is_open = np.zeros((n, k), np.bool_)
    counts = np.zeros((n, 2), np.int64)
    rows = np.arange(n)
    for at in range(k):
        able = np.column_stack([one.any(axis=1) for one in is_left])
        team = np.where(counts[:, 0] == counts[:, 1], lots[:, at], counts[:, 0] > counts[:, 1])
        team = np.where(able.all(axis=1), team, able[:, 1]).astype(np.int64)
        first_left = np.column_stack([one.argmax(axis=1) for one in is_left])
        best = first_left[rows, team]
        item = np.where(team == 0, _at(wishes[0], best), _at(wishes[1], best))
        is_open[:, at] = able.all(axis=1)
        for one in (0, 1):
            could[one, :, at] = able[:, one] & (_at(wishes[one], first_left[:, one]) == item)
        picks = able.any(axis=1)
        drafted.items[picks, at] = item[picks]
        drafted.team[picks, at] = team[picks]
        drafted.place[picks, at] = best[picks]
        counts[rows[picks], team[picks]] += 1
        is_left = [
            left & (wish != item[:, None]) for left, wish in zip(is_left, wishes, strict=True)
        ]
    drafted.credit[:] = np.where(drafted.team >= 0, 1 - 2 * drafted.team, 0)
    drafted.credit[_either(could, is_open)] = 0
    return drafted


def _either(could: NDArray[np.bool_], is_open: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the other lot would have given the same list, bool [n, k].

    Places go in pairs, one pick each, and the lots of the pairs are apart from each other. could:
    [2, n, k], whether the item is the best one left to a list; is_open: both lists have one left.
    """
    found = np.zeros_like(is_open)
    last = could.shape[2] - 1
    for at in range(0, last + 1, 2):
        after = min(at + 1, last)
        mirrored = could[1, :, at] & could[0, :, at]
        if after > at:
            mirrored &= could[1, :, after] & could[0, :, after] & is_open[:, after]
        found[:, [at, after]] = (mirrored & is_open[:, at])[:, None]
    return found


def _at(wish: Ints, place: Ints) -> Ints:
    """The item of each row at a place; the last one where its list is shorter than that."""
    inside = np.minimum(place, wish.shape[1] - 1)
    found: Ints = np.take_along_axis(wish, inside[:, None], axis=1)[:, 0]
    return found
