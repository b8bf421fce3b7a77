"""What `windowshop plan` is worth: predicted against realised errors, and the power that an
experiment has when it was planned for 80 %.

Shops are played in several sizes. The pilots are of one; what is predicted is of all. Fewer days
are read off the pilots, as the command does; other numbers of shoppers go by the variances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.comparing.pilot import measure_named, piloted, variances
from simulator.comparing.power import Variances, seeds_for
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.together import play_together
from simulator.report.numbers import statistics
from simulator.report.numbers.panel import RunData
from simulator.report.numbers.statistics import Estimate

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

Pilots = dict[str, dict[str, Estimate]]
"""policy -> measure -> what a pilot reads of one shop."""


@dataclass(frozen=True)
class Played:
    """Shops of one size."""

    shoppers: int
    days: int
    shops: Sequence[Pilots]

    def gaps(self, name: str) -> np.ndarray:
        """`blend - visual`, shop by shop."""
        return np.array([shop[A][name].value - shop[B][name].value for shop in self.shops])

    def pilot(self, name: str, chosen: Sequence[int]) -> Variances:
        """What some of the shops say."""
        ours, theirs = ([self.shops[n][policy][name] for n in chosen] for policy in (A, B))
        return variances(ours, theirs, shoppers=self.shoppers, days=self.days)


def read(runs: Sequence[RunData], days: Sequence[int]) -> dict[int, Pilots]:
    """Of the runs of one shop, by the days they are read at."""
    found: dict[int, Pilots] = {day: {run.policy: {} for run in runs} for day in days}
    for run in runs:
        for name in MEASURES:
            formula = measure_named(name).formula
            assert formula is not None  # noqa: S101 - measure_named gives no other
            for day, seen in piloted(run, formula, days).items():
                found[day][run.policy][name] = seen
    return found


def play(context: Context, plan: Plan, n: int, days: Sequence[int]) -> list[Played]:
    """So many shops of the plan's size, the first with the plan's seed, read after these days."""
    shops = []
    for seed in range(plan.seed, plan.seed + n):
        one = replace(plan, seed=seed)
        played = play_together(context, one, (B, A), n_seeds=1, is_stored=False, fit=())
        shops.append(read(played.runs, days))
    return [Played(plan.shoppers, day, [shop[day] for shop in shops]) for day in days]


def predicted(of: Played, to: Played, name: str) -> tuple[float, float, float]:
    """Standard deviation over shops of the difference in the other size: predicted by all shops of
    one, and realised; and the standard error of their ratio, by the jackknife over shops.
    """
    n = len(of.shops)
    gaps = to.gaps(name)
    ratios = []
    for out in range(n):
        rest = [shop for shop in range(n) if shop != out]
        ratios.append(_foretold(of, to, name, rest) / np.nanstd(gaps[rest], ddof=1))
    found = float(np.nanstd(gaps, ddof=1))
    error = float(np.std(ratios) * (n - 1) ** 0.5)
    return _foretold(of, to, name, range(n)), found, error


def _foretold(of: Played, to: Played, name: str, shops: Sequence[int]) -> float:
    return float(of.pilot(name, shops).variance(to.shoppers) ** 0.5)


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
        seeds = seeds_for(pilot, effect, power=PLANNED, shoppers=to.shoppers, least=3)
        drawn = rng.choice(moved, seeds or len(moved))
        found.append(statistics.paired_over_seeds(drawn.tolist(), [0.0] * len(drawn)).p < 0.05)
    return float(np.mean(found))


def page_block(pilots: Sequence[Played], others: Sequence[Played], *, trials: int = TRIALS) -> str:
    """Table and note; pilots: one size after several numbers of days, all of them last."""
    rows = [
        "| measure | shoppers, days | error, predicted | error, realised | ratio |"
        + "".join(f" power, pilot of {n} |" for n in PILOT_SEEDS),
        "|---|---|---|---|---|" + "---|" * len(PILOT_SEEDS),
    ]
    by_days = {one.days: one for one in pilots}
    for name in MEASURES:
        rows += [_row(by_days[to.days], to, name, trials) for to in (*pilots[::-1], *others)]
    whole = pilots[-1]
    note = (
        f"Pilots of {whole.shoppers} shoppers and {whole.days} days, {len(whole.shops)} shops of"
        " each number of shoppers, with the same seeds. Error: standard deviation over shops of"
        " `blend - visual`, to be divided by the root of the number of seeds; of the ratio, by the"
        f" jackknife. Fewer days are read off the pilot. Power: of {trials:,} experiments a cell,"
        " each as large as its own pilot asked for, drawn from these shops; binomial error"
        f" {100 * (0.16 / trials) ** 0.5:.1f} points."
    )
    return "\n".join([*rows, "", note])


def _row(of: Played, to: Played, name: str, trials: int) -> str:
    foretold, found, error = predicted(of, to, name)
    powers = [f"{realised_power(of, to, name, n, trials):.0%}" for n in PILOT_SEEDS]
    ratio = "measured" if of is to else f"{foretold / found:.2f} +- {error:.2f}"
    return (
        f"| `{name}` | {to.shoppers}, {to.days} | {_said(name, foretold)} | {_said(name, found)}"
        f" | {ratio} | {' | '.join(powers)} |"
    ).replace("%", " %")


def _said(name: str, error: float) -> str:
    if measure_named(name).unit == "share":
        return f"{100 * error:.2f} points"
    return f"{error:.3f}"
