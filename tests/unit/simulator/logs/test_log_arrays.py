"""A log as arrays: whose a session is, what is on sale, and that the file's order says nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.made.baskets import baskets
from recommender.session_log.ranking import rank
from simulator.logs import log_arrays
from simulator.logs.split import split

HEADER = "shopper,session,time,item,kind"


def test_a_session_belongs_to_its_shopper(tmp_path: Path) -> None:
    """Two shoppers' first sessions are two; nobody is nobody; impressions only say what is on
    sale.
    """
    path = tmp_path / "log.csv"
    rows = [
        HEADER,
        "a,1,1,x,view",
        "b,1,2,y,view",
        ",7,3,x,click",
        "a,1,4,z,impression",
        "a,1,5,,leave",
    ]
    path.write_text("\n".join(rows))
    found = log_arrays.read(path)
    assert found.log.session.tolist() == [0, 1, 2]
    assert found.log.shopper.tolist() == [0, 1, -1]
    assert found.on_sale(found.log.starts() < 9).tolist() == [False, False, True]


def test_the_order_of_what_shares_one_time_changes_nothing(tmp_path: Path) -> None:
    """Baskets sorted by product number or shuffled: the same slates, to the last item."""
    path = tmp_path / "log.csv"
    baskets(1, rows=1_500, households=40, products=200, order="number").write(path)
    header, *lines = path.read_text().splitlines()
    shown = []
    for seed in (None, 1, 2):
        order = range(len(lines)) if seed is None else np.random.default_rng(seed).permutation(
            len(lines)
        )  # fmt: skip
        path.write_text("\n".join([header, *(lines[place] for place in order)]))
        read = log_arrays.read(path)
        parted = split(read, None)
        ranked = rank(read.log, parted.is_training, read.on_sale(parted.is_training), k=10)
        shown.append({name: slates.tolist() for name, slates in ranked.slates.items()})
        assert len(ranked.asked) > 10
    assert shown[1] == shown[0]
    assert shown[2] == shown[0]


def test_a_tie_is_drawn_evenly(tmp_path: Path) -> None:
    """Of two items that always share one time, each comes last about as often."""
    rows = [f"s{one},{one},{one},{item},view" for one in range(400) for item in ("a", "b")]
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *rows]))
    found = log_arrays.read(path)
    n_last_a = int((found.log.item[1::2] == 0).sum())
    assert 150 < n_last_a < 250


def test_a_text_query_is_no_item(tmp_path: Path) -> None:
    """What other events name is one, also where it was searched with; the rest is not."""
    rows = ["a,1,1,red shoes,search", "a,1,2,i7,search", "a,1,3,i7,view", "a,1,4,i8,view"]
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *rows]))
    found = log_arrays.read(path)
    assert found.item_ids == ["i7", "i8"]
    assert found.log.acted.tolist() == [False, True, True]
    assert found.notes.remarks == ["1 searches name what no other event names: texts, not items"]
