"""The item-item measures of `evaluate-log` beside implicit's, on the same sessions of made-up logs.

`python -m benchmarks.logs [--rows 1500000 | --log FILE --columns ...]` asks both the same cases,
paired by shopper: ratio, and interval of the difference. With --rows one log of that size, with the
seconds and the memory from its file on; with --log the same of a file of one's own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.made.baskets import ORDERS, Log, baskets, visits
from benchmarks.rig.measured import claim, peak_mb
from recommender.session_log import sessions
from recommender.session_log.ranking import Ranked, rank
from recommender.session_log.sessions import Cases, SessionLog, Visits
from simulator.logs import log_arrays
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions, options
from simulator.report.numbers.log_measures import Exam
from simulator.report.numbers.statistics import paired

K = 10
LEAST = 0.99
SECONDS = 120
MEGABYTES = 4_000
PEERS = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender, "bm25": BM25Recommender}
NEIGHBOURS = (50, 200, 1000)
SHAPES: dict[str, Callable[[int], Log]] = {
    "household baskets, by lot": lambda seed: baskets(
        seed, rows=60_000, households=300, products=4_000
    ),
    "household baskets, by number": lambda seed: baskets(
        seed, rows=60_000, households=300, products=4_000, order="number"
    ),
    "anonymous visits": lambda seed: visits(seed, sessions=40_000, items=3_000, shoppers=0),
    "few items": lambda seed: visits(seed, sessions=3_000, items=60, shoppers=300, onward=0.3),
    "planted order": lambda seed: visits(
        seed, sessions=8_000, items=2_000, shoppers=500, onward=0.9
    ),
    "no order": lambda seed: visits(seed, sessions=8_000, items=500, shoppers=0, onward=0.0),
}


def main() -> None:
    """Every small shape, or with --rows baskets of that size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, help="household baskets of so many rows instead of small shapes"
    )
    parser.add_argument("--log", type=Path, help="a log of one's own instead of small shapes")
    parser.add_argument("--columns", help="what its columns mean, as `evaluate-log` takes it")
    parser.add_argument("--order", choices=ORDERS, default="lot")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.log:
        _large(arguments.log.name, arguments.log, options(columns=arguments.columns))
        return
    if arguments.rows:
        with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
            file = Path(folder, "baskets.csv")
            baskets(arguments.seed, rows=arguments.rows, order=arguments.order).write(file)
            _large(f"{arguments.rows:,} rows asked for, by {arguments.order}", file)
        return
    for name, shape in SHAPES.items():
        compare(name, ranked_of(arrays(shape(arguments.seed))))


def _large(name: str, file: Path, how: ReadOptions = reading.DEFAULT) -> None:
    """What evaluate-log does with a file, timed; then the peer."""
    began = time.perf_counter()
    before = peak_mb()
    notes = Notes(file.name)
    read = log_arrays.gathered(reading.read(file, notes, how), notes)
    ranked = ranked_of(read.log)
    taken = time.perf_counter() - began
    most = peak_mb()
    what = f"evaluate-log, {read.notes.read:,} rows, read and ranked"
    found = f"{taken:.0f} s, {most:,.0f} MB at most ({before:,.0f} before)"
    wanted = f"at most {SECONDS} s and {MEGABYTES:,} MB"
    claim(what, found, wanted, holds=taken <= SECONDS and most <= MEGABYTES)
    del read
    compare(name, ranked)


def ranked_of(log: SessionLog) -> Ranked:
    """Everything that evaluate-log ranks, split as it splits."""
    starts = log.starts()
    is_training = starts < sessions.default_split(starts)
    return rank(log, is_training, np.zeros(log.n_items, dtype=np.bool_), k=K)


def compare(name: str, ranked: Ranked) -> None:
    """Print one log's figures."""
    exam = Exam(ranked.asked, ranked.known.visits.popularity(), ranked.known.is_sold, K)
    print(
        f"{name}: {len(ranked.known.visits.items):,} rows train, {len(ranked.asked):,} sessions are"
        " asked"
    )
    shown = {
        name: ranked.slates[name] for name in ("popularity", "repeat") if name in ranked.slates
    }
    for policy, slates in {**shown, **ranked.measures}.items():
        mark = {ranked.cf: " = cf", ranked.cf_history: " = cf-history"}.get(policy, "")
        print(f"  {policy:<22} {hits(exam, slates).value:.4f}{mark}")
    _beside_peer(name, ranked, exam, "cf", _profiles(ranked.asked, ranked.known.visits.n_items))
    if ranked.cf_history is not None:
        _beside_peer(name, ranked, exam, "cf-history", _profiles_with_history(ranked))
        gap = paired(hits(exam, ranked.slates["cf-history"]), hits(exam, ranked.slates["repeat"]))
        claim(
            f"cf-history beside repeat, {name}",
            f"difference {gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})",
            "at least 0, or 0 within",
            holds=gap.high >= 0,
        )


def _beside_peer(name: str, ranked: Ranked, exam: Exam, policy: str, profiles: Any) -> None:
    """One of ours and the best of implicit's, which reads the same."""
    best, peer, seconds = _best_peer(ranked, exam, profiles)
    print(
        f"  implicit's best, reading what {policy} reads: {peer} {hits(exam, best).value:.4f}"
        f" ({seconds:.1f} s of processor for all nine)"
    )
    gap = paired(hits(exam, ranked.slates[policy]), hits(exam, best))
    ratio = hits(exam, ranked.slates[policy]).value / max(hits(exam, best).value, 1e-9)
    found = f"ratio {ratio:.2f}, difference {gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
    claim(
        f"{policy} beside implicit's best, {name}",
        found,
        f"at least {LEAST}, or 0 within",
        holds=ratio >= LEAST or gap.high >= 0,
    )


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


def _best_peer(ranked: Ranked, exam: Exam, profiles: Any) -> tuple[NDArray[np.int32], str, float]:
    """The slates of the best of nine, its name, and the seconds of processor of all nine."""
    began = time.process_time()
    found = {}
    widest = int(np.diff(ranked.asked.first).max(initial=0))
    for name, peer in PEERS.items():
        for neighbours in NEIGHBOURS:
            model = peer(K=neighbours, num_threads=2)
            model.fit(_matrix(ranked.known.visits), show_progress=False)
            shown, _ = model.recommend(
                np.arange(len(ranked.asked)), profiles, N=K + widest,
                filter_already_liked_items=False,
            )  # fmt: skip
            found[f"{name}, K {neighbours}"] = _without_profile(ranked.asked, shown)
    best = max(found, key=lambda one: hits(exam, found[one]).value)
    return found[best], best, time.process_time() - began


def _without_profile(asked: Cases, shown: NDArray[Any]) -> NDArray[np.int32]:
    """The first K of each row that do not stand in the session's profile, int32 [n_cases, K]."""
    found = np.full((len(asked), K), -1, np.int32)
    for case, row in enumerate(shown):
        profile = asked.items[asked.first[case] : asked.first[case + 1]]
        kept = row[~np.isin(row, profile)][:K]
        found[case, : len(kept)] = kept
    return found


def _profiles_with_history(ranked: Ranked) -> Any:
    """The session's items and, once each, those of the shopper's training sessions."""
    known, asked = ranked.known, ranked.asked
    shoppers = np.unique(asked.shopper[asked.shopper != sessions.NOBODY])
    had = known.history(shoppers, np.ones(len(known.visits.items)))
    place = np.minimum(np.searchsorted(shoppers, asked.shopper), len(shoppers) - 1)
    is_known = shoppers[place] == asked.shopper
    history = sparse.diags_array(is_known.astype(np.float64)) @ had[place]
    both = sparse.csr_matrix(_profiles(asked, known.visits.n_items) + history)
    both.data[:] = 1.0
    both.eliminate_zeros()
    return both


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
