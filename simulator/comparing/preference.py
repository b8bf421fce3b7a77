"""What two policies in one run are worth to shoppers: whose items are clicked, or whose half buys
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from db.events import Events, Kind
from simulator.report.numbers import statistics
from simulator.report.numbers.panel import Panel, RunData, sums
from simulator.report.numbers.statistics import Estimate, Gap, ratio

Ints = NDArray[np.int64]
Teams = Sequence[tuple[Ints, int, Ints]]


def in_order(teams: Teams) -> Ints:
    """Whose item stands where, [n_slates, k], by session, then step: as panels have slates."""
    session = np.concatenate([sessions for sessions, _, _ in teams])
    step = np.repeat([step for _, step, _ in teams], [len(one) for one, _, _ in teams])
    team: Ints = np.concatenate([team for _, _, team in teams])[np.lexsort((step, session))]
    return team


def preference(panel: Panel, team: Ints) -> Estimate:
    """(visits won + half of those tied) / visits - 1/2: above 0 where the first policy's items are
    clicked more. A visit is won by the policy with more clicks in it.

    team: whose item stands where, [n_slates, k]. Radlinski 2008, section 4.
    """
    slates = panel.slates
    lead = (slates.is_clicked & (team == 0)).sum(1) - (slates.is_clicked & (team == 1)).sum(1)
    won = np.sign(sums(slates.row, lead, len(panel.sessions.session)))
    n = panel.run.n_shoppers
    everyone = np.ones(len(won))
    return ratio(
        sums(panel.sessions.shopper, won / 2, n), sums(panel.sessions.shopper, everyone, n)
    )


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
