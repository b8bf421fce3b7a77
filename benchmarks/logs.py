"""The item-item measures of `evaluate-log` beside implicit's, on the same sessions of made-up logs.

`python -m benchmarks.logs [--rows 1500000]` asks both the same cases, paired by shopper: ratio, interval
of the difference, seconds of processor and memory.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.baskets import Log, baskets, visits
from recommender import sessions
from recommender.logranking import Ranked, rank
from recommender.sessions import Cases, SessionLog, Visits
from simulator.report.log_measures import Exam
from simulator.report.statistics import paired

K = 10
PEERS = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender, "bm25": BM25Recommender}
NEIGHBOURS = (50, 200, 1000)
SHAPES: dict[str, Callable[[int], Log]] = {
    "household baskets, by lot": lambda seed: baskets(seed, rows=60_000, households=300, products=4_000),
    "household baskets, by number": lambda seed: baskets(
        seed, rows=60_000, households=300, products=4_000, order="number"
    ),
    "anonymous visits": lambda seed: visits(seed, sessions=40_000, items=3_000, shoppers=0),
    "few items": lambda seed: visits(seed, sessions=3_000, items=60, shoppers=300, onward=0.3),
    "planted order": lambda seed: visits(seed, sessions=8_000, items=2_000, shoppers=500, onward=0.9),
    "no order": lambda seed: visits(seed, sessions=8_000, items=500, shoppers=0, onward=0.0),
}


def main() -> None:
    """Every small shape, or with --rows baskets of that size in each order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="household baskets of so many rows instead of small shapes")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.rows:
        for order in ("lot", "number"):
            made = baskets(arguments.seed, rows=arguments.rows, order=order)
            compare(f"{arguments.rows:,} rows, by {order}", made)
        return
    for name, shape in SHAPES.items():
        compare(name, shape(arguments.seed))


def compare(name: str, made: Log) -> None:
    """Print one log's figures."""
    log = arrays(made)
    starts = log.starts()
    is_training = starts < sessions.default_split(starts)
    began = time.process_time()
    ranked = rank(log, is_training, np.zeros(log.n_items, dtype=np.bool_), k=K)
    ours = time.process_time() - began
    exam = Exam(ranked.asked, ranked.known.visits.popularity(), ranked.known.is_sold, K)
    print(f"{name}: {len(made.item):,} rows, {len(ranked.asked):,} asked, {ours:.1f} s of processor, "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at most")  # fmt: skip
    for policy, slates in {"popularity": ranked.slates["popularity"], **ranked.measures}.items():
        mark = " = cf" if policy == ranked.cf else ""
        print(f"  {policy:<22} {hits(exam, slates).value:.4f}{mark}")
    best, peer, seconds = _best_peer(ranked, exam)
    gap = paired(hits(exam, ranked.slates["cf"]), hits(exam, best))
    ratio = hits(exam, ranked.slates["cf"]).value / max(hits(exam, best).value, 1e-9)
    print(
        f"  implicit's best: {peer} {hits(exam, best).value:.4f} ({seconds:.1f} s of processor for all nine)"
    )
    print(f"  ratio {ratio:.3f}; difference {gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})")


def arrays(made: Log) -> SessionLog:
    """A made-up log as the recommender reads it."""
    _, session = np.unique(made.session, return_inverse=True)
    items, item = np.unique(made.item, return_inverse=True)
    shopper = np.zeros(int(session.max()) + 1, np.int64)
    shopper[session] = made.shopper
    acted = np.ones(len(item), dtype=np.bool_)
    return SessionLog(
        session.astype(np.int64),
        made.time.astype(np.float64),
        item.astype(np.int32),
        acted,
        shopper,
        len(items),
    )


def hits(exam: Exam, slates: NDArray[np.int32]) -> Any:
    """The hit rate with its influences."""
    return exam.by_case(slates, np.ones(len(slates), dtype=np.bool_))[f"next_hit_rate@{K}"]


def _best_peer(ranked: Ranked, exam: Exam) -> tuple[NDArray[np.int32], str, float]:
    began, found = time.process_time(), {}
    for name, peer in PEERS.items():
        for neighbours in NEIGHBOURS:
            model = peer(K=neighbours, num_threads=2)
            model.fit(_matrix(ranked.known.visits), show_progress=False)
            shown, _ = model.recommend(
                np.arange(len(ranked.asked)), _profiles(ranked.asked, ranked.known.visits.n_items),
                N=K, filter_already_liked_items=True,
            )  # fmt: skip
            found[f"{name}, K {neighbours}"] = shown.astype(np.int32)
    best = max(found, key=lambda one: hits(exam, found[one]).value)
    return found[best], best, time.process_time() - began


def _matrix(known: Visits) -> Any:
    """Sessions by items, float64 as implicit wants it."""
    shape = (len(known), known.n_items)
    return sparse.csr_matrix((np.ones(len(known.items)), (known.visit, known.items)), shape=shape)


def _profiles(asked: Cases, n_items: int) -> Any:
    shape = (len(asked), n_items)
    return sparse.csr_matrix((np.ones(len(asked.items)), (asked.case, asked.items)), shape=shape)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # implicit warns of its own conversions
    main()
