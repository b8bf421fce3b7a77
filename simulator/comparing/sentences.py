"""What the ways to compare say to a person."""

from __future__ import annotations

from simulator.comparing.plan import Planned
from simulator.report.numbers.measure_row import Measure


def sizes(found: Planned) -> list[list[str]]:
    """The table of a plan: the header, then a row a size."""
    header = ["seeds", "shoppers", "days", "shopper days", "power", "finds"]
    rows = [
        [
            f"{one.seeds:,}",
            f"{one.shoppers:,}",
            f"{one.days:,}",
            f"{one.shopper_days:,}",
            f"{100 * one.power:.0f} %",
            f"{found.percent(one.detectable):.1f} %",
        ]
        for one in found.sizes
    ]
    return [header, *rows]


def planned(found: Planned) -> str:
    """What was asked, what the pilot says of it, and what would do."""
    pilot = found.pilot
    best = found.best
    shops = pilot.s2_shop / max(pilot.between, pilot.s2_shop)
    return (
        f"{found.a} minus {found.b} in {found.measure.stem}: in the pilot"
        f" {in_unit(found.measure, pilot.value)} over {pilot.seeds} shops, where {found.b} has"
        f" {in_unit(found.measure, pilot.base)}. {100 * shops:.0f} % of what varies lies between"
        " shops, which more shoppers do not mend."
        f" A difference of {found.wish.effect:g} % ({in_unit(found.measure, found.effect)}) is"
        f" found {100 * found.wish.power:.0f} times of a hundred by {best.seeds} seeds of"
        f" {best.shoppers:,} shoppers and {best.days} days."
        " Policies that learn may differ more or less with other numbers of shoppers and days."
    )


def in_unit(row: Measure, number: float) -> str:
    """A value or difference of a measure, to the digits that say something."""
    if row.unit == "share":
        return f"{100 * number:.2f} %"
    return f"{number:.3g}"
