"""What looking every day is worth, on the world's own shoppers: false alarms and power.

The shoppers of a run under one policy are parted by lot into two arms that met the same, again and
again: whatever differs is a false alarm. For power one arm is given more clicks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from benchmarks.intervals.progress import told
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.together import play_together
from simulator.report.numbers.panel import Panel, lay_out, sums
from simulator.report.numbers.sequential import looks
from simulator.report.numbers.sequential.looks import Look, SeenSoFar
from simulator.report.numbers.statistics import ratio

DAYS = 28
SEEDS = 20
"""Looks seed by seed go up to so many."""
SPLITS = 2000
QUICK_SPLITS = 400
DETECTABLE = 2.8
"""A planted difference, in standard errors at the last look: the last look alone finds it 80 times
of a hundred.
"""
PLAIN = "a plain interval at every look"
SPENDING = "O'Brien-Fleming, 28 days planned"
SEQUENCE = "a confidence sequence, no planned end"
WAYS = (PLAIN, SPENDING, SEQUENCE)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Clicks:
    """Clicks and items shown until each day: float64 [n_shoppers, n_days]."""

    clicks: Floats
    shown: Floats

    def parted(self, is_a: NDArray[np.bool_], effect: float) -> list[SeenSoFar]:
        """What each day sees of arm a minus the others; a's clicks are raised by the effect, in
        clicks an item shown.
        """
        seen = []
        for day in range(self.clicks.shape[1]):
            shown = self.shown[:, day]
            a = ratio((self.clicks[:, day] + effect * shown) * is_a, shown * is_a)
            b = ratio(self.clicks[:, day] * ~is_a, shown * ~is_a)
            seen.append(looks.by_day(day + 1, a, b))
        return seen


def play(context: Context, policy: str, seeds: Sequence[int], shoppers: int) -> list[Clicks]:
    """A shop a seed, 28 days each."""
    played = []
    for seed in seeds:
        plan = Plan(items=300, queries=100, shoppers=shoppers, days=DAYS, seed=seed)
        result = play_together(context, plan, (policy,), n_seeds=1, is_stored=False, fit=())
        played.append(_clicks(lay_out(result.runs[0])))
    return played


def _clicks(panel: Panel) -> Clicks:
    slates = panel.slates
    n = panel.run.n_shoppers
    place = slates.shopper * DAYS + slates.day
    clicks, shown = (
        sums(place, claims.sum(axis=1), n * DAYS).reshape(n, DAYS).cumsum(axis=1)
        for claims in (slates.is_clicked, slates.is_shown)
    )
    return Clicks(clicks, shown)


def stops(shops: Sequence[Clicks], n: int, *, is_planted: bool) -> dict[str, list[bool]]:
    """By each way, whether any look of each split was clear; and whether the last alone was."""
    rng = np.random.default_rng(7)
    found: dict[str, list[bool]] = {way: [] for way in (*WAYS, "last")}
    for number in told(range(n), "shops parted by lot", n):
        shop = shops[number % len(shops)]
        is_a = rng.permutation(len(shop.clicks)) < len(shop.clicks) // 2
        effect = DETECTABLE * shop.parted(is_a, 0.0)[-1].variance ** 0.5 if is_planted else 0.0
        seen = shop.parted(is_a, effect)
        looked = (plain(seen), looks.until(seen, DAYS), looks.open_ended(seen, over_seeds=False))
        for way, some in zip(WAYS, looked, strict=True):
            found[way].append(looks.first_clear(some) is not None)
        found["last"].append(plain(seen[-1:])[0].is_clear)
    return found


def plain(seen: Sequence[SeenSoFar]) -> list[Look]:
    """Student's interval at each look, as if it were the only one."""
    return [looks.reaching(one, float(special.stdtrit(one.units - 1, 0.975))) for one in seen]


def seeds_alarms(values: Sequence[float], n: int) -> tuple[float, float]:
    """False alarms of adding seeds until clear, up to 20: a plain interval, a confidence sequence.

    values: of one policy, a shop each. Two shops are a seed's two arms, and which is first is up to
    the lot.
    """
    rng = np.random.default_rng(8)
    alarms: list[tuple[bool, bool]] = []
    known = np.array(values)
    for _ in range(n):
        pairs = rng.permutation(known)[: 2 * min(SEEDS, len(known) // 2)].reshape(-1, 2)
        seen = looks.by_seeds((pairs[:, 0] - pairs[:, 1]).tolist())
        alarms.append(
            (
                looks.first_clear(plain(seen)) is not None,
                looks.first_clear(looks.open_ended(seen, over_seeds=True)) is not None,
            )
        )
    return float(np.mean([one[0] for one in alarms])), float(np.mean([one[1] for one in alarms]))


def page_block(context: Context, values: Sequence[float], *, is_quick: bool) -> str:
    """Table and note. values: `ctr` of one policy, a shop each."""
    n = QUICK_SPLITS if is_quick else SPLITS
    shops = play(context, "blend", range(1, 2 if is_quick else 5), 400)
    null, planted = (stops(shops, n, is_planted=one) for one in (False, True))
    alone = _said(planted["last"])
    rows = [
        f"| looks | way | false alarms | power, where the last look alone has {alone} |",
        "|---|---|---|---|",
        *(
            f"| every day, 28 | {way} | {_said(null[way])} | {_said(planted[way])} |"
            for way in WAYS
        ),
    ]
    ways = ("a plain interval at every look", "a confidence sequence, no planned end")
    looked = min(SEEDS, len(values) // 2)
    for way, share in zip(ways, seeds_alarms(values, n), strict=True):
        rows.append(f"| every seed, 2 to {looked} | {way} | {_share(share)} | not measured |")
    note = (
        f"`blend`, `ctr`, {len(shops)} shops of 400 shoppers and 28 days, parted by lot {n:,} times"
        " into two arms that do not differ; for the last column, arms that differ by"
        f" {DETECTABLE} standard errors at day 28. Seeds: {len(values)} shops, drawn {n:,} times."
        f" Binomial error of a share near 5 %: {_error(0.05, n)} points; near 80 %:"
        f" {_error(0.8, n)}."
    )
    return "\n".join([*rows, "", note])


def _said(claims: Sequence[bool]) -> str:
    return _share(float(np.mean(claims)))


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _error(share: float, n: int) -> str:
    return f"{100 * (share * (1 - share) / n) ** 0.5:.1f}"
