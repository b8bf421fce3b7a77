"""Addressed randomness: a draw is a pure function of (seed, purpose, address); nothing depends on
order.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Keys = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


class Purpose(IntEnum):
    """What a draw is for. Two purposes never share a draw; the numbers are part of every published
    result.
    """

    TRIBE_CENTRE = 1
    TRIBE = 2
    HIDDEN_STYLE = 3
    PRICE = 4
    POPULAR_TASTE = 5
    TASTE = 6
    PRICE_SENSITIVITY = 7
    PATIENCE = 8
    HABIT = 9
    DEMAND = 10
    DRIFT = 11
    VISIT = 12
    HOUR = 13
    CATEGORY = 14
    QUERY_HANDFUL = 15
    QUERY_CHOICE = 16
    EXAMINE = 17
    CLICK = 18
    DWELL = 19
    CART = 20
    PURCHASE = 21
    LEAVE = 22
    OPEN = 23
    OPEN_WHICH = 24
    CROSS_SELL = 25
    THINK = 26
    GLANCE = 27
    CLUSTER = 28
    HOLD_OUT = 29
    PICK = 30
    ASSESS = 31
    ARRIVAL = 32
    TEAM = 33
    ARM = 34
    MOOD = 35
    NEWCOMER = 36
    CHURN = 37
    STOP = 38


def bits(seed: int, purpose: Purpose, *address: ArrayLike) -> Keys:
    """64 random bits for each address; the integer arrays of an address broadcast against each
    other.

    Each part moves the state along the SplitMix64 sequence and is mixed by its finaliser, a
    bijection: for a fixed prefix, different last parts never collide (Steele, Lea, Flood: Fast
    splittable pseudorandom number generators, OOPSLA 2014).
    """
    state = _begun(seed, int(purpose))
    with np.errstate(over="ignore"):
        for part in address:
            moved = _unsigned(part) + np.uint64(1)
            moved *= _STEP
            state = _mixed(state + moved)
    return state


def uniform(seed: int, purpose: Purpose, *address: ArrayLike) -> Floats:
    """float64 strictly between 0 and 1: the middle of one of 2^52 equal cells."""
    cell = (bits(seed, purpose, *address) >> np.uint64(12)).astype(np.float64)
    cell += 0.5
    cell *= 2.0**-52
    return np.asarray(cell)


def normal(seed: int, purpose: Purpose, *address: ArrayLike) -> Floats:
    """Standard normal, by inversion."""
    return np.asarray(ndtri(uniform(seed, purpose, *address)))


def gumbel(seed: int, purpose: Purpose, *address: ArrayLike) -> Floats:
    """Standard Gumbel: the argmax of log weight + gumbel is a draw in proportion to the weights."""
    return np.asarray(-np.log(-np.log(uniform(seed, purpose, *address))))


@lru_cache(maxsize=1024)
def _begun(seed: int, purpose: int) -> Keys:
    """The state before any address, the same for all draws of a purpose."""
    with np.errstate(over="ignore"):
        return _mixed(_unsigned(seed) + _STEP * _unsigned(purpose))


def _unsigned(part: ArrayLike) -> Keys:
    """An integer array as uint64; negative numbers wrap."""
    numbers = np.asarray(part)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"addresses are integers, not {numbers.dtype}")
    if numbers.dtype == np.int64:
        return numbers.view(np.uint64)  # the same bits, not copied
    return numbers.astype(np.uint64)


def _mixed(state: Any) -> Keys:
    """The finaliser of SplitMix64."""
    mixed = state >> np.uint64(30)  # an array of its own: the rest is done in place
    mixed ^= state
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(mixed)
