"""Slow, obvious twins of what reads a log: plain loops and dictionaries."""

from __future__ import annotations

import math
from collections.abc import Sequence


def cases(events: Sequence[tuple[int, int, int, bool]]) -> dict[int, tuple[list[int], int, int]]:
    """Session to (distinct profile, its latest item, truth); events: (session, time, item,
    acted).
    """
    found = {}
    for session in {event[0] for event in events}:
        own = [event for event in events if event[0] == session]
        while own and not own[-1][3]:
            own.pop()
        items = [event[2] for event in own]
        if len(set(items)) > 1:
            found[session] = (list(dict.fromkeys(items[:-1])), items[-2], items[-1])
    return found


def pair_counts(
    visits: Sequence[Sequence[int]],
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]]:
    """(i, j) to the visits in which i came before j, and right before it."""
    before: dict[tuple[int, int], int] = {}
    right: dict[tuple[int, int], int] = {}
    for visit in visits:
        for first in range(len(visit)):
            for second in range(first + 1, len(visit)):
                pair = (visit[first], visit[second])
                before[pair] = before.get(pair, 0) + 1
                if second == first + 1:
                    right[pair] = right.get(pair, 0) + 1
    return before, right


def cosine_slate(visits: Sequence[Sequence[int]], profile: Sequence[int], k: int) -> list[int]:
    """The k items with the greatest sum of n_ij / sqrt(n_i n_j); ties by popularity, then
    number.
    """
    n = {i: sum(i in visit for visit in visits) for visit in visits for i in visit}
    score = {
        j: sum(
            sum(i in visit and j in visit for visit in visits) / math.sqrt(n[i] * n[j])
            for i in profile
            if i in n
        )
        for j in n
        if j not in profile
    }
    best = sorted(score, key=lambda j: (-round(score[j], 9), -n[j], j))[:k]
    return best + [-1] * (k - len(best))
