"""Classes a network never saw: which ones, what is measured of them, and that a network is trained
once.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from recommender.embedding import checkpoint
from recommender.evaluation.retrieval import Retrieval, unit_rows
from simulator.catalogues.fashion_mnist import CLASS_NAMES, FashionMnist
from simulator.embedders import unseen_classes
from simulator.report.numbers.embedder.unseen_classes import (
    LEADERS,
    ROWS,
    SMOOTHED,
    TABLES,
    Split,
    Unseen,
)
from simulator.report.pages import unseen_classes as unseen_page
from simulator.report.pages.study import Study, render
from tests.factories import context_of

UNSEEN = (0, 4, 9)


@cache
def shop() -> FashionMnist:
    """Ten kinds of pictures, each its own pattern under noise: 40 training and 6 test pictures a
    kind.
    """
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 256, (10, 28, 28))

    def split(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(10), n)
        noise = rng.integers(0, 256, (len(labels), 28, 28))
        return (0.3 * kinds[labels] + 0.7 * noise).astype(np.uint8), labels.astype(np.uint8)

    return FashionMnist(*split(40), *split(6))


def test_the_classes_are_drawn_once_and_for_all() -> None:
    """Three splits of three, no class twice, the same at every call."""
    splits = unseen_classes.chosen_classes()
    assert splits == unseen_classes.chosen_classes()
    assert [len(split) for split in splits] == [3, 3, 3]
    assert len({one for split in splits for one in split}) == 9
    assert all(0 <= one < len(CLASS_NAMES) for split in splits for one in split)


def test_more_splits_go_on_where_the_fewer_ended() -> None:
    """Thirty, none twice, and the published three are their beginning."""
    many = unseen_classes.chosen_classes(unseen_classes.MOST_SPLITS)
    assert len(many) == len(set(many)) == unseen_classes.MOST_SPLITS
    assert many[:3] == unseen_classes.chosen_classes() == [(6, 7, 8), (1, 2, 3), (4, 5, 9)]
    assert many[:4] == unseen_classes.chosen_classes(4)
    assert {len(split) for split in many} == {3}


def test_pictures_ask_their_gallery_and_never_themselves() -> None:
    """Equal to the plain definition, each query struck from a gallery that holds more than the
    queries.
    """
    rng = np.random.default_rng(1)
    labels = np.arange(30) % 5
    vectors = unit_rows(rng.normal(size=(30, 4)))
    is_query = labels < 2
    is_gallery = labels != 4
    found = unseen_classes.among(vectors, labels, is_query, is_gallery)
    wanted = []
    for query in np.flatnonzero(is_query):
        others = [row for row in np.flatnonzero(is_gallery) if row != query]
        order = sorted(others, key=lambda row: (-float(vectors[row] @ vectors[query]), row))
        hits = [rank for rank, row in enumerate(order, 1) if labels[row] == labels[query]]
        wanted.append(sum(n / rank for n, rank in enumerate(hits, 1)) / len(hits))
    np.testing.assert_allclose(found.average_precision, wanted, atol=1e-9)


@pytest.mark.thorough
def test_a_network_is_trained_once_and_again_when_its_files_are_spoilt(
    sqlite: Engine, tmp_path: Path
) -> None:
    """Kept below the trained models, under the classes it lacks; it never met their pictures."""
    context = context_of(sqlite, home=tmp_path)
    is_near = np.zeros(60, bool)
    is_near[::6] = True
    first = unseen_classes.measure(context, shop(), is_near, [UNSEEN])
    folder = tmp_path / "models" / "held-out" / "quick-without-0-4-9"
    written = (folder / checkpoint.MANIFEST).stat().st_mtime_ns
    plain = json.loads((folder / checkpoint.MANIFEST).read_bytes())
    assert plain["classes"] == [
        name for place, name in enumerate(CLASS_NAMES) if place not in UNSEEN
    ]
    assert plain["architecture"]["classes"] == 7
    again = unseen_classes.measure(context, shop(), is_near, [UNSEEN])
    assert (folder / checkpoint.MANIFEST).stat().st_mtime_ns == written
    assert again.to_json() == first.to_json()
    (split,) = first.splits
    assert split.classes == tuple(CLASS_NAMES[one] for one in UNSEEN)
    assert {table: split.score(table, "pixels").map.n for table in TABLES} == dict(
        zip(TABLES, (18, 18, 15, 15), strict=True)
    )
    for searched, plain in SMOOTHED.items():
        assert split.score("among all ten", searched) != split.score("among all ten", plain)
    (folder / checkpoint.WEIGHTS).write_bytes(b"spoilt")
    assert unseen_classes.measure(context, shop(), is_near, [UNSEEN]).splits[0].model == split.model


def planted() -> Unseen:
    """Two splits of unequal sizes, the embedder perfect in one and at one half in the other.

    Pixels are 0.2 below all others in the first and 0.4 in the second.
    """

    def found(row: str, value: float, n: int) -> Retrieval:
        behind = (0.2 if n == 30 else 0.4) if row == "pixels" else 0.0
        return Retrieval(np.full(n, value - behind), np.full(n, value))

    splits = [
        Split(
            (names,),
            f"quick-{names}",
            f"general-{names}",
            {table: {row: found(row, value, n) for row in ROWS} for table in TABLES},
        )
        for names, value, n in (("Bag", 1.0, 30), ("Shirt", 0.5, 10))
    ]
    return Unseen(tuple(splits))


def test_splits_count_by_their_queries() -> None:
    """Thirty at 1 and ten at 0.5 are 0.875; each split keeps its own figure."""
    told = planted().to_json()
    assert told["tables"]["among all ten"]["embedder"]["map"]["value"] == pytest.approx(0.875)
    assert [
        split["tables"]["among all ten"]["pixels"]["p@10"]["value"] for split in told["splits"]
    ] == pytest.approx([1.0, 0.5])
    for row in LEADERS:
        for table in TABLES:
            assert told["lead"][row][table] == pytest.approx((30 * 0.2 + 10 * 0.4) / 40)
            assert [split["lead"][row][table] for split in told["splits"]] == pytest.approx(
                [0.2, 0.4]
            )
    json.dumps(told, allow_nan=False)


def test_the_chapter_shows_every_table_and_split() -> None:
    """And the terminal's rows hold the two galleries."""
    page = render(
        Study(
            "", "", [], [], [unseen_page.section(planted())], "windowshop evaluate --unseen-classes"
        )
    )
    for words in ("Among themselves", "Among all ten", "quick-Bag, general-Bag", "0.8750"):
        assert words in page
    assert "+0.250 (+0.200 to +0.400)" in page
    assert [row[0] for row in unseen_page.rows(planted())] == ["unseen classes", *ROWS]
