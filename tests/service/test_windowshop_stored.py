"""A stored experiment and one in memory are the same to the digit, seen from Python."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import windowshop as ws
from tests.installation import Installer

pytestmark = pytest.mark.service

TOY = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 60, "days": 3, "seeds": 2}


@pytest.mark.thorough
def test_a_stored_experiment_has_the_same_numbers(installed: Installer, tmp_path: Path) -> None:
    """Through database and worker: every measure, difference, event and slate, and the page."""
    made = installed(tmp_path / "shop")
    shop = ws.open(
        home=made.home, database_url=made.database_url, runs=tmp_path / "runs", workers=1
    )
    ours = shop.experiment(["visual", "blend", "oracle"], **TOY)
    stored = shop.experiment(["visual", "blend", "oracle"], stored=True, **TOY)
    same = {"check_exact": True}
    pd.testing.assert_frame_equal(stored.metrics, ours.metrics, **same)
    pd.testing.assert_frame_equal(stored.differences, ours.differences, **same)
    for policy in ("visual", "blend", "oracle"):
        pd.testing.assert_frame_equal(stored.events(policy), ours.events(policy), **same)
        pd.testing.assert_frame_equal(stored.slates(policy), ours.slates(policy), **same)
    page = ours.save_report(tmp_path / "saved")
    for name in ("metrics.json", "report.html"):
        written = (tmp_path / "runs" / "latest" / name).read_bytes()
        assert page.with_name(name).read_bytes() == written
