"""Exact visual neighbours against FAISS' flat index, and what the approximate index finds of a
million.

`python -m benchmarks.neighbours [--times 5] [--million]`: the 60,000 catalogue pictures' own
embeddings, top 50 for 2,048 of them; with --million seventeen noisy copies of all, and how much of
the exact top 50 is found.
"""

from __future__ import annotations

import argparse

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.rig.measured import beside, claim, seconds
from recommender.search.approximate import ApproximateIndex
from recommender.search.similarity import nearest, round_embeddings
from simulator.embedders.similar import open_search
from simulator.installation.context import Silence, open_context
from workers import settings

K = 50
QUERIES = 2048
SOME = 256
COPIES = 17
NOISE = 0.25
RATIO = 0.9
RECALL = 0.95

Vectors = NDArray[np.float32]


def main() -> None:
    """Measure and claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--million", action="store_true")
    arguments = parser.parse_args()
    index = open_search(open_context(settings.load(), Silence())).index
    _exact(index, arguments.times)
    if arguments.million:
        _approximate(index, arguments.times)


def _exact(index: Vectors, times: int) -> None:
    flat = faiss.IndexFlatIP(index.shape[1])
    flat.add(index)
    rows = index[:QUERIES]
    everyone = np.ones(len(index), np.bool_)
    pair = beside(lambda: nearest(index, rows, K, everyone), lambda: flat.search(rows, K), times)
    found = (
        f"{QUERIES / pair.ours:,.0f}/s, FAISS {QUERIES / pair.peer:,.0f}/s, ratio {pair.ratio:.2f}"
    )
    what = f"exact top {K} of {len(index):,} x {index.shape[1]}"
    claim(what, found, f"ratio at least {RATIO}", holds=pair.ratio >= RATIO)


def _approximate(index: Vectors, times: int) -> None:
    rng = np.random.default_rng(1)
    noisy = np.concatenate(
        [
            index + NOISE / np.sqrt(index.shape[1]) * rng.normal(size=index.shape)
            for _ in range(COPIES)
        ]
    )
    large = round_embeddings(noisy / np.linalg.norm(noisy, axis=1, keepdims=True))
    everyone = np.ones(len(large), np.bool_)
    rows = large[rng.permutation(len(large))[:SOME]]
    approximate = ApproximateIndex(large, everyone)
    wanted, _ = nearest(large, rows, K, everyone)
    found, _ = approximate.nearest(rows, K)
    recall = np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(wanted, found, strict=True)])
    quick = seconds(lambda: approximate.nearest(rows, K), times)
    slow = seconds(lambda: nearest(large, rows, K, everyone), 1)
    said = f"recall {recall:.3f} at {SOME / quick:,.0f}/s, exact {SOME / slow:,.0f}/s"
    claim(
        f"approximate top {K} of {len(large):,}",
        said,
        f"recall at least {RECALL}",
        holds=bool(recall >= RECALL),
    )


if __name__ == "__main__":
    main()
