"""Reports in MLflow: what is told of a run, what is refused, and what MLflow's own client reads
back.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from db.errors import DependencyError, UsageError
from simulator.report import mlflow_log
from simulator.report.numbers.panel import RunData
from simulator.report.pages.writer import Headline
from tests.unit.simulator.report import diary

MEASURED = {
    "ctr_late_expected": {"value": 0.5, "low": 0.4, "high": 0.6},
    "hit_rate@10": {"value": 0.3, "low": None, "high": None},
    "conversion_rate": {"value": None, "low": None, "high": None},
    "dwell": {"value": 3.0, "low": 2.0, "high": 4.0},
}
"""The last one is no headline."""
TOLD = {
    "ctr_late_expected": 0.5,
    "ctr_late_expected_low": 0.4,
    "ctr_late_expected_high": 0.6,
    "hit_rate_at_10": 0.3,
}


def runs() -> list[RunData]:
    """One policy in two shops."""
    first = diary.hand_made()
    config: dict[str, Any] = {"seed": 1, "recommender": {"slate_size": 10, "index": "exact"}}
    return [
        replace(first, run="a" * 12, config=config),
        replace(first, run="b" * 12, config=config | {"seed": 2}),
    ]


def headline(folder: Path) -> Headline:
    """Of a report with two files."""
    for name in mlflow_log.FILES[:2]:
        (folder / name).write_text(name)
    policy = runs()[0].policy
    document = {"policies": {policy: {"metrics": MEASURED}}}
    return Headline("", [], "", folder / "report.html", document)


def test_settings_are_flat_and_name_all_seeds() -> None:
    """One parameter a setting, as text."""
    assert mlflow_log.params(runs()) == {
        "seed": "1, 2",
        "recommender.slate_size": "10",
        "recommender.index": "exact",
        "runs": f"{'a' * 12}, {'b' * 12}",
    }


def test_headlines_come_with_the_ends_that_they_have() -> None:
    """What is not defined is no number, and @ is no sign of MLflow's."""
    assert mlflow_log.metrics(MEASURED) == TOLD


@pytest.mark.parametrize("uri", ["", "mlruns", "sqlite:///x", "file://host/x", "ftp://h"])
def test_an_address_that_is_none_is_refused(uri: str) -> None:
    """Before any work, and whether MLflow is installed or not."""
    with pytest.raises(UsageError, match="--mlflow wants file:///FOLDER"):
        mlflow_log.check(uri)


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="MLflow is installed")
def test_without_mlflow_the_extra_is_named() -> None:
    """In one line."""
    with pytest.raises(UsageError, match=r"extra windowshop\[mlflow\]"):
        mlflow_log.check("file:///tmp/store")


@pytest.mark.skipif(find_spec("mlflow") is None, reason="the extra mlflow is not installed")
def test_mlflow_reads_back_what_was_kept(tmp_path: Path) -> None:
    """Parameters, metrics and files of the one policy, in a folder of MLflow's."""
    report = tmp_path / "report"
    report.mkdir()
    uri = (tmp_path / "store").as_uri()
    mlflow_log.check(uri)
    mlflow_log.keep(uri, "c" * 12, runs(), headline(report))
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    known = client.get_experiment_by_name(mlflow_log.EXPERIMENT)
    (found,) = client.search_runs([known.experiment_id])
    assert found.data.params == mlflow_log.params(runs())
    assert found.data.metrics == TOLD
    assert found.info.status == "FINISHED"
    assert {file.path for file in client.list_artifacts(found.info.run_id)} == {
        "report.html",
        "metrics.json",
    }


@pytest.mark.skipif(find_spec("mlflow") is None, reason="the extra mlflow is not installed")
def test_a_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """In one line without the password; the report is there."""
    with pytest.raises(DependencyError, match="the report itself is in") as told:
        mlflow_log.keep("http://me:secret@127.0.0.1:1", "c" * 12, runs(), headline(tmp_path))
    assert "secret" not in str(told.value)
