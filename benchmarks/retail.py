"""What the shoppers of world `retail` do, beside the published figures of real shops:
`python -m benchmarks.retail`.

Played in memory for 28 days, a row a figure; figures are means over the seeds.
The preset was set by the column of `blend`; the others show how much of it the policy makes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.events import Kind
from simulator.installation.context import Silence, open_context
from simulator.playing.plan import Plan
from simulator.playing.together import play_together
from simulator.report.numbers.panel import Panel, lay_out
from simulator.world.presets import slates_of
from workers import settings

POLICIES = ("random", "popularity", "visual", "cf", "blend", "oracle")
JUDGED = "blend"
WORLD = "retail"

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Figure:
    """One figure of a shop, what is published of it, and where it should lie."""

    title: str
    of: Callable[[Panel], float]
    published: str
    low: float
    high: float = float("inf")


def of_sessions(panel: Panel, kind: Kind) -> Ints:
    """How many events of a kind each session has, int64 [n_sessions]."""
    rows = panel.run.events.rows
    place = np.searchsorted(panel.sessions.session, rows["session"][rows["kind"] == kind])
    return np.bincount(place, minlength=len(panel.sessions.session))


def bounce(panel: Panel) -> float:
    """Sessions of one slate without a click / sessions."""
    return float(np.mean(~panel.sessions.is_clicked & (panel.sessions.slates == 1)))


def median_visits(panel: Panel) -> float:
    """Of those who came at all."""
    visits = np.bincount(panel.sessions.shopper)
    return float(np.median(visits[visits > 0]))


def spread_of_length(panel: Panel) -> float:
    """Standard deviation / mean of the events of a session."""
    return float(panel.sessions.events.std() / panel.sessions.events.mean())


def click_gini(panel: Panel) -> float:
    """Gini coefficient of the clicks over the catalogue's items."""
    rows = panel.run.events.rows
    clicked = rows["item"][rows["kind"] == Kind.CLICK].astype(np.int64)
    sizes = np.sort(np.bincount(clicked, minlength=panel.run.n_items)[: panel.run.n_items])
    n = len(sizes)
    return float(((2 * np.arange(1, n + 1) - n - 1) * sizes).sum() / (n * sizes.sum()))


def units_an_order(panel: Panel) -> float:
    """Items bought / sessions that bought."""
    bought = of_sessions(panel, Kind.PURCHASE)
    return float(bought[bought > 0].mean())


def carting(panel: Panel) -> float:
    """Sessions with a cart / sessions."""
    return float(panel.sessions.is_carted.mean())


def ordering(panel: Panel) -> float:
    """Sessions with a purchase / sessions."""
    return float(panel.sessions.is_bought.mean())


def orders_per_cart(panel: Panel) -> float:
    """Items bought / items put into the cart."""
    return float(
        of_sessions(panel, Kind.PURCHASE).sum() / max(1, of_sessions(panel, Kind.CART).sum())
    )


FIGURES = (
    Figure("bounces", bounce, "47 to 50 % (Contentsquare)", 0.40, 0.50),
    Figure("visits, median", median_visits, "1.96 events a visitor (RetailRocket)", 1, 1),
    Figure("events a session, sd / mean", spread_of_length, "2.0 (OTTO)", 1.0),
    Figure("Gini of clicks", click_gini, "about 0.8 (OTTO)", 0.75),
    Figure("units an order", units_an_order, "2.87 (Dynamic Yield)", 2.0),
    Figure("sessions with a cart", carting, "7.2 % (Dynamic Yield)", 0.03, 0.15),
    Figure("sessions with an order", ordering, "2.3 to 3.2 % (both)", 0.015, 0.06),
    Figure("orders per cart", orders_per_cart, "30 to 32 % (OTTO, RetailRocket)", 0.2, 0.5),
)


def table(played: dict[str, list[Panel]]) -> list[str]:
    """A row a figure, a column a policy."""
    rows = [f"| figure | published | wanted | {' | '.join(f'`{name}`' for name in played)} |"]
    rows.append("|---" * (3 + len(played)) + "|")
    for figure in FIGURES:
        found = [np.mean([figure.of(panel) for panel in panels]) for panels in played.values()]
        wanted = f"{figure.low:g} to {figure.high:g}".removesuffix(" to inf")
        cells = " | ".join(f"{value:.3f}" for value in found)
        rows.append(f"| {figure.title} | {figure.published} | {wanted} | {cells} |")
    return rows


def unmet(played: dict[str, list[Panel]]) -> list[str]:
    """The figures of the judged policy that lie elsewhere than wanted."""
    panels = played[JUDGED]
    return [
        figure.title
        for figure in FIGURES
        if not figure.low <= np.mean([figure.of(panel) for panel in panels]) <= figure.high
    ]


def play(policies: Sequence[str], *, shoppers: int, seeds: int) -> dict[str, list[Panel]]:
    """The runs of each policy, laid out."""
    context = open_context(settings.load(), Silence())
    plan = Plan(
        items=600,
        queries=150,
        shoppers=shoppers,
        days=28,
        world=WORLD,
        slates=slates_of(WORLD),
    )
    result = play_together(context, plan, policies, n_seeds=seeds, is_stored=False, fit=())
    played: dict[str, list[Panel]] = {policy: [] for policy in policies}
    for run in result.runs:
        played[run.policy].append(lay_out(run))
    return played


def main() -> None:
    """Play, print the table, and exit 1 where a figure of the judged policy lies elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shoppers", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    played = play(POLICIES, shoppers=asked.shoppers, seeds=asked.seeds)
    sys.stdout.write("\n".join(table(played)) + "\n")
    if missed := unmet(played):
        sys.stdout.write(f"not as wanted with {JUDGED}: {', '.join(missed)}\n")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
