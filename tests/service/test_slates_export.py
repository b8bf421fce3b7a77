"""The slates of a stored run come out as they were shown, some at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from db import runs, slates
from db.engine import read_transaction, write_transaction
from db.errors import DataError
from db.tables import slate
from recommender.ranking import SLATE
from simulator.installation.context import Context
from simulator.playing import export as events_out
from simulator.playing.simulate import simulate
from simulator.playing.slates_out.export import export
from tests import factories
from tests.guest_classes import HERE
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service


def played(context: Context, policy: str) -> str:
    """The id of a run of three days in the toy shop."""
    resolved = factories.resolved(context.engine, policy=policy)
    with LocalWorkforce(context.engine) as workforce:
        return simulate(context, resolved, workforce).run.id


def lines(path: Path) -> list[dict[str, Any]]:
    """All objects of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("policy", ["blend", f"{HERE}:Lottery"])
def test_every_slate_is_what_its_impression_showed(
    any_engine: Engine, tmp_path: Path, policy: str
) -> None:
    """Item for item, with the propensities that were said; our own say scores, this guest none."""
    context = factories.context_of(any_engine)
    run = played(context, policy)
    export(context, run, tmp_path / "slates.jsonl", "jsonl")
    events_out.export(
        context, run, tmp_path / "events.jsonl", with_propensities=policy.endswith("Lottery")
    )
    found = lines(tmp_path / "slates.jsonl")
    shown = {
        (event["session"], event["step"]): (event["items"], event.get("propensities"))
        for event in lines(tmp_path / "events.jsonl")
        if event["kind"] == "impression"
    }
    said = {
        (one["session"], one["step"]): (
            [item["item"] for item in one["items"]],
            [item["propensity"] for item in one["items"]] if policy.endswith("Lottery") else None,
        )
        for one in found
    }
    assert said == shown
    assert list(said) == sorted(said)
    scores = [item.get("score") for one in found for item in one["items"]]
    assert all((score is not None) == (policy == "blend") for score in scores)


def test_parts_of_any_size_are_the_whole(any_engine: Engine) -> None:
    """Read three at a time, no slate is lost, doubled or out of place."""
    context = factories.context_of(any_engine)
    number = int(played(context, "visual"), 16)
    with read_transaction(any_engine) as conn:
        k = runs.by_number(conn, number).config["recommender"]["slate_size"]
        whole = slates.of_run(conn, number, dtype=SLATE, k=k)
        parts = list(slates.in_parts(conn, number, dtype=SLATE, k=k, size=3))
    assert {len(part[0]) for part in parts[:-1]} == {3}
    for place, column in enumerate(whole):
        joined = np.concatenate([part[place] for part in parts])
        assert joined.tobytes() == column.tobytes()


def test_damaged_slates_leave_the_file_as_it_was(any_engine: Engine, tmp_path: Path) -> None:
    """An item that the run does not have is said in one line, and half a file is never left."""
    context = factories.context_of(any_engine)
    run = played(context, "visual")
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "slates.csv"
    out.write_text("what was there")
    with read_transaction(any_engine) as conn:
        session, step, _, entries = slates.of_run(conn, int(run, 16), dtype=SLATE, k=10)
    spoiled = entries[-1].copy()
    spoiled["item"] = 40_000
    last = (slate.c.session == int(session[-1])) & (slate.c.step == int(step[-1]))
    with write_transaction(any_engine) as conn:
        conn.execute(slate.update().where(last).values(entries=spoiled.tobytes()))
    with pytest.raises(DataError, match="damaged"):
        export(context, run, out, "csv")
    assert out.read_text() == "what was there"
    assert list(out.parent.iterdir()) == [out]
