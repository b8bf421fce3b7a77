"""The embedder's measures: calibration by hand, intervals, tables on a planted shop, the page they
fill.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sqlalchemy import Engine

from db import models
from db.engine import write_transaction
from db.errors import UsageError
from recommender.evaluation import classification as evaluation
from recommender.evaluation.retrieval import unit_rows
from simulator.catalogues.fashion_mnist import CLASS_NAMES, FashionMnist
from simulator.embedders import evaluate as action
from simulator.embedders.evaluate import STEPS, NetworkOutputs, measure
from simulator.report.numbers.embedder import evaluated
from simulator.report.pages import embedder as page_of
from tests.factories import context_of


def test_calibration_equals_the_hand_calculation() -> None:
    """Four guesses: two at 0.9 (one right), one at 0.6 (right), one at 0.5 (wrong); two bins over
    0.5.
    """
    chances = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6], [0.5, 0.5]])
    found = evaluation.calibration(np.array([0, 0, 1, 1]), chances, bins=10)
    assert found.count.tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 2, 0]
    assert found.accuracy[[4, 5, 8]].tolist() == [0.0, 1.0, 0.5]
    np.testing.assert_allclose(found.confidence[[4, 5, 8]], [0.5, 0.6, 0.9])
    np.testing.assert_allclose(found.error, (0.5 + 0.4 + 2 * 0.4) / 4)
    assert np.isnan(found.accuracy[0])
    assert found.to_json()["bins"][0] == {
        "low": 0.0,
        "high": 0.1,
        "n": 0,
        "confidence": None,
        "accuracy": None,
    }


def test_a_sure_and_right_network_has_no_error() -> None:
    """Confidence 1 falls into the last bin, not beyond it."""
    found = evaluation.calibration(np.array([0, 1]), np.eye(2))
    assert found.error == 0
    assert found.count[-1] == 2


def test_nothing_to_calibrate_is_refused() -> None:
    """No labels, or chances of other pictures."""
    with pytest.raises(ValueError, match="one row of chances"):
        evaluation.calibration(np.zeros(0, int), np.zeros((0, 2)))
    with pytest.raises(ValueError, match="one row of chances"):
        evaluation.calibration(np.zeros(3, int), np.zeros((2, 2)))


def test_probabilities_sum_to_one_whatever_the_logits() -> None:
    """Large logits do not overflow."""
    found = evaluation.probabilities(np.array([[1000, 0, -1000], [0, 0, 0]], np.float32))
    np.testing.assert_allclose(found, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_intervals_are_those_of_the_formulas() -> None:
    """Wilson's by hand for 8 of 10; Student's for a small sample; one value has none."""
    z = stats.norm.ppf(0.975)
    centre = (0.8 + z**2 / 20) / (1 + z**2 / 10)
    half = z / (1 + z**2 / 10) * (0.016 + z**2 / 400) ** 0.5
    np.testing.assert_allclose(evaluation.wilson(8, 10), (centre - half, centre + half), atol=1e-12)
    mean, low, high = evaluation.mean_interval(np.array([1.0, 2.0, 3.0]))
    assert mean == 2
    np.testing.assert_allclose([low, high], 2 + np.array([-1, 1]) * stats.t.ppf(0.975, 2) / 3**0.5)
    assert np.isnan(evaluation.mean_interval(np.array([1.0]))[1])


@cache
def planted() -> tuple[FashionMnist, NetworkOutputs]:
    """300 training and 60 test pictures of three kinds; a network that errs on six test pictures,
    on four of them seen ten ways, knows them all the same (its embedding is right), and has met two
    of the sixty: they are copies of training pictures.
    """
    rng = np.random.default_rng(5)
    kinds = rng.integers(0, 256, (3, 28, 28))

    def split(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % 3
        noise = rng.integers(0, 256, (n, 28, 28))
        return (0.4 * kinds[labels] + 0.6 * noise).astype(np.uint8), labels.astype(np.uint8)

    train_images, train_labels = split(300)
    test_images, test_labels = split(60)
    test_images[:2] = train_images[:2]
    test_labels[:2] = train_labels[:2]
    logits = [5 * np.eye(10, dtype=np.float32)[labels] for labels in (train_labels, test_labels)]
    logits[1][10:16] = np.roll(logits[1][10:16], 1, axis=1)
    vectors = [unit_rows(np.eye(4)[labels] + 0.01) for labels in (train_labels, test_labels)]
    data = FashionMnist(train_images, train_labels, test_images, test_labels)
    by_ten = logits[1].copy()
    by_ten[10:12] = np.roll(by_ten[10:12], -1, axis=1)
    return data, NetworkOutputs(vectors[0], logits[0], vectors[1], logits[1], by_ten)


@cache
def measured() -> evaluated.Evaluation:
    """What is measured of them."""
    return measure(*planted())


def test_every_table_holds_every_row_and_what_was_planted() -> None:
    """The embedder is perfect, the label code pays for the six errors, near-duplicates are two."""
    found = measured()
    assert found.classification.accuracy == 0.9
    assert found.ten_views[0] == pytest.approx(56 / 60)
    assert found.ten_views[1] < 56 / 60 < found.ten_views[2]
    assert found.n_near == 2
    assert found.without_near[0] == pytest.approx(52 / 58)
    assert list(found.tables) == list(evaluated.TABLES)
    for table, scores in found.tables.items():
        assert list(scores) == list(evaluated.ROWS)
        assert scores["embedder"].map.value == pytest.approx(1.0)
        assert scores["label code"].map.value < 0.99
        assert scores["embedder"].map.n == (58 if "without" in table else 60)
        for score in scores.values():
            assert score.map.low <= score.map.value <= score.map.high
    code = found.tables["test against train"]["label code"]
    # Six of sixty ask for a wrong class; for two of them no gallery picture has it, and the lot
    # decides.
    assert code.precision.value == pytest.approx((54 + 2 / 3) / 60)


def test_a_sample_of_queries_asks_the_whole_gallery() -> None:
    """Twenty queries, evenly taken; accuracy stays that of all test pictures."""
    data, outputs = planted()
    steps: list[int] = []
    found = measure(data, outputs, n_queries=20, step=lambda: steps.append(1))
    assert len(steps) == STEPS  # as many as the progress bar has
    assert found.n_queries == 20
    assert found.tables["test against test"]["pixels"].map.n == 20
    assert found.classification.accuracy == 0.9


def test_a_blind_embedder_is_no_better_than_lot() -> None:
    """Vectors without meaning find a class about as often as it occurs: the measure can say no."""
    data, outputs = planted()
    rng = np.random.default_rng(0)
    blind = replace(
        outputs,
        train_embeddings=unit_rows(rng.normal(size=(300, 8))),
        test_embeddings=unit_rows(rng.normal(size=(60, 8))),
    )
    score = measure(data, blind).tables["test against train"]["embedder"]
    assert 0.28 < score.map.value < 0.42
    assert 0.22 < score.precision.value < 0.45


def test_the_answer_is_what_other_programs_rely_on() -> None:
    """JSON without NaN, the keys of the design, numbers that agree with each other."""
    found = measured()
    origin = {"model": "toy-1", "runtime": "handmade", "data_sha256": "0"}
    document = evaluated.document(found, CLASS_NAMES, 1234, origin)
    plain = json.loads(json.dumps(document, allow_nan=False))
    assert plain["parameters"] == 1234
    assert plain["accuracy"] == 0.9
    assert plain["accuracy_interval"]["low"] < 0.9 < plain["accuracy_interval"]["high"]
    first = plain["tables"]["test against train"]["embedder"]
    assert plain["retrieval"] == {"map": first["map"]["value"], "p@10": first["p@10"]["value"]}
    assert sum(map(sum, plain["classification"]["confusion"])) == 60


def test_the_page_is_whole_and_the_same_again() -> None:
    """One file, nothing fetched, every table and figure on it, equal bytes for equal findings."""
    from simulator.report.pages.study import render

    origin = {"model": "toy-1", "runtime": "handmade", "data_sha256": "0"}
    pages = [
        render(page_of.page(measured(), CLASS_NAMES, 1234, origin, "windowshop evaluate"))
        for _ in range(2)
    ]
    assert pages[0] == pages[1]
    assert "http" not in pages[0]
    for name in ("retrieval", "confusion", "reliability"):
        assert f'<figure id="{name}"' in pages[0]
    for table in evaluated.TABLES:
        assert table[1:] in pages[0]
    assert ">nan" not in pages[0]


def test_the_action_writes_its_folder(
    sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page, JSON and figures under the model's key; a sample has a folder of its own."""
    data, outputs = planted()
    context = context_of(sqlite, runs=tmp_path / "runs")
    monkeypatch.setattr(action, "fashion_mnist", lambda _: data)
    monkeypatch.setattr(
        action.default_model, "ensure", lambda _: action.default_model.Model("toy-1", "hand")
    )
    monkeypatch.setattr(action, "_ask", lambda *_: outputs)
    manifest, weights = _tiny_model()
    with write_transaction(sqlite) as conn:
        models.add(conn, "toy-1", manifest, weights)
    done = action.evaluate(context)
    assert done.page == tmp_path / "runs" / "evaluate-toy-1" / "report.html"
    assert json.loads((done.page.parent / "evaluate.json").read_text()) == done.document
    assert done.document["parameters"] == 6
    assert {path.name for path in (done.page.parent / "figures").iterdir()} == {
        "retrieval.svg",
        "confusion.svg",
        "reliability.svg",
    }
    sampled = action.evaluate(context, n_queries=30).page
    assert sampled.parent.name == "evaluate-toy-1-queries30"
    assert "<code>windowshop evaluate --queries 30</code>" in sampled.read_text()
    for wrong in (0, 1, 61):
        with pytest.raises(UsageError, match=r"--queries must lie in 2\.\.60"):
            action.evaluate(context, n_queries=wrong)
    for wrong in (0, 31):
        with pytest.raises(UsageError, match=r"--splits must lie in 1\.\.30"):
            action.evaluate(context, n_splits=wrong)


def test_it_says_how_long_it_will_take() -> None:
    """Before it begins, what is done; after some pictures, how long that takes here."""
    assert action._announced(170_000, 1000, None) == (
        "embedding 170,000 pictures, then searching with 1,000: two minutes on two cores"
    )
    assert "then 6 networks are trained" in action._announced(170_000, 1000, 3)
    assert action._foretold(75.4).startswith("embedding takes about 75 s here")
    assert action._foretold(301.0).startswith("embedding takes about 5 min here")


def _tiny_model() -> tuple[bytes, bytes]:
    from hashlib import sha256

    weights = np.arange(6, dtype="<f4").tobytes()
    manifest = {
        "schema": 1,
        "architecture": {"name": "toy"},
        "classes": list(CLASS_NAMES),
        "weights": [{"name": "w", "shape": [2, 3]}],
        "weights_sha256": sha256(weights).hexdigest(),
        "data_sha256": "0",
    }
    return json.dumps(manifest).encode(), weights
