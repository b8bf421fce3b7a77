"""Slow, obvious twins of the fast functions: plain loops and dictionaries for property tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recommender import exact
from recommender.profile import ProfileConfig
from recommender.taste.score import Responses, residual

MASK = (1 << 64) - 1


def nearest(
    index: Any, rows: Any, k: int, is_candidate: Sequence[bool], leave_out: Sequence[int]
) -> list[list[int]]:
    """The k nearest by sorting everything, in float64."""
    lists = []
    for row, left_out in zip(rows, leave_out, strict=True):
        cosine = {
            j: math.fsum(float(a) * float(b) for a, b in zip(index[j], row, strict=True))
            for j in range(len(index))
            if is_candidate[j] and j != left_out
        }
        best = sorted(cosine, key=lambda j: (-cosine[j], j))[:k]
        lists.append(best + [-1] * (k - len(best)))
    return lists


def smoothed(rows: Sequence[Sequence[float]], k: int) -> list[list[float]]:
    """Each row averaged with its k - 1 nearest others, ties by number, in multiples of 1/2048."""
    found = []
    for number, row in enumerate(rows):
        (others,) = nearest(rows, [row], k - 1, [True] * len(rows), [number])
        members = [row, *(rows[other] for other in others)]
        sums = [math.fsum(float(member[axis]) for member in members) for axis in range(len(row))]
        length = math.sqrt(math.fsum(value * value for value in sums))
        found.append([round(value / length * 2048) / 2048 for value in sums])
    return found


def profile(
    session: int,
    step: int,
    query: int,
    *,
    events: Sequence[Mapping[str, int]],
    codes: Mapping[str, int],
    config: ProfileConfig,
) -> dict[int, float]:
    """Item to normalised weight, in profile order, of one request."""
    past = [e for e in events if e["session"] == session and e["step"] < step]
    searches = [
        e["ordinal"]
        for e in events
        if e["session"] == session and e["step"] <= step and e["kind"] == codes["search"]
    ]
    weights = {query: 1.0}
    for event in sorted(past, key=lambda e: -e["ordinal"]):
        kind = {number: name for name, number in codes.items()}[event["kind"]]
        if not config.kind_weights.get(kind):
            continue
        item = event["query"] if kind in {"search", "view"} else event["item"]
        since = sum(1 for ordinal in searches if ordinal > event["ordinal"])
        aged = config.decay ** (step - event["step"]) * config.search_damping**since
        weight = config.kind_weights[kind] * aged
        if weight > 0:
            weights[item] = max(weights.get(item, 0.0), weight)
    kept = dict(list(weights.items())[: config.length])
    total = sum(kept.values())
    return {item: weight / total for item, weight in kept.items()}


def increments(
    items: Any, shown: Any, acted: Any, examination: Sequence[int]
) -> dict[tuple[int, int], tuple[int, int]]:
    """(i, j) to (shown in 1/1024, acted)."""
    counts: dict[tuple[int, int], tuple[int, int]] = {}
    for profile_items, slate, clicks in zip(items, shown, acted, strict=True):
        for i in profile_items:
            for position, j in enumerate(slate):
                if i >= 0 and j >= 0 and i != j:
                    s, c = counts.get((int(i), int(j)), (0, 0))
                    counts[int(i), int(j)] = (
                        s + int(examination[position]),
                        c + int(clicks[position]),
                    )
    return counts


def blend_score(
    profile: Mapping[int, float],
    j: int,
    *,
    expected: Mapping[tuple[int, int], float],
    counts: Mapping[tuple[int, int], tuple[int, int]],
    kappa: float,
) -> float:
    """The damped form (kappa * m + c) / (s + kappa), which equals the blend with b = s / (s +
    kappa).
    """
    score = 0.0
    for i, weight in profile.items():
        s, c = counts.get((i, j), (0, 0))
        score += weight * (kappa * expected[i, j] + c) / (s / 1024 + kappa)
    return score


def ranked(
    candidates: Sequence[int],
    scores: Sequence[float],
    *,
    k: int,
    session: int,
    step: int,
    seed: int,
) -> list[int]:
    """The k best items, -1 padded: by rounded score, then draw, then item number."""
    keys = {
        item: (-int(np.rint(score * 1e6)), draw(seed, session, step, item), item)
        for item, score in zip(candidates, scores, strict=True)
        if item >= 0
    }
    best = sorted(keys, key=lambda item: keys[item])[:k]
    return best + [-1] * (k - len(best))


def draw(seed: int, session: int, step: int, item: int) -> int:
    """The addressed draw in Python's whole numbers."""
    golden = 0x9E3779B97F4A7C15
    state = seed & MASK
    for part in (session, step):
        state = _finalised((state + golden) & MASK) ^ part
    state = _finalised((state + golden) & MASK)
    return _finalised((state + (item + 1) * golden) & MASK)


def _finalised(state: int) -> int:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = ((state ^ (state >> shift)) * factor) & MASK
    return state ^ (state >> 31)


def stacked_similarity(
    acted: Mapping[tuple[int, int], int],
    vectors: Any,
    *,
    content_weight: float,
    shrink: float,
    keep: int,
) -> list[list[float]]:
    """Cosine with shrinkage of item columns: features under interactions, a row with two ones for
    each pair.

    Of each item's similarities the `keep` greatest stay, with all that tie; the others, and what is
    not above 0, become 0.
    """
    n = len(vectors)
    rows: list[list[float]] = []
    for (i, j), times in acted.items():
        rows += [[float(item in (i, j)) for item in range(n)] for _ in range(times)]
    columns = [
        [row[item] for row in rows] + [content_weight * float(value) for value in vectors[item]]
        for item in range(n)
    ]
    norm = [math.sqrt(math.fsum(value * value for value in column)) for column in columns]
    likeness = [
        [
            math.fsum(a * b for a, b in zip(columns[i], columns[j], strict=True))
            / (norm[i] * norm[j] + shrink)
            for j in range(n)
        ]
        for i in range(n)
    ]
    for i, line in enumerate(likeness):
        line[i] = -math.inf
        floor = sorted(line, reverse=True)[min(keep, n) - 1]
        likeness[i] = [value if value >= floor - 1e-12 and value > 0 else 0.0 for value in line]
    return likeness


def team_draft(
    first: Sequence[int], second: Sequence[int], lots: Sequence[bool]
) -> list[tuple[int, int]]:
    """(team, item) by place: whoever has picked less picks, by lot where both picked alike."""
    wishes = ([one for one in first if one >= 0], [one for one in second if one >= 0])
    picks: list[tuple[int, int]] = []
    counts = [0, 0]
    for lot in lots:
        taken = {item for _, item in picks}
        left = [[one for one in wish if one not in taken] for wish in wishes]
        able = [team for team in (0, 1) if left[team]]
        if not able:
            break
        fewest = [team for team in able if counts[team] == min(counts[one] for one in able)]
        team = fewest[0] if len(fewest) == 1 else int(lot)
        picks.append((team, left[team][0]))
        counts[team] += 1
    return picks


def taste_after(
    pull: np.ndarray, precision: np.ndarray, responses: Responses, *, steps: int
) -> np.ndarray:
    """One shopper's taste after more places, one after the other: `taste.score.posterior`."""
    now: np.ndarray = exact.solved(precision[None], pull[None])[0]
    sharp = precision
    for _ in range(steps if responses.examined.any() else 0):
        spread = exact.inverse(sharp[None])
        sharp = precision.copy()
        drift = pull.copy()
        for place, v in enumerate(responses.style):
            liking = (v * now).sum()
            softened = np.sqrt(1.0 + np.pi / 8 * (exact.times(spread, v[None])[0] * v).sum())
            eta = np.array([(responses.offset[place] + liking) / softened])
            gain, weight = residual(eta, responses.acted[place], responses.examined[place])
            sharp += (weight[0] * v)[:, None] * v
            drift += (gain[0] + weight[0] * liking) * v
        now = exact.solved(sharp[None], drift[None])[0]
    return now
