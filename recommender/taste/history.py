"""Slates that were read, as the recommender remembers them: who asked with what, what she saw and
took.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class History:
    """Slates in the order of their sessions.

    shopper int64 [n]; query int32 [n]; shown int32 [n, k], -1 = padding; acted bool [n, k], was it
    clicked, carted or purchased.
    """

    shopper: NDArray[np.int64]
    query: NDArray[np.int32]
    shown: NDArray[np.int32]
    acted: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Raise ValueError when the columns do not fit."""
        n = len(self.shown)
        if self.shown.shape != self.acted.shape or len(self.shopper) != n or len(self.query) != n:
            raise ValueError(
                f"{len(self.shopper)} shoppers, {len(self.query)} queries, slates"
                f" {self.shown.shape}, clicks {self.acted.shape} do not fit"
            )

    @classmethod
    def empty(cls, k: int) -> History:
        """Nothing was read yet."""
        nobody = np.zeros(0, dtype=np.int64)
        nothing = np.zeros((0, k), dtype=np.int32)
        return cls(nobody, nobody.astype(np.int32), nothing, nothing.astype(np.bool_))

    def __len__(self) -> int:
        return len(self.shopper)

    def plus(self, later: History, *, most: int) -> History:
        """These slates and later ones; of more than `most` the last."""
        return History(
            np.concatenate([self.shopper, later.shopper])[-most:],
            np.concatenate([self.query, later.query])[-most:],
            np.concatenate([self.shown, later.shown])[-most:],
            np.concatenate([self.acted, later.acted])[-most:],
        )

    def pack(self) -> bytes:
        """Columns shopper int64, query int32, shown int32, acted one byte each; little-endian."""
        return b"".join(
            column.astype(kind).tobytes()
            for column, kind in (
                (self.shopper, "<i8"),
                (self.query, "<i4"),
                (self.shown, "<i4"),
                (self.acted, "|u1"),
            )
        )

    @classmethod
    def unpack(cls, packed: bytes, k: int) -> History:
        """The inverse of pack; raises ValueError for a length that cannot be."""
        n, rest = divmod(len(packed), 12 + 5 * k)
        if rest:
            raise ValueError(
                f"packed slates have {len(packed)} bytes, not a multiple of {12 + 5 * k}"
            )
        return cls(
            shopper=np.frombuffer(packed, "<i8", n).astype(np.int64),
            query=np.frombuffer(packed, "<i4", n, 8 * n).astype(np.int32),
            shown=np.frombuffer(packed, "<i4", n * k, 12 * n).astype(np.int32).reshape(n, k),
            acted=np.frombuffer(packed, "|u1", n * k, (12 + 4 * k) * n)
            .astype(np.bool_)
            .reshape(n, k),
        )
