"""A recommender is tried before it is judged: each fault has its line and its cure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import windowshop as ws
from db.errors import UsageError
from simulator.guests.check import Checked, check
from simulator.installation.context import Context
from tests.guest_classes import HERE
from tests.installation import Installer

TOY = {"catalogue": "toy", "items": 120, "queries": 40}


@pytest.fixture(scope="module")
def shop(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """The toy shop, whose pictures have their vectors."""
    made = installed(tmp_path_factory.mktemp("check") / "shop")
    context = ws.open(home=made.home, database_url=made.database_url).context
    yield context
    context.engine.dispose()


def tried(context: Context, name: str) -> Checked:
    """A class of tests.guest_classes, tried in the toy shop."""
    return check(context, f"{HERE}:{name}", **TOY)


def wrong(found: Checked) -> set[str]:
    """What does not hold."""
    return {one.name for one in found.checks if not one.ok}


@pytest.mark.parametrize("name", ["Looks", "Clicks"])
def test_a_good_one_passes(shop: Context, name: str) -> None:
    """Every line, with its speed."""
    found = tried(shop, name)
    assert wrong(found) == set()
    said = found.to_json()
    assert said["ok"]
    assert said["latency_ms"]["p95"] >= said["latency_ms"]["p50"] > 0
    assert said["slates_per_second"] > 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Odd?how=unknown", {"unknown item", "a session with a history"}),
        ("Odd?how=twice", {"twice", "a session with a history"}),
        ("Odd?how=nan", {"no number", "a session with a history", "same answer twice"}),
        ("Odd?how=raises", {"answers"}),
        ("Odd?how=dies", {"answers"}),
        ("Forgetful", {"same answer twice", "same answer in another batch"}),
    ],
)
def test_each_fault_has_its_line(shop: Context, name: str, expected: set[str]) -> None:
    """And only its own."""
    found = wrong(tried(shop, name))
    assert expected - {"same answer twice"} <= found
    assert found <= expected | {"same answer in another batch"}


def test_propensities_are_compared_with_what_it_shows(shop: Context) -> None:
    """One that draws by lot and says so passes; one that forgets what a session has seen does
    not.
    """
    honest = {one.name: one for one in tried(shop, "Lottery").checks}
    assert honest["propensities"].ok
    assert "4,096 answers" in honest["propensities"].detail
    wrong_one = {one.name: one for one in tried(shop, "Lottery?n_said=200").checks}
    assert not wrong_one["propensities"].ok
    assert "was said to have" in wrong_one["propensities"].detail
    assert "propensities" not in {one.name for one in tried(shop, "Clicks").checks}


def test_ours_and_what_does_not_start_are_refused(shop: Context) -> None:
    """One line."""
    with pytest.raises(UsageError, match="policy of ours"):
        check(shop, "visual", **TOY)
    with pytest.raises(UsageError, match="no such device"):
        tried(shop, "NeverStarts")
