"""A report on disk: all of it or none, and nothing of others touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from db.errors import DataError, UsageError
from simulator.report.numbers.primary import Primary
from simulator.report.pages.writer import headline_table, put, write_report
from tests.unit.simulator.report.diary import hand_made

RUNS = [hand_made("visual"), hand_made("blend")]


def test_a_report_is_metrics_page_and_figures(tmp_path: Path) -> None:
    """And no scratch folder is left beside them."""
    headline = write_report(RUNS, tmp_path / "run")
    names = {
        str(path.relative_to(tmp_path / "run"))
        for path in (tmp_path / "run").rglob("*")
        if path.is_file()
    }
    figures = {
        f"figures/{name}.svg"
        for name in ("policies", "differences", "learning", "funnel", "positions", "exposure")
    }
    assert names == figures | {"metrics.json", "segments.json", "report.html"}
    assert headline.path == tmp_path / "run" / "report.html"
    assert headline.metrics == json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert list((tmp_path / "run").glob(".report-*")) == []


def test_writing_again_gives_the_same_bytes_and_leaves_other_files_alone(tmp_path: Path) -> None:
    """config.json and run.json of the same folder belong to somebody else."""
    (tmp_path / "config.json").write_text("{}")
    write_report(RUNS, tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_report(RUNS, tmp_path)
    assert first == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert (tmp_path / "config.json").read_text() == "{}"


def test_a_folder_that_cannot_be_written_is_one_line_with_a_cure(tmp_path: Path) -> None:
    """What was wanted, what was found, what helps."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(
        DataError, match=r"wanted to write the report into .*WINDOWSHOP_RUNS or --runs"
    ) as caught:
        write_report(RUNS, tmp_path / "file" / "run")
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_report_whole(tmp_path: Path) -> None:
    """The second file cannot be written: the first is not replaced either."""
    put(tmp_path, {"a": b"old", "b": b"old"})
    with pytest.raises(DataError):
        put(tmp_path, {"a": b"new", "b" * 300: b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"old",
        "b": b"old",
    }


def test_the_headline_table_has_a_row_per_policy_with_intervals() -> None:
    """Undefined cells are dashes."""
    metrics = {
        "policies": {
            "visual": {
                "metrics": {"hit_rate@10": {"value": 0.25, "low": 0.24, "high": 0.26, "n": 9}}
            },
            "blend": {
                "metrics": {"hit_rate@10": {"value": None, "low": None, "high": None, "n": 0}}
            },
        }
    }
    assert headline_table(metrics) == [
        ["policy", "hit_rate@10"],
        ["visual", "25.0\u00a0% (24.0 to 26.0)"],
        ["blend", "\u2013"],
    ]


def test_a_pair_that_was_not_run_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match="wanted to compare 'cf', found visual, blend"):
        write_report(RUNS, tmp_path, primary=Primary(pair=("cf", "visual")))
    assert list(tmp_path.iterdir()) == []
