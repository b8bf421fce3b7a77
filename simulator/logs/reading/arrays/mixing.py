"""Mixes whole numbers into one that looks drawn by lot and always comes out the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def mixed(state: Words, more: Words) -> Words:
    """Both in one, uint64 [n] each: the finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    found = (state ^ more) + np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(found ^ (found >> np.uint64(31)))
