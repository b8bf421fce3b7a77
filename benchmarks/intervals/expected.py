"""What the judge's expectation is worth: how far it is from what was drawn, and how much less it
varies, over the shops of `make coverage`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.report.numbers.expected_outcomes import EXPECTED_OF
from simulator.report.numbers.measures import MEASURES
from simulator.report.numbers.statistics import Estimate

Shop = Mapping[str, Mapping[str, Estimate]]
"""policy -> measure -> estimate."""
A = "blend"
B = "visual"
LEAST = {"cart_rate": 10.0, "conversion_rate": 40.0, "revenue_per_session": 40.0}
"""How many times smaller the variance of the paired difference over shops must be."""


@dataclass(frozen=True)
class Gain:
    """One measure, drawn against expected, over shops."""

    drawn: str
    z: float
    """Mean over shops of drawn - expected, in standard errors; both policies of a shop share dice,
    so a shop is one observation."""
    over_shops: tuple[float, float]
    """Standard deviation over shops of blend - visual: drawn, expected."""
    variance_over_shops: float
    """How many times smaller the expected one's variance is."""
    variance_over_shoppers: float
    """The same over shoppers of one shop, median over shops."""


def gains(shops: Sequence[Shop]) -> list[Gain]:
    """Of each measure that has an expectation."""
    names = {one.partition("@")[0]: one for one in shops[0][A]}
    return [_gain(shops, names[drawn], names[told]) for drawn, told in EXPECTED_OF.items()]


def _gain(shops: Sequence[Shop], drawn: str, expected: str) -> Gain:
    off = [
        np.mean([shop[policy][drawn].value - shop[policy][expected].value for policy in (A, B)])
        for shop in shops
    ]
    apart = [_deviation(shops, name) for name in (drawn, expected)]
    inside = [_within(shop, drawn) / _within(shop, expected) for shop in shops]
    return Gain(
        drawn,
        float(np.mean(off) / (np.std(off, ddof=1) / len(off) ** 0.5)),
        (apart[0], apart[1]),
        (apart[0] / apart[1]) ** 2,
        float(np.median(inside)),
    )


def _deviation(shops: Sequence[Shop], name: str) -> float:
    return float(np.std([shop[A][name].value - shop[B][name].value for shop in shops], ddof=1))


def _within(shop: Shop, name: str) -> float:
    """The variance of the paired difference over shoppers."""
    return float(np.square(shop[A][name].influence - shop[B][name].influence).sum())


def page_block(shops: Sequence[Shop]) -> str:
    """Table and note."""
    found = gains(shops)
    rows = [
        "| measure | z | error, drawn | error, expected | times smaller | in one shop |",
        "|---|---|---|---|---|---|",
        *(_row(one) for one in found),
    ]
    short = [one.drawn for one in found if one.variance_over_shops < LEAST.get(one.drawn, 0)]
    note = (
        f"{len(shops)} shops, two runs each. z: of drawn - expected over shops. "
        "Error: standard error of `blend - visual` over 5 shops; in one shop: how many times "
        "smaller it is over shoppers, median. "
        "The variance is smaller by the squares of the last two columns: "
        + ", ".join(
            f"`{one.drawn}` {one.variance_over_shops:.0f} and {one.variance_over_shoppers:.0f}"
            for one in found
            if one.drawn in LEAST
        )
        + "."
        + (f" Below what was wanted: {', '.join(short)}." if short else "")
    )
    return "\n".join([*rows, "", note])


def _row(one: Gain) -> str:
    drawn, expected = (_said(one.drawn, spread / 5**0.5) for spread in one.over_shops)
    return (
        f"| `{one.drawn}` | {one.z:+.1f} | {drawn} | {expected} |"
        f" {one.variance_over_shops**0.5:.1f} | {one.variance_over_shoppers**0.5:.1f} |"
    )


def _said(name: str, error: float) -> str:
    stem = name.partition("@")[0]
    unit = next(row.unit for row in MEASURES.values() if row.stem == stem)
    return f"{100 * error:.2f} points" if unit == "share" else f"{error:.3f}"
