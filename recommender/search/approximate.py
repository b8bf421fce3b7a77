"""Most of the visual nearest, by FAISS: the extra `faiss`, beyond a million items.

An inverted file (Jegou, Douze, Schmid 2011, "Product quantization for nearest neighbor search",
section 4) without quantisation: rows are kept in the list of the pivot they are most like, and only
the lists of the pivots most like a query are looked through. Pivots are rows of the index, evenly
picked, not means: rounded rows have exact products, so that lists and answers have the same bytes
on any number of threads.
"""

from __future__ import annotations

import math

import faiss
import numpy as np
from numpy.typing import NDArray

from recommender.search.similarity import Items, Vectors

PIVOTS = 4.0
"""How many pivots there are, as a multiple of the square root of the number of rows."""

PROBES = 64
"""How many lists are looked through for a query."""

SPARE = 8
"""More than were asked for, so that ties at the last place are broken by our rule."""


class ApproximateIndex:
    """The same questions as `similarity.ExactIndex`, answered sooner and not always in full."""

    def __init__(
        self, index: Vectors, is_candidate: NDArray[np.bool_], *, probes: int = PROBES
    ) -> None:
        """index: rounded float32 [n, dim]; is_candidate: bool [n]."""
        numbers = np.flatnonzero(is_candidate)
        n_pivots = max(1, min(len(numbers), round(PIVOTS * math.sqrt(len(numbers)))))
        pivots = index[numbers[np.linspace(0, len(numbers) - 1, n_pivots).astype(np.int64)]]
        self._pivots = faiss.IndexFlatIP(index.shape[1])  # kept: the lists only point to it
        self._pivots.add(pivots)
        self._lists = faiss.IndexIVFFlat(
            self._pivots, index.shape[1], n_pivots, faiss.METRIC_INNER_PRODUCT
        )
        self._lists.train(pivots)
        self._lists.nprobe = min(probes, n_pivots)
        self._lists.add_with_ids(index[numbers], numbers)

    def nearest(
        self, rows: Vectors, k: int, *, leave_out: Items | None = None
    ) -> tuple[Items, Vectors]:
        """As `similarity.nearest`: items int32 [n_rows, k], -1 where there are fewer, and
        cosines.
        """
        wanted = k + SPARE + (leave_out is not None)
        cosine, item = self._lists.search(np.ascontiguousarray(rows), wanted)
        if leave_out is not None:
            item = np.where(item == leave_out[:, None], -1, item)
        cosine = np.where(item < 0, -np.inf, cosine)
        order = np.lexsort((item, -cosine), axis=1)[:, :k]
        items = np.take_along_axis(item, order, axis=1).astype(np.int32)
        found = np.take_along_axis(cosine, order, axis=1).astype(np.float32)
        found[items < 0] = np.nan
        return items, found
