"""`windowshop counterfactual`: another policy's clicks, from a stored run by lot."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from db import event_log, runs
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError
from db.events import Kind
from simulator.counterfactual.counterfactual import counterfactual
from simulator.counterfactual.replay import replay
from simulator.installation.context import Context
from simulator.operations.propensities import of_run
from simulator.playing.simulate import simulate
from tests import factories
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


def played(context: Context, policy: str) -> str:
    """The id of a run of three days in the toy shop."""
    resolved = factories.resolved(context.engine, policy=policy)
    with LocalWorkforce(context.engine) as workforce:
        return simulate(context, resolved, workforce).run.id


@pytest.mark.parametrize("policy", ["random", "logging"])
def test_the_log_of_a_run_has_its_propensities_and_clicks(any_engine: Engine, policy: str) -> None:
    """Those of the export, request by request, whatever the target learns."""
    context = factories.context_of(any_engine)
    run_id = played(context, policy)
    log = replay(context, run_id, "blend").log
    stored = [chances for _, chances in sorted(of_run(context, run_id).items())]
    own = log.own(log.logger)
    said = np.array([row + [None] * (own.shape[1] - len(row)) for row in stored], np.float64)
    known = np.isfinite(said).all(axis=1)
    assert len(own) == known.sum()
    np.testing.assert_array_equal(own, said[known])
    with read_transaction(any_engine) as conn:
        run = runs.read(conn, run_id)
        events = event_log.read(conn, run.number, k=own.shape[1])
    assert known.all()
    assert log.clicked.sum() == len(events.of(Kind.CLICK))


def test_a_run_evaluated_for_its_own_policy_gives_its_own_clicks(any_engine: Engine) -> None:
    """Every weight is 1, and the judge expects about as many."""
    context = factories.context_of(any_engine)
    found = counterfactual(context, played(context, "random"), "random")
    assert found.estimates[0].value == pytest.approx(found.own)
    assert found.estimates[0].unsupported == 0
    assert found.truth == pytest.approx(found.own, rel=0.2)
    said = found.to_json()
    assert said["requests"] == found.requests
    assert said["estimates"][-1]["low"] is None
    assert found.rows()[-1][0] == "the judge's truth"


def test_the_judges_truth_lies_within_the_interval(any_engine: Engine) -> None:
    """`visual`, from half of whose slates the log consists."""
    context = factories.context_of(any_engine)
    found = counterfactual(context, played(context, "logging"), "visual")
    by_place = found.estimates[1]
    assert by_place.low < found.truth < by_place.high
    assert "25,000 requests" in found.sentence()


def test_what_allows_no_estimate_is_said(any_engine: Engine) -> None:
    """A run that draws nothing, a reference, a policy that is none."""
    context = factories.context_of(any_engine)
    with pytest.raises(UsageError, match="does not draw its slates by lot"):
        counterfactual(context, played(context, "visual"), "blend")
    with pytest.raises(UsageError, match="reference"):
        counterfactual(context, "latest", "oracle")
    with pytest.raises(NotFoundError, match="did you mean 'visual'"):
        counterfactual(context, "latest", "vizual")
