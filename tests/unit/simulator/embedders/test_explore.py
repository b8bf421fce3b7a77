"""The look at the data: planted twins and wrong labels are found, and the same data gives the same
bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from simulator.catalogues.fashion_mnist import CLASS_NAMES, FashionMnist
from simulator.embedders import explore as action
from simulator.report.numbers import findings
from simulator.report.pages import data as exploration
from tests.factories import context_of


def planted() -> FashionMnist:
    """400 training and 50 test pictures of ten kinds. Test 3 is training 30, test 7 nearly training
    70; training 5 is there again as 15 (another label); training 111 carries a wrong label.
    """
    rng = np.random.default_rng(6)
    kinds = rng.integers(0, 256, (10, 28, 28)) * (rng.random((10, 28, 28)) < 0.5)

    def split(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % 10
        return (0.8 * kinds[labels] + 0.2 * rng.integers(0, 256, (n, 28, 28))).astype(
            np.uint8
        ), labels

    train_images, train_labels = split(400)
    test_images, test_labels = split(50)
    test_images[3] = train_images[33]
    test_images[7] = train_images[77]
    test_images[7, 0, 0] ^= 1
    train_images[15] = train_images[25]
    train_labels[111] = 4
    return FashionMnist(
        train_images, train_labels.astype(np.uint8), test_images, test_labels.astype(np.uint8)
    )


@pytest.fixture(scope="module")
def found() -> findings.Findings:
    """The findings of the planted data, at the threshold in force."""
    return action.examine(planted())


def test_counts_and_statistics_are_those_of_numpy(found: findings.Findings) -> None:
    """Class balance, mean and spread of the training pixels."""
    data = planted()
    assert found.train_counts.sum() == 400
    assert found.train_counts[4] == 41
    assert found.test_counts.tolist() == [5] * 10
    assert found.mean == pytest.approx(data.train_images.mean())
    assert found.std == pytest.approx(data.train_images.std())
    assert found.levels.sum() == data.train_images.size


def test_planted_twins_are_found_counted_and_listed(found: findings.Findings) -> None:
    """One exact pair, one nearly so, before all the others; doubles within the training set too."""
    document = findings.document(found, CLASS_NAMES)["near_duplicates"]
    assert document["exact"]["count"] == 1
    assert document["exact"]["pairs"][0] == {
        "test": 3,
        "train": 33,
        "cosine": 1.0,
        "labels": [3, 3],
    }
    first, second = document["near"]["pairs"][:2]
    assert (first["test"], second["test"], second["train"]) == (3, 7, 77)
    assert 0.9999 < second["cosine"] <= 1.0
    assert document["near"]["count"] == len(document["near"]["pairs"]) == len(found.near)
    assert document["same_within_train"] == [[15, 25]]


def test_a_wrong_label_is_suspected_and_a_right_one_is_not(found: findings.Findings) -> None:
    """Only the planted one: its neighbours carry the label that it had."""
    suspects = findings.document(found, CLASS_NAMES)["label_suspects"]
    assert suspects["count"] == 1
    (only,) = suspects["pictures"]
    assert (only["train"], only["label"], only["neighbours_say"], only["votes"]) == (111, 4, 1, 10)
    assert 111 not in only["neighbours"]
    assert suspects["by_class"][4] == 1


def test_normalised_pixels_have_mean_0_and_spread_1(found: findings.Findings) -> None:
    """The ends of the scale after the last step are those of the training set's mean and spread."""
    low, high = findings.document(found, CLASS_NAMES)["preprocessing"]["normalised"]
    normal = (planted().train_images - found.mean) / found.std
    assert normal.mean() == pytest.approx(0, abs=1e-9)
    assert normal.std() == pytest.approx(1)
    assert (low, high) == (
        pytest.approx(-found.mean / found.std, abs=1e-4),
        pytest.approx((255 - found.mean) / found.std, abs=1e-4),
    )


@pytest.mark.thorough
def test_the_same_data_gives_the_same_bytes(
    sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page, JSON and every figure, twice; the folder is named by the data, and `latest` is left
    alone.
    """
    monkeypatch.setattr(action, "fashion_mnist", lambda _: planted())
    folders = []
    for name in ("one", "two"):
        done = action.explore(context_of(sqlite, runs=tmp_path / name))
        assert done.page.parent.name == f"explore-{done.document['data_sha256'][:12]}"
        assert not (tmp_path / name / "latest").exists()
        folders.append(done.page.parent)
    files = [
        {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}
        for folder in folders
    ]
    assert files[0] == files[1]
    assert {"report.html", "explore.json", "figures/samples.svg", "figures/pairs.svg"} <= files[
        0
    ].keys()
    page = files[0]["report.html"].decode()
    assert "http" not in page
    assert json.loads(files[0]["explore.json"])["classes"] == list(CLASS_NAMES)


def test_data_without_twins_or_doubts_has_a_page_too() -> None:
    """Nothing found is said, not drawn."""
    rng = np.random.default_rng(1)
    labels = (np.arange(60) % 10).astype(np.uint8)
    images = rng.integers(0, 256, (60, 28, 28)).astype(np.uint8)
    data = FashionMnist(images[:40], labels[:40], images[40:], labels[40:])
    found = action.examine(data)
    page = exploration.page(found, data, CLASS_NAMES)
    names = [one.chart.name for section in page.sections for one in section.figures]
    assert "pairs" not in names
    assert "suspects" not in names
    assert page.headline.startswith("0 of 20")
