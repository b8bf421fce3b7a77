"""The protocol of `evaluate-log` once more, from rows to figures, with lists and dictionaries.

It shares no code with the product. Only where the events of a session share one time it is told
their order, which is drawn.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

PAUSE = 30 * 60
HALF_LIFE = Fraction(8, 100)
"""Of the span of training, for what is late."""


class Row(NamedTuple):
    """One event. shopper: empty where nobody is known; session: empty where pauses cut them."""

    shopper: str
    session: str
    time: int
    item: str


class Visit(NamedTuple):
    """One session, its items in the order in which they came."""

    shopper: str
    start: int
    items: list[str]


class Case(NamedTuple):
    """What is asked: given these distinct items, which comes next?"""

    shopper: str
    profile: list[str]
    truth: str


Place = Callable[[int, str], int]
"""Of the session's number and an item of it, where it stands among those of its time."""


def visits(rows: Sequence[Row], place: Place) -> list[Visit]:
    """The sessions by start, shopper and name; rows that are equal count once."""
    together = defaultdict(list)
    for row in _named(sorted(set(rows), key=lambda row: row.time)):
        together[row.shopper, row.session].append(row)
    numbered = sorted((own[0].time, *key, own) for key, own in together.items())
    found = []
    for number, (start, shopper, _, own) in enumerate(numbered):
        in_order = sorted(own, key=lambda row: (row.time, place(number, row.item)))
        found.append(Visit(shopper, start, [row.item for row in in_order]))
    return found


def _named(rows: Sequence[Row]) -> list[Row]:
    latest: dict[str, tuple[int, int]] = {}
    found = []
    for row in rows:
        if row.session:
            found.append(row)
            continue
        number, before = latest.get(row.shopper, (0, row.time))
        number += row.time - before > PAUSE
        latest[row.shopper] = (number, row.time)
        found.append(row._replace(session=f"{number:06}"))
    return found


def parted(found: Sequence[Visit]) -> tuple[list[Visit], list[Case]]:
    """What trains: all that start before the 90 % quantile of the starts; and what is asked of the
    others.
    """
    starts = sorted(visit.start for visit in found)
    where = Fraction(9, 10) * (len(starts) - 1)
    below = math.floor(where)
    after = starts[min(below + 1, len(starts) - 1)]
    split = starts[below] + (where - below) * (after - starts[below])
    training = [visit for visit in found if visit.start < split]
    cases = [
        Case(visit.shopper, list(dict.fromkeys(visit.items[:-1])), visit.items[-1])
        for visit in found
        if visit.start >= split and len(set(visit.items)) > 1
    ]
    return training, cases


def popular(training: Sequence[Visit], case: Case, k: int) -> list[str]:
    """What was in most training sessions, then by its id; nothing of the profile."""
    n = Counter(item for visit in training for item in set(visit.items))
    return sorted(set(n) - set(case.profile), key=lambda item: (-n[item], item))[:k]


def repeat(training: Sequence[Visit], case: Case, k: int) -> list[str]:
    """What she had in most training sessions, the latest of equals first; then what is popular."""
    last = max(visit.start for visit in training)
    span = last - min(visit.start for visit in training)
    often: Counter[str] = Counter()
    lately: dict[str, float] = defaultdict(float)
    for visit in training:
        for item in set(visit.items) if case.shopper and visit.shopper == case.shopper else ():
            often[item] += 1
            lately[item] += 0.5 ** float((last - visit.start) / (HALF_LIFE * span))
    rest = popular(training, case, len(often) + k)
    rank = {item: place for place, item in enumerate(popular(training, Case("", [], ""), 10**9))}
    had = sorted(
        set(often) - set(case.profile),
        key=lambda item: (-often[item], -round(lately[item], 9), rank[item]),
    )[:k]
    return [*had, *(item for item in rest if item not in had)][:k]


def figures(slates: Sequence[Sequence[str]], cases: Sequence[Case], k: int) -> dict[str, float]:
    """Means over the cases: in the slate, 1 / log2(1 + rank), 1 / rank."""
    ranks = [
        slate.index(case.truth) + 1 if case.truth in slate else math.inf
        for slate, case in zip(slates, cases, strict=True)
    ]
    n = len(cases)
    return {
        f"next_hit_rate@{k}": sum(rank <= k for rank in ranks) / n,
        f"ndcg@{k}": sum(1 / math.log2(1 + rank) for rank in ranks) / n,
        "mrr": sum(1 / rank for rank in ranks) / n,
    }
