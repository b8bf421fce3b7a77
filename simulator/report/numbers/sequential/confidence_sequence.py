"""Intervals that hold at all looks at once, where nobody knows how many there will be.

Over shoppers the normal mixture (Robbins, Annals of Mathematical Statistics 41, 1970; Howard and
others, Annals of Statistics 49, 2021), with estimated variances (Waudby-Smith and others, Annals of
Statistics 52, 2024). Over seeds, of which there are few, the same for Student's t: the mixture over
effects in standard deviations, whatever the standard deviation is (Lai, Communications in
Statistics A 5, 1976; Wang and Ramdas, 2024).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from simulator.report.numbers.sequential.spending import ALPHA

TUNED_LOOKS = 7
"""The normal mixture is narrowest where there is so many times the first look's information."""


def normal_z(information: float, *, tuned_at: float) -> float:
    """How many standard errors an interval reaches either side of a difference.

    information: 1 / variance of the difference. tuned_at: the information at which it is to be
    narrowest; must not be chosen by looking at differences.
    """
    narrowest = -float(special.lambertw(-(ALPHA**2) / np.e, -1).real)
    rho = tuned_at / (narrowest - 1)
    total = information + rho
    return float((total * np.log(total / (rho * ALPHA**2)) / information) ** 0.5)


def student_t(n: int) -> float:
    """The same for the mean of n normal values: how many of their estimated standard errors.

    Effects of one standard deviation are as large as expected. Infinite for fewer values than can
    tell anything.
    """
    if n < 2:
        return float("inf")
    grown = 1.0 + n
    ratio = (grown**0.5 / ALPHA) ** (2 / n)
    if ratio >= grown:
        return float("inf")
    return float(((n - 1) * (ratio - 1) / (1 - ratio / grown)) ** 0.5)
