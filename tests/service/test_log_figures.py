"""The figures of `evaluate-log` beside plain loops, and one log in many orders and dialects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sqlalchemy import Engine

from benchmarks.made.baskets import Log, baskets, visits
from recommender.session_log.features import ItemPictures
from recommender.session_log.ranking import Ranked, rank
from simulator.installation.context import Context, Silence
from simulator.logs import log_arrays
from simulator.logs.evaluate_log import evaluate_log
from simulator.logs.log_arrays import LogArrays
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.split import split
from simulator.report.numbers import log_measures
from simulator.report.numbers.log_measures import Exam
from tests import log_dialects, log_protocol
from tests.log_protocol import Row
from tests.tiers import first_of
from workers import settings

pytestmark = pytest.mark.service

K = 10
FIRST = 1_433_203_200
"""Second of the first event: a midnight."""
HEADER = "shopper,session,time,item,kind"


@pytest.fixture
def context(engine: Engine, tmp_path: Path) -> Context:
    """An installation whose run directories lie in a folder of the test."""
    return Context(settings.load(runs=tmp_path / "runs"), engine, Silence())


class Judged(NamedTuple):
    """A log as read, the slates, and the figures of all policies."""

    read: LogArrays
    ranked: Ranked
    policies: dict[str, Any]

    def names(self, slates: np.ndarray) -> list[list[str]]:
        """The ids of what was shown."""
        ids = self.read.item_ids
        return [[ids[item] for item in slate if item >= 0] for slate in slates]


def judged(path: Path, how: ReadOptions = reading.DEFAULT) -> Judged:
    """What `evaluate-log` does with a file whose items all have pictures (here: drawn)."""
    notes = Notes(path.name)
    read = log_arrays.gathered(reading.read(path, notes, how), notes)
    is_training = split(read, None).is_training
    n_items = len(read.item_ids)
    vectors = np.random.default_rng([n_items, 18]).normal(size=(n_items, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pictures = ItemPictures(vectors, np.ones(n_items, dtype=np.bool_))
    ranked = rank(read.log, is_training, read.on_sale(is_training), k=K, pictures=pictures)
    known = ranked.known
    exam = Exam(ranked.asked, known.visits.popularity(), known.is_sold, K)
    return Judged(read, ranked, log_measures.document(exam, ranked.slates))


def retailrocket(path: Path) -> list[Row]:
    """Visitors known, sessions by pauses, the newest first, each hundredth event twice."""
    log = visits(1, sessions=500, items=60, shoppers=150)
    rows = [Row(f"{one.shopper}", "", one.time, one.item) for one in _rows(log)]
    lines = [f"{1000 * row.time},{row.shopper},view,{row.item}," for row in rows]
    twice = [line for n, line in enumerate(lines) for _ in range(2 if n % 100 == 0 else 1)]
    path.write_text("\n".join(["timestamp,visitorid,event,itemid,transactionid", *twice[::-1]]))
    return rows


def yoochoose(path: Path) -> list[Row]:
    """No header, nobody known, sessions given, times with a zone."""
    log = visits(2, sessions=700, items=80, shoppers=0)
    rows = [Row("", one.session, one.time, one.item) for one in _rows(log)]
    path.write_text("".join(f"{row.session},{_iso(row.time)},{row.item},0\n" for row in rows))
    return rows


def hm(path: Path) -> list[Row]:
    """Customers known; a day of a customer is a session, whose events share one time."""
    log = baskets(3, rows=6_000, households=60, products=400)
    days = [one._replace(time=one.time // 86_400 * 86_400) for one in _rows(log)]
    rows = [Row(f"c{one.shopper}", f"{one.time:012}", one.time, one.item) for one in days]
    lines = [f"{_iso(row.time)[:10]},{row.shopper},{row.item},0.05,2" for row in rows]
    path.write_text("\n".join(["t_dat,customer_id,article_id,price,sales_channel_id", *lines]))
    return rows


def _rows(log: Log) -> list[Row]:
    columns = (log.shopper, log.session, log.time + FIRST, log.item)
    return [
        Row(str(shopper), str(session), int(time), str(item))
        for shopper, session, time, item in zip(*columns, strict=True)
    ]


def _iso(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


@pytest.mark.parametrize("shape", first_of([retailrocket, yoochoose, hm]))
def test_figures_are_those_of_plain_loops_over_the_rows(
    context: Context, tmp_path: Path, shape: Any
) -> None:
    """Hit rate, nDCG and MRR of every policy; what popularity and repeat show, item by item."""
    path = tmp_path / f"{shape.__name__}.csv"
    rows = shape(path)
    found = judged(path)
    place = {
        (session, found.read.item_ids[item]): n
        for n, (session, item) in enumerate(
            zip(found.read.log.session.tolist(), found.read.log.item.tolist(), strict=True)
        )
    }
    every = log_protocol.visits(rows, lambda number, item: place[number, item])
    training, cases = log_protocol.parted(every)
    assert len(cases) == len(found.ranked.asked) > 20
    shown = {name: found.names(slates) for name, slates in found.ranked.slates.items()}
    assert {"popularity", "cf", "visual", "blend"} <= set(shown)
    assert ("repeat" in shown) == ("cf-history" in shown) == (shape is not yoochoose)
    for name in ("popularity", "repeat") if "repeat" in shown else ("popularity",):
        policy = {"popularity": log_protocol.popular, "repeat": log_protocol.repeat}[name]
        assert shown[name] == [policy(training, case, K) for case in cases]
    answer = evaluate_log(context, path).document["policies"]
    assert set(answer) == set(shown) - {"visual", "blend"}
    for name, slates in shown.items():
        for metric, value in log_protocol.figures(slates, cases, K).items():
            assert found.policies[name][metric]["value"] == pytest.approx(value, abs=1e-12)
            if name in answer:
                assert answer[name][metric] == found.policies[name][metric]


def test_pictures_change_nothing_for_who_does_not_look(context: Context, tmp_path: Path) -> None:
    """Both cf and cf-history choose among what their own sources name, with any catalogue."""
    hm(tmp_path / "hm.csv")
    found = judged(tmp_path / "hm.csv")
    without = evaluate_log(context, tmp_path / "hm.csv").document
    assert without["cf_history"] == "learned with history"
    assert list(without["policies"]) == ["popularity", "repeat", "cf", "cf-history"]
    assert without["policies"] == {name: found.policies[name] for name in without["policies"]}


@pytest.mark.parametrize("seed", first_of(range(3)))
def test_events_that_share_a_time_may_lie_in_any_order(tmp_path: Path, seed: int) -> None:
    """Baskets sorted by product, and the same with the lines of each basket shuffled: not a digit
    moves, of no policy.
    """
    log = baskets(seed, rows=4_000, households=60, products=300, order="number")
    lot = np.lexsort((np.random.default_rng([seed, 19]).random(len(log.item)), log.session))
    log.write(tmp_path / "sorted.csv")
    shuffled = Log(log.shopper[lot], log.session[lot], log.time[lot], log.item[lot])
    shuffled.write(tmp_path / "shuffled.csv")
    assert (tmp_path / "sorted.csv").read_bytes() != (tmp_path / "shuffled.csv").read_bytes()
    here, there = (judged(tmp_path / f"{name}.csv") for name in ("sorted", "shuffled"))
    assert list(here.policies) == ["popularity", "repeat", "cf", "cf-history", "visual", "blend"]
    assert here.policies == there.policies


@pytest.mark.parametrize("first", first_of(range(0, 10, 2)))
def test_one_log_in_any_dialect_and_order_gets_one_figure(tmp_path: Path, first: int) -> None:
    """Ten files of one log, each in a dialect and an order of its own; of 200 the arrays are equal
    (the reader's own test), and figures come from nothing else.
    """
    log = log_dialects.rows(3, n_sessions=60)
    plain = tmp_path / "plain.csv"
    plain.write_text("\n".join([HEADER, *(",".join(map(str, row)) for row in log)]))
    wanted = judged(plain).policies
    for seed in range(first, first + 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        path, how, told = log_dialects.written(log, seed, folder)
        assert judged(path, how).policies == wanted, told
