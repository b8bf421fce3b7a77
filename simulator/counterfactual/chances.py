"""A policy's chances of the items shown, and the two sums over places that estimators need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Chances(Protocol):
    """Of n requests with up to k items each."""

    @property
    def own(self) -> Floats:
        """[n, k]: of each item at the place where it stood; 0 for padding."""

    def at_places(self, e: Floats) -> Floats:
        """[n, k]: sum over places j of e [k] times the item's chance at j."""

    def of_items(self, x: Floats) -> Floats:
        """[k]: sum over requests and items of x [n, k] times the item's chance at each place."""


class DrawnChances:
    """Any chances: float64 [n, k items, k places], NaN where unknown or padding."""

    def __init__(self, by_place: Floats) -> None:
        self.own = np.nan_to_num(np.diagonal(by_place, axis1=1, axis2=2))
        is_known = np.asarray(np.isfinite(by_place).all(axis=2))
        self._by_place = np.where(is_known[:, :, None], by_place, 0.0)

    def at_places(self, e: Floats) -> Floats:
        """[n, k]"""
        return np.asarray(self._by_place @ e)

    def of_items(self, x: Floats) -> Floats:
        """[k]"""
        return np.asarray(x.ravel() @ self._by_place.reshape(-1, self._by_place.shape[2]))


@dataclass(frozen=True)
class RankedChances:
    """Those of a policy that draws nothing: an item has one place on its slate, or none."""

    at: NDArray[np.integer]
    """[n, k]: the place of each shown item on the policy's slate, -1 where it is not there."""

    def __getitem__(self, rows: NDArray[np.bool_]) -> RankedChances:
        return RankedChances(self.at[rows])

    @property
    def own(self) -> Floats:
        """[n, k]"""
        return np.asarray(self.at == np.arange(self.at.shape[1]), np.float64)

    def at_places(self, e: Floats) -> Floats:
        """[n, k]"""
        return np.asarray(np.append(e, 0.0)[self.at])

    def of_items(self, x: Floats) -> Floats:
        """[k]"""
        k = self.at.shape[1]
        summed = np.bincount(self.at.ravel() + 1, x.ravel(), minlength=k + 1)
        return np.asarray(summed[1:], np.float64)
