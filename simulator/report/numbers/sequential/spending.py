"""How wide an interval must be at each look where the last look is known: O'Brien and Fleming's
bounds by alpha spending.

Lan and DeMets, Biometrika 70 (1983), the O'Brien-Fleming type, two-sided: by the share t of the way
to the last look, 4 - 4 Phi(z / sqrt(t)) of false alarms are spent, z the upper alpha / 4 quantile.
The bounds follow by integration from look to look (Armitage, McPherson and Rowe, Journal of the
Royal Statistical Society A 132, 1969).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from simulator.report.numbers.statistics import LEVEL

Floats = NDArray[np.float64]

ALPHA = 1 - LEVEL
NODES = 256
"""Of the integral over what a difference may have been at the look before."""
LARGEST = 9.0
"""No bound is larger: beyond it lies a chance of 1e-19."""
LEAST_GAIN = 0.01
"""Each look counts as adding this share of information at least.

The error of a difference can grow again late in a run: in one of 28 days from about day 12 on.
"""


@dataclass(frozen=True)
class _Going:
    """What a difference may be where no bound was crossed: a density at nodes."""

    information: float
    nodes: Floats
    mass: Floats
    """Density times the weight of its node."""

    def crossing(self, bound: float, information: float) -> float:
        """The chance to lie beyond +-bound (of the sum, not of z) at the next look."""
        step = (information - self.information) ** 0.5
        beyond = special.ndtr((self.nodes - bound) / step)
        beyond += special.ndtr((-self.nodes - bound) / step)
        return float(self.mass @ beyond)

    def after(self, bound: float, information: float) -> _Going:
        """What may be at the next look, where its bound is not crossed either."""
        step = (information - self.information) ** 0.5
        reach = min(bound, LARGEST * information**0.5)
        places, weights = _gauss()
        nodes = places * reach
        apart = (nodes[:, None] - self.nodes) / step
        density = np.exp(-(apart**2) / 2) / (step * (2 * np.pi) ** 0.5)
        return _Going(information, nodes, (density @ self.mass) * weights * reach)


@cache
def _gauss() -> tuple[Floats, Floats]:
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return places, weights


def spent(fraction: float) -> float:
    """The share of false alarms allowed until this share of the way, 0 to 1, is gone."""
    if fraction <= 0:
        return 0.0
    z = -float(special.ndtri(ALPHA / 4))
    return float(4 * special.ndtr(-z / min(1.0, fraction) ** 0.5))


def bounds(fractions: Sequence[float], information: Sequence[float]) -> Floats:
    """The |z| that a difference must exceed at each look: float64 [n_looks].

    fractions: how far each look is, 1 for the last that is planned. information: 1 / variance of
    the difference at each look, in any unit; only looks up to the present are needed.
    """
    found = np.empty(len(fractions))
    scale = information[-1] if len(information) else 1.0
    going = _Going(0.0, np.zeros(1), np.ones(1))
    before = 0.0
    for look, (fraction, told) in enumerate(zip(fractions, information, strict=True)):
        now = max(told / scale, going.information * (1 + LEAST_GAIN))
        allowed = spent(fraction) - before
        found[look] = z = _bound(going, now, allowed)
        before = spent(fraction)
        going = going.after(z * now**0.5, now)
    return found


def _bound(going: _Going, information: float, allowed: float) -> float:
    """The z that is crossed first at this look with the allowed chance."""
    root = information**0.5

    def excess(z: float) -> float:
        return going.crossing(z * root, information) - allowed

    if excess(LARGEST) >= 0:
        return LARGEST
    return float(optimize.brentq(excess, 0.0, LARGEST, xtol=1e-6))
