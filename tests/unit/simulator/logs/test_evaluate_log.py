"""Evaluate-log and events import as actions: the answer's form, its intervals, and a log that comes
back.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.made.baskets import visits
from db.errors import UsageError
from simulator.installation.context import Context, Silence
from simulator.logs.evaluate_log import evaluate_log
from simulator.logs.import_log import import_log
from simulator.playing.export import export
from workers import settings


@pytest.fixture
def context(engine: Engine, tmp_path: Path) -> Context:
    """An installation whose run directories lie in a folder of the test."""
    return Context(settings.load(runs=tmp_path / "runs"), engine, Silence())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Visits as CSV, two lines of them broken."""
    path = tmp_path / "log.csv"
    visits(1, sessions=300, items=40, shoppers=60).write(path)
    lines = path.read_text().splitlines()
    lines[10], lines[20] = "garbage", lines[20].replace("purchase", "wish")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.service
def test_the_answer_has_every_policy_with_its_intervals(context: Context, log: Path) -> None:
    """policies.NAME.METRIC.{value, low, high, n}; the same in the run directory; broken lines by
    number.
    """
    found = evaluate_log(context, log)
    for name in ("popularity", "cf"):
        for metric in ("next_hit_rate@10", "ndcg@10", "mrr", "coverage", "novelty"):
            one = found.document["policies"][name][metric]
            assert list(one) == ["value", "low", "high", "n"]
            if one["low"] is not None:
                assert one["low"] <= one["value"] <= one["high"]
    assert [one["line"] for one in found.document["lines"]["skipped"]] == [11, 21]
    assert json.loads((found.page.parent / "evaluate-log.json").read_text()) == json.loads(
        json.dumps(found.document)
    )
    asked = found.document["asked"]["sessions"]
    strata = found.document["strata"]["truth"].values()
    assert sum(one["cf"]["next_hit_rate@10"]["n"] for one in strata) == asked
    assert "what they came to next" in found.page.read_text()


@pytest.mark.service
def test_a_split_that_leaves_nothing_is_told(context: Context, log: Path) -> None:
    """Too early, too late, no places."""
    for split in (-1.0, 1e12):
        with pytest.raises(UsageError, match="choose another --split-at"):
            evaluate_log(context, log, split_at=split)
    with pytest.raises(UsageError, match="-k must lie in"):
        evaluate_log(context, log, k=0)


@pytest.mark.service
def test_an_imported_log_is_kept_once_and_comes_back(
    context: Context, log: Path, tmp_path: Path
) -> None:
    """CSV becomes JSON lines; JSON lines come back byte for byte; the second import changes
    nothing.
    """
    first = import_log(context, log)
    second = import_log(context, log)
    assert (first.is_new, second.is_new, first.log) == (True, False, second.log)
    assert len(first.notes.skipped) == 2
    out = tmp_path / "out.jsonl"
    again = tmp_path / "again.jsonl"
    assert export(context, first.log, out).events == first.events
    export(context, import_log(context, out).log, again)
    assert again.read_bytes() == out.read_bytes()
