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


def exported(
    context: Context, run: str, folder: Path, *, has_propensities: bool
) -> list[dict[str, Any]]:
    """The slates, which say of each impression of the events what these say."""
    export(context, run, folder / "slates.jsonl", "jsonl")
    events_out.export(context, run, folder / "events.jsonl", with_propensities=has_propensities)
    found = lines(folder / "slates.jsonl")
    shown = {
        (event["session"], event["step"]): (event["items"], event.get("propensities"))
        for event in lines(folder / "events.jsonl")
        if event["kind"] == "impression"
    }
    said = {
        (one["session"], one["step"]): (
            [item["item"] for item in one["items"]],
            [item["propensity"] for item in one["items"]] if has_propensities else None,
        )
        for one in found
    }
    assert said == shown
    assert list(said) == sorted(said)
    return found


@pytest.mark.parametrize("policy", ["blend", "random", f"{HERE}:Lottery"])
def test_every_slate_is_what_its_impression_showed(
    any_engine: Engine, tmp_path: Path, policy: str
) -> None:
    """Item for item, with the propensities of who draws; `blend` says scores, this guest none."""
    context = factories.context_of(any_engine)
    run = played(context, policy)
    found = exported(context, run, tmp_path, has_propensities=policy != "blend")
    scores = [item.get("score") for one in found for item in one["items"]]
    assert policy == "random" or all((one is not None) == (policy == "blend") for one in scores)


@pytest.mark.thorough
def test_a_short_slate_has_the_propensities_of_its_items(
    any_engine: Engine, tmp_path: Path
) -> None:
    """Of twelve items two are left for the second slate, none for the third."""
    context = factories.context_of(any_engine)
    resolved = factories.resolved(any_engine, policy=f"{HERE}:Lottery", items=12)
    with LocalWorkforce(any_engine) as workforce:
        run = simulate(context, resolved, workforce).run.id
    found = exported(context, run, tmp_path, has_propensities=True)
    assert {len(one["items"]) for one in found} == {10, 2, 0}


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
