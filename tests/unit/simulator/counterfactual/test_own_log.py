"""A log of one's own is read as its columns say, and refused where they do not fit."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from db.errors import DataError, UsageError
from simulator.counterfactual.counterfactual import from_file
from simulator.counterfactual.estimators import evaluate
from simulator.counterfactual.logged import Logged
from simulator.counterfactual.own_log import read_log
from tests.unit.simulator.counterfactual.logs import K, made_up

HEADER = "request,position,clicked,propensity,mine"


def written(log: Logged, path: Path) -> Path:
    """The log as a file, its lines out of order."""
    places = [f"{name}_at_{place}" for name in ("propensity", "mine") for place in range(K)]
    lines = [
        [
            *(f"r{r}", p, int(log.clicked[r, p]), log.logger[r, p, p], log.target[r, p, p]),
            *(f"s{log.unit[r]}", *log.logger[r, p], *log.target[r, p]),
        ]
        for r in range(len(log.unit))
        for p in range(K)
    ]
    header = ",".join([HEADER, "shopper", *places])
    text = "\n".join(",".join(map(str, line)) for line in reversed(lines))
    path.write_text(f"{header}\n{text}\n")
    return path


def test_a_file_gives_the_estimates_of_the_arrays(tmp_path: Path) -> None:
    """Value and interval of the three that need no model."""
    log, _ = made_up(300, seed=1)
    found = from_file(written(log, tmp_path / "log.csv"), "mine")
    assert found.own == pytest.approx(log.clicked.mean())
    assert (found.requests, found.shoppers) == (300, 100)
    for one, other in zip(found.estimates, evaluate(log)[:3], strict=True):
        assert one.name == other.name
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    assert "judge" not in found.rows()[-1][0]
    assert found.to_json()["ctr_by_the_judge"] is None


def test_without_the_chances_of_every_place_one_estimator_is_left(tmp_path: Path) -> None:
    """A short slate has padding; nobody asks twice."""
    path = tmp_path / "log.csv"
    path.write_text(f"{HEADER}\na,0,1,0.5,1\na,1,0,0.25,0\nb,0,0,0.5,1\n")
    log = read_log(path, "mine")
    np.testing.assert_array_equal(log.places, [2, 1])
    np.testing.assert_array_equal(log.unit, [0, 1])
    (only,) = evaluate(log)
    assert only.value == pytest.approx((1 / 0.5) / 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("request,position\na,0\n", "lacks the columns clicked, propensity; found"),
        (f"{HEADER}\n", "no line"),
        (f"{HEADER}\na,0,1,0,1\n", "line 2: propensity must be above 0"),
        (f"{HEADER}\na,0,1,0.5,1.5\n", "line 2: mine must be from 0"),
        (f"{HEADER}\na,0,yes,0.5,1\n", "line 2: clicked must be a number"),
        (f"{HEADER}\na,0,,0.5,1\n", "line 2: clicked must be from 0 to 1, found nothing"),
        (f"{HEADER}\n,0,1,0.5,1\n", "line 2: request is empty"),
        (
            "request,position,clicked,propensity,mime\n",
            "lacks the column 'mine'.*did you mean 'mime'",
        ),
        ("request,request\n", "two columns 'request'"),
        ('[{"request": 1}]', "JSON list; write one object a line"),
        (f"{HEADER}\na,0.5,1,0.5,1\n", "line 2: position must be a whole number"),
        (f"{HEADER}\na,0,1,0.5,1\na,0,1,0.5,1\n", "line 3: a second line for one position"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, text: str, said: str) -> None:
    """With the line, where it is one."""
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_log(path, "mine")


@pytest.mark.parametrize("name", ["log.jsonl", "log.parquet", "log.csv.gz", "log.jsonl.gz"])
def test_other_formats_give_the_same_log(tmp_path: Path, name: str) -> None:
    """JSON lines, Parquet, and what is packed: to the digit."""
    log, _ = made_up(40, seed=2)
    plain = written(log, tmp_path / "log.csv")
    table = pd.read_csv(plain)
    path = tmp_path / name
    if "jsonl" in name:
        table.to_json(path, orient="records", lines=True, double_precision=15)
    elif "parquet" in name:
        table.to_parquet(path)
    else:
        path.write_bytes(gzip.compress(plain.read_bytes()))
    found, wanted = read_log(path, "mine"), read_log(plain, "mine")
    np.testing.assert_array_equal(found.clicked, wanted.clicked)
    np.testing.assert_array_equal(found.unit, wanted.unit)
    np.testing.assert_allclose(found.logger, wanted.logger, rtol=1e-12)
    np.testing.assert_allclose(found.target, wanted.target, rtol=1e-12)


def test_a_folder_of_parts_is_one_log(tmp_path: Path) -> None:
    """A line of the second part is named by its own number."""
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.csv").write_text(f"{HEADER}\na,0,1,0.5,1\n")
    (folder / "b.jsonl").write_text(
        '{"request": "b", "position": 0, "clicked": false, "propensity": 0.25, "mine": 1}\n'
    )
    log = read_log(folder, "mine")
    np.testing.assert_array_equal(log.clicked[:, 0], [1.0, 0.0])
    np.testing.assert_array_equal(log.own(log.logger)[:, 0], [0.5, 0.25])
    (folder / "c.csv").write_text(f"{HEADER}\nc,0,1,0.5,2\n")
    with pytest.raises(UsageError, match=r"c\.csv, line 2: mine must be from 0"):
        read_log(folder, "mine")


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (None, UsageError, "wanted a log to read, found none"),
        (b"\xff\xfe\x00", DataError, "UTF-8"),
        (b"\x1f\x8bnot gzip", DataError, "damaged"),
        (b"PAR1 not Parquet", DataError, "damaged"),
        (HEADER.encode() + b"\na,0,1\n", DataError, "line 2: this line has 3 fields"),
        (
            b'{"request": [1], "position": 0, "clicked": 0, "propensity": 1, "mine": 1}',
            DataError,
            "line 1: request holds a list",
        ),
        (
            b'{"request": 1, "position": 0, "clicked": 0, "propensity": 1, "mine": 1}\n{"req',
            DataError,
            "line 2: this is no JSON",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_said(
    tmp_path: Path, content: bytes | None, error: type[Exception], said: str
) -> None:
    """There is none, it is damaged, or a line is none."""
    path = tmp_path / "log"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=said):
        read_log(path, "mine")
