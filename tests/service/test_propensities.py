"""The propensities of a stored run: computed from its slates, or what its guest said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from db.errors import UsageError
from simulator.installation.context import Context
from simulator.logs.import_log import import_log
from simulator.playing.export import export
from simulator.playing.simulate import simulate
from tests import factories
from tests.guest_classes import HERE
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


def played(context: Context, policy: str) -> str:
    """The id of a run of three days in the toy shop."""
    resolved = factories.resolved(context.engine, policy=policy)
    with LocalWorkforce(context.engine) as workforce:
        return simulate(context, resolved, workforce).run.id


def impressions(context: Context, run: str, out: Path) -> list[dict[str, Any]]:
    """Of a run's export with its propensities."""
    export(context, run, out, with_propensities=True)
    events = [json.loads(line) for line in out.read_text().splitlines()]
    return [event for event in events if event["kind"] == "impression"]


@pytest.mark.parametrize("policy", ["random", "logging", f"{HERE}:Lottery"])
def test_each_item_of_an_impression_has_its_probability(
    any_engine: Engine, tmp_path: Path, policy: str
) -> None:
    """By lot it is one over what may be shown: not the ten items of each slate before."""
    context = factories.context_of(any_engine)
    found = impressions(context, played(context, policy), tmp_path / "events.jsonl")
    assert {len(event["propensities"]) for event in found} == {10}
    for event in found:
        n_allowed = factories.N_ITEMS - 10 * event["step"]  # an opened item was shown before
        by_lot = 1 / n_allowed
        if policy == "logging":
            ranked = np.round(np.array(event["propensities"]) / 0.5 - by_lot, 9)
            assert set(ranked) <= {0.0, 1.0, 0.5}, "half where two items tie"
        else:
            np.testing.assert_allclose(event["propensities"], by_lot, atol=1e-9)
    if policy == "logging":
        by_looks = [min(event["propensities"]) > 0.2 for event in found]
        assert 0.3 < np.mean(by_looks) < 0.7


def test_the_export_without_them_stays_as_it_was(any_engine: Engine, tmp_path: Path) -> None:
    """The same lines, but for the one key; and a log with it is taken in again."""
    context = factories.context_of(any_engine)
    run = played(context, "random")
    export(context, run, tmp_path / "plain.jsonl")
    impressions(context, run, tmp_path / "said.jsonl")
    plain = [json.loads(line) for line in (tmp_path / "plain.jsonl").read_text().splitlines()]
    said = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()]
    assert not [event for event in plain if "propensities" in event]
    for event in said:
        event.pop("propensities", None)
    assert said == plain
    kept = import_log(context, tmp_path / "said.jsonl")
    export(context, kept.log, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "said.jsonl").read_bytes()
    with pytest.raises(UsageError, match="imported log"):
        export(context, kept.log, None, with_propensities=True)


@pytest.mark.parametrize("policy", ["visual", f"{HERE}:Clicks"])
def test_a_run_without_them_says_who_has_them(any_engine: Engine, policy: str) -> None:
    """One line, and nothing is written."""
    context = factories.context_of(any_engine)
    run = played(context, policy)
    with pytest.raises(UsageError, match="propensities"):
        export(context, run, None, with_propensities=True)
