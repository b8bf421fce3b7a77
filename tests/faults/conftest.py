"""What the fault tests share: the undisturbed run, and the account of each case."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from db import schema
from db.engine import open_engine
from tests import factories
from tests.faults import harness, lane
from tests.faults.account import Account, Tale, tale_of
from workers.local_workforce import LocalWorkforce

PLAN = replace(factories.TOY_PLAN, days=lane.short_or_whole(4, 8), seed=lane.SEED)
MARKS = {"fault", "service"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a fault test, and may take its time."""
    for item in items:
        if "/faults/" in str(item.path):
            item.add_marker(pytest.mark.fault)
            if not item.get_closest_marker("timeout"):  # its own comes before ours
                item.add_marker(pytest.mark.timeout(lane.short_or_whole(600, 1500)))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small jobs instead of a few large ones; what comes of them is the same."""
    monkeypatch.setattr("simulator.playing.desk.BATCH", harness.BATCH)


@pytest.fixture(scope="session")
def tale(tmp_path_factory: pytest.TempPathFactory) -> Tale:
    """The toy run as this process plays it when nothing disturbs it."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('tale') / 'shop.db'}")
    schema.ensure(engine)
    told = tale_of(engine, harness.play(engine, LocalWorkforce(engine), PLAN))
    engine.dispose()
    return told


@pytest.fixture
def stocked(engine: Engine) -> Engine:
    """A shop that has its catalogue, on both databases."""
    factories.stock(engine)
    return engine


@pytest.fixture
def accounts(request: pytest.FixtureRequest) -> Iterator[Callable[..., Account]]:
    """Opens accounts; those of a test that passed are noted with the command that runs it again."""
    opened: list[Account] = []

    def open_account(case: int, what: str, engine: Engine | str, **known: int) -> Account:
        database = engine if isinstance(engine, str) else engine.dialect.name
        opened.append(Account(case, what, database, **known))
        return opened[-1]

    failed = request.session.testsfailed
    yield open_account
    if request.session.testsfailed == failed:
        set_so = "".join(
            f"{name}={os.environ[name]} " for name in lane.SETTINGS if name in os.environ
        )
        test = request.node.name.split("[")[0]
        for account in opened:
            account.note(f"{set_so}pytest tests/faults -k {shlex.quote(test)}")
