"""Novelty and coldness hang on clicks that all shoppers share: the influence has that part, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import windowshop as ws
from db.events import Events, Kind
from simulator.report.numbers.formulas import cold_exposure_share, novelty
from simulator.report.numbers.panel import RunData, lay_out
from tests.installation import Installer

MEASURES = {"novelty": novelty, "cold_exposure_share": cold_exposure_share}


@pytest.fixture(scope="module")
def run(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """A run of the world's own shoppers in the toy shop."""
    made = installed(tmp_path_factory.mktemp("clicks") / "shop")
    shop = ws.open(home=made.home, database_url=made.database_url)
    sizes = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 80, "days": 6, "seeds": 1}
    return shop.experiment(["random"], **sizes).runs[0]


def without(run: RunData, shopper: int) -> RunData:
    """The same run as if she had never come."""
    rows = run.events.rows
    kept = rows["shopper"] != shopper
    shown = run.events.shown[kept[rows["kind"] == Kind.IMPRESSION]]
    here = run.slates.session % run.n_shoppers != shopper
    read = run.expectations.session % run.n_shoppers != shopper
    return replace(
        run,
        events=Events(rows[kept], shown),
        slates=replace(
            run.slates,
            session=run.slates.session[here],
            step=run.slates.step[here],
            entries=run.slates.entries[here],
        ),
        expectations=replace(
            run.expectations,
            session=run.expectations.session[read],
            step=run.expectations.step[read],
            expected=run.expectations.expected[read],
        ),
    )


@pytest.mark.parametrize("name", MEASURES)
def test_the_influence_is_what_leaving_a_shopper_out_does(run: RunData, name: str) -> None:
    """Shopper by shopper, and so the standard error, within a twentieth."""
    formula = MEASURES[name]
    found = formula(lay_out(run))
    came = np.flatnonzero(found.is_unit)
    left_out = np.array([formula(lay_out(without(run, int(one)))).value for one in came])
    jackknife = left_out.mean() - left_out
    assert np.corrcoef(jackknife, found.influence[came])[0, 1] > 0.99
    slow = np.sqrt(np.square(jackknife).sum())
    assert np.sqrt(np.square(found.influence).sum()) == pytest.approx(slow, rel=0.05)
