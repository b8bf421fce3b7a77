"""What two policies in one run are worth to shoppers: whose items are clicked, or whose half buys
more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind
from simulator.report.numbers import statistics
from simulator.report.numbers.panel import Panel, RunData, sums
from simulator.report.numbers.statistics import Estimate, Gap, ratio

Ints = NDArray[np.int64]
Credits = Sequence[tuple[Ints, int, Ints]]


def in_order(told: Credits) -> Ints:
    """Whom a click speaks for, [n_slates, k], by session, then step: as panels have slates."""
    session = np.concatenate([sessions for sessions, _, _ in told])
    step = np.repeat([step for _, step, _ in told], [len(one) for one, _, _ in told])
    found: Ints = np.concatenate([one for _, _, one in told])[np.lexsort((step, session))]
    return found


def preference(panel: Panel, credit: Ints) -> Estimate:
    """Clicks that speak for the first policy / clicks that speak for either - 1/2.

    credit: whom a click speaks for, [n_slates, k], as team_draft says. Undefined where no click
    speaks for anybody.
    """
    slates = panel.slates
    spoken = np.where(slates.is_clicked, credit, 0)
    n = panel.run.n_shoppers
    lead, both = spoken.sum(1) / 2, np.abs(spoken).sum(1)
    return ratio(sums(slates.shopper, lead, n), sums(slates.shopper, both, n))


def preference_expected(panel: Panel, credit: Ints) -> Estimate:
    """Mean over visits of the same share, with the judge's chance of a click in the click's place.

    Over visits, for a visit with more chances says no more of the policies. Visits in which nothing
    speaks for anybody count as even.
    """
    slates = panel.slates
    chance = np.where(slates.is_shown & ~np.isnan(slates.expected), slates.expected, 0.0)
    visits = len(panel.sessions.session)
    lead = sums(slates.row, (chance * credit).sum(1), visits)
    both = sums(slates.row, (chance * np.abs(credit)).sum(1), visits)
    share = np.divide(lead / 2, both, out=np.zeros(visits), where=both > 0)
    n = panel.run.n_shoppers
    shopper = panel.sessions.shopper
    return ratio(sums(shopper, share, n), sums(shopper, np.ones(visits), n))


def of_arm(run: RunData, arms: Ints, arm: int) -> RunData:
    """The run with what the shoppers of one arm did alone; arms: [n_shoppers]."""
    rows = run.events.rows
    is_kept: NDArray[np.bool_] = arms[rows["shopper"]] == arm
    is_impression = rows["kind"] == Kind.IMPRESSION
    return replace(run, events=Events(rows[is_kept], run.events.shown[is_kept[is_impression]]))


def gap_of(a: Sequence[Estimate], b: Sequence[Estimate] | None = None) -> Gap:
    """A minus b, or a alone, an estimate a shop each: over the shoppers of one shop, over several
    shops.
    """
    none = [replace(one, value=0.0, influence=np.zeros_like(one.influence)) for one in a]
    other = b if b is not None else none
    if len(a) == 1:
        return statistics.paired(a[0], other[0])
    return statistics.paired_over_seeds([one.value for one in a], [one.value for one in other])


def times_the_sessions(
    preferred: Sequence[Estimate], drawn: Sequence[Estimate], effect: float
) -> float:
    """How many times the sessions of interleaving an A/B test needs to be as sure.

    drawn: a measure of each policy alone, with all shoppers, policies and shops in any order; with
    half of the shoppers each, the difference has the variance 2 (var a + var b). effect: the true
    difference in it. Sessions go as the square of value over error. NaN where nothing varied.
    """
    value = float(np.mean([one.value for one in preferred]))
    ours = value**2 / np.mean([one.variance for one in preferred])
    theirs = effect**2 / (4 * np.mean([one.variance for one in drawn]))
    return float(ours / theirs) if theirs > 0 else float("nan")


def effect_of_split(
    halves: Sequence[Panel], alone: Sequence[Panel], formula: Callable[[Panel], Estimate]
) -> float:
    """What the first half gained over the second, less what they differ by without the policies.

    halves: the shoppers of each arm, who learn together. alone: the same shoppers under the second
    policy alone; the same dice fall there, so the luck of who is in which arm goes away.
    """
    gains = [formula(a).value - formula(b).value for a, b in zip(halves, alone, strict=True)]
    return gains[0] - gains[1]
