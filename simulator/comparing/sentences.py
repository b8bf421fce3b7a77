"""What the ways to compare say to a person."""

from __future__ import annotations

import math

from simulator.comparing.in_one_run import InOneRun
from simulator.comparing.peek import DAYS, Peeked
from simulator.comparing.plan import Planned
from simulator.report.numbers.measure_row import Measure
from simulator.report.numbers.statistics import LEVEL, Gap


def sizes(found: Planned) -> list[list[str]]:
    """The table of a plan: the header, then a row a size."""
    header = ["seeds", "shoppers", "days", "shopper days", "error", "power", "finds", "seen"]
    rows = [
        [
            f"{one.seeds:,}",
            f"{one.shoppers:,}",
            f"{one.days:,}",
            f"{one.shopper_days:,}",
            f"{found.percent(one.error, one.days):.1f} %",
            f"{100 * one.power:.0f} %",
            f"{found.percent(one.detectable, one.days):.1f} %",
            f"{found.percent(one.seen, one.days):.1f} %",
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
        " Fewer days were measured too, in the same runs: `seen` is the difference after them. With"
        " fewer shoppers a policy that learns may differ less."
    )


def in_unit(row: Measure, number: float) -> str:
    """A value or difference of a measure, to the digits that say something."""
    if row.unit == "share":
        return f"{100 * number:.2f} %"
    return f"{number:.3g}"


def in_one_run(found: InOneRun) -> str:
    """What two policies in one run say, what is true, and whether they agree."""
    a, b = found.pair
    said = found.said
    who = f"In {found.sessions:,} visits, "
    if found.is_split:
        told = f"{a} was clicked on {_points(said)} than {b}, half of the shoppers each{_by(said)}."
    else:
        more = a if said.value >= 0 else b
        less = b if said.value >= 0 else a
        told = (
            f"{more} got {100 * abs(said.value):.1f} of a hundred telling clicks more than half,"
            f" against {less} in the same lists{_by(said)}."
        )
    first, second = (f"{100 * value:.2f} %" for value in found.values)
    alone = (
        f" In truth, each alone with the same shoppers, {a} is clicked on {first} and {b} on"
        f" {second} of the items shown: {_points(found.truth)}{_by(found.truth)}."
    )
    return who + told + alone + _fidelity(found)


def _fidelity(found: InOneRun) -> str:
    way = "The A/B test" if found.is_split else "Interleaving"
    if found.is_faithful is None:
        return " The truth has no direction beyond chance here."
    agrees = "points where the truth does" if found.is_faithful else "points the wrong way"
    sure = "beyond chance" if found.said.p < 1 - LEVEL else "not beyond chance"
    times = (
        "."
        if found.is_split or not found.times > 0
        else f"; an A/B test needs {found.times:.1f} times the visits to be as sure, and by the"
        f" judge's chances instead of clicks, both, {found.times_expected:.1f} times."
    )
    return f" {way} {agrees}, {sure}{times}"


def _points(gap: Gap) -> str:
    return f"{100 * abs(gap.value):.2f} points {'more' if gap.value >= 0 else 'less'}"


def _by(gap: Gap) -> str:
    """The interval and p in brackets; nothing where there is none."""
    if math.isnan(gap.low):
        return ""
    return f" (95 % interval {100 * gap.low:.2f} to {100 * gap.high:.2f}, p {gap.p:.2g})"


def looks(found: Peeked) -> list[list[str]]:
    """The table of looks: the header, then a row a look."""
    header = [found.looks_at, f"{found.a} - {found.b}", "at least", "at most", "clear"]
    rows = [
        [
            f"{one.at:,}",
            in_unit(found.measure, one.value),
            _end(found.measure, one.low),
            _end(found.measure, one.high),
            "yes" if one.is_clear else "",
        ]
        for one in found.looks
    ]
    return [header, *rows]


def peeked(found: Peeked) -> str:
    """When one could have stopped, and what the intervals allow for."""
    last = found.looks[-1]
    unit = "day" if found.looks_at == DAYS else "seed"
    clear = found.clear
    stopped = (
        f"clear after {clear.at} {unit}{'s' if clear.at > 1 else ''}: one could have stopped there"
        if clear
        else f"not clear after {last.at} {unit}s"
    )
    way = (
        "However often one looks, these intervals hold 95 times of a hundred, without a planned"
        " end."
        if found.until is None
        else f"One may look every {unit} on the way to {found.until}; all looks together raise a"
        " false alarm 5 times of a hundred."
    )
    over = "other shoppers of this shop" if found.looks_at == DAYS else "other shops"
    return (
        f"{found.a} minus {found.b} in {found.measure.stem}: {stopped}. {way}"
        f" They speak over {over}."
    )


def _end(row: Measure, number: float) -> str:
    return "" if math.isnan(number) else in_unit(row, number)
