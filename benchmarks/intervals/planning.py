"""What `windowshop plan` is worth: predicted against realised errors, and the power that an
experiment has when it was planned for 80 %.

Shops are played in several sizes. The pilots are of the first; what is predicted is of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.comparing.pilot import Piloted, measure_named, piloted, variances
from simulator.comparing.power import Variances, seeds_for
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.together import play_together
from simulator.report.numbers import statistics
from simulator.report.numbers.panel import RunData

MEASURES = (
    "ctr_late_expected",
    "ctr_expected",
    "session_click_rate",
    "conversion_rate_expected",
    "revenue_per_session",
)
A = "blend"
B = "visual"
PILOT_SEEDS = (5, 10)
PLANNED = 0.8
TRIALS = 1000
QUICK_TRIALS = 60
AHEAD = 0.8
"""The effect that is planned for, in standard deviations over shops: about 15 seeds find it."""

Pilots = dict[str, dict[str, Piloted]]
"""policy -> measure -> what a pilot reads of one shop."""


@dataclass(frozen=True)
class Played:
    """Shops of one size."""

    shoppers: int
    days: int
    shops: Sequence[Pilots]

    def gaps(self, name: str) -> np.ndarray:
        """`blend - visual`, shop by shop."""
        return np.array(
            [shop[A][name].whole.value - shop[B][name].whole.value for shop in self.shops]
        )

    def pilot(self, name: str, chosen: Sequence[int]) -> Variances:
        """What some of the shops say."""
        ours, theirs = ([self.shops[n][policy][name] for n in chosen] for policy in (A, B))
        return variances(ours, theirs, shoppers=self.shoppers, days=self.days)


def read(runs: Sequence[RunData]) -> Pilots:
    """Of the runs of one shop."""
    found: Pilots = {}
    for run in runs:
        formulas = {name: measure_named(name).formula for name in MEASURES}
        found[run.policy] = {name: piloted(run, one) for name, one in formulas.items() if one}
    return found


def play(context: Context, plan: Plan, n: int) -> Played:
    """So many shops of the plan's size, the first with the plan's seed."""
    shops = [
        read(
            play_together(
                context,
                Plan(**{**vars(plan), "seed": seed}),
                (B, A),
                n_seeds=1,
                is_stored=False,
                fit=(),
            ).runs
        )
        for seed in range(plan.seed, plan.seed + n)
    ]
    return Played(plan.shoppers, plan.days, shops)


def predicted(of: Played, to: Played, name: str) -> tuple[float, float]:
    """Standard deviation over shops of the difference in the other size: predicted by all shops of
    one, and realised.
    """
    found = of.pilot(name, range(len(of.shops))).variance(to.shoppers, to.days) ** 0.5
    return float(found), float(np.nanstd(to.gaps(name), ddof=1))


def realised_power(of: Played, to: Played, name: str, pilot_seeds: int, trials: int) -> float:
    """How often an experiment of the planned number of seeds finds a difference that is there.

    Pilot and experiment are drawn from the shops, with replacement; the differences of `to` are
    moved so that their mean is the effect that is planned for.
    """
    rng = np.random.default_rng(pilot_seeds)
    gaps = to.gaps(name)
    effect = AHEAD * gaps.std()
    moved = gaps - gaps.mean() + effect
    found = []
    for _ in range(trials):
        pilot = of.pilot(name, rng.integers(len(of.shops), size=pilot_seeds).tolist())
        if pilot.between <= 0:
            continue
        seeds = seeds_for(pilot, effect, power=PLANNED, shoppers=to.shoppers, days=to.days, least=3)
        drawn = rng.choice(moved, seeds or len(moved))
        found.append(statistics.paired_over_seeds(drawn.tolist(), [0.0] * len(drawn)).p < 0.05)
    return float(np.mean(found))


def page_block(of: Played, others: Sequence[Played], *, trials: int = TRIALS) -> str:
    """Table and note."""
    rows = [
        "| measure | shoppers, days | error, predicted | error, realised | ratio |"
        + "".join(f" power, pilot of {n} |" for n in PILOT_SEEDS),
        "|---|---|---|---|---|" + "---|" * len(PILOT_SEEDS),
    ]
    rows += [_row(of, to, name, trials) for name in MEASURES for to in (of, *others)]
    n = len(of.shops)
    note = (
        f"Pilots of {of.shoppers} shoppers and {of.days} days. {n} shops of each size. Error:"
        " standard deviation over shops of `blend - visual`, to be divided by the root of the"
        f" number of seeds; the ratio of two has an error of {100 / (n - 1) ** 0.5:.0f} % where"
        f" they share no shop. Power: of {trials:,} experiments a cell, each as large as its own"
        f" pilot asked for, drawn from these shops; binomial error"
        f" {100 * (0.16 / trials) ** 0.5:.1f} points."
    )
    return "\n".join([*rows, "", note])


def _row(of: Played, to: Played, name: str, trials: int) -> str:
    foretold, found = predicted(of, to, name)
    powers = [f"{realised_power(of, to, name, n, trials):.0%}" for n in PILOT_SEEDS]
    return (
        f"| `{name}` | {to.shoppers}, {to.days} | {_said(name, foretold)} | {_said(name, found)}"
        f" | {foretold / found:.2f} | {' | '.join(powers)} |"
    ).replace("%", " %")


def _said(name: str, error: float) -> str:
    if measure_named(name).unit == "share":
        return f"{100 * error:.2f} points"
    return f"{error:.3f}"
