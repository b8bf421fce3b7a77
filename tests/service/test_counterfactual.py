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
from tests.guest_classes import HERE
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


def test_the_run_of_a_guest_with_propensities_is_a_log(any_engine: Engine) -> None:
    """It is not asked again; the estimate for what it does itself, by lot, is its own clicks."""
    context = factories.context_of(any_engine)
    run_id = played(context, f"{HERE}:Lottery")
    found = counterfactual(context, run_id, "random")
    (only,) = found.estimates
    assert only.name == "item-position IPS"
    assert only.value == pytest.approx(found.own)
    assert found.truth == pytest.approx(found.own, rel=0.5)  # of 29 clicks
    assert found.to_json()["requests_left_out"] == 0
    assert "at its own place only" in found.sentence()
    said = counterfactual(context, run_id, "visual")
    assert said.estimates[0].low < said.truth < said.estimates[0].high
    log = replay(context, run_id, "visual").log
    stored = [chances for _, chances in sorted(of_run(context, run_id).items())]
    np.testing.assert_array_equal(log.own(log.logger), np.array(stored, np.float64))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("guest", "said"),
    [
        ("Clicks", r"said no propensities; answer with ws\.Slates"),
        ("Liar", "said the probability 1.5 of an item that it showed"),
    ],
)
def test_a_guest_without_true_propensities_is_no_log(
    any_engine: Engine, guest: str, said: str
) -> None:
    """One says none, one says what is none."""
    context = factories.context_of(any_engine)
    with pytest.raises(UsageError, match=said):
        counterfactual(context, played(context, f"{HERE}:{guest}"), "visual")


@pytest.mark.thorough
def test_requests_with_a_filled_place_are_left_out_and_counted(any_engine: Engine) -> None:
    """The guest gives fewer items than places in some slates; nobody knows the others' chances."""
    context = factories.context_of(any_engine)
    found = counterfactual(context, played(context, f"{HERE}:ShortLottery"), "random")
    assert found.left_out > 0
    assert found.to_json()["requests_left_out"] == found.left_out
    assert f"{found.left_out} requests are left out" in found.sentence()


def test_what_allows_no_estimate_is_said(any_engine: Engine) -> None:
    """A run that draws nothing, a reference, a policy that is none."""
    context = factories.context_of(any_engine)
    with pytest.raises(UsageError, match="does not draw its slates by lot"):
        counterfactual(context, played(context, "visual"), "blend")
    with pytest.raises(UsageError, match="reference"):
        counterfactual(context, "latest", "oracle")
    with pytest.raises(NotFoundError, match="did you mean 'visual'"):
        counterfactual(context, "latest", "vizual")
