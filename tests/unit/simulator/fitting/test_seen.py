"""A run and its export say the same of visits."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from sqlalchemy import Engine

from simulator.catalogues import stored as catalogues
from simulator.fitting.seen import of_events, of_log
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.playing.report import load
from tests import factories
from workers.local_workforce import LocalWorkforce

ORDERLESS = {"shopper", "looked", "searched"}


@pytest.mark.parametrize("has_slates", [True, False])
def test_a_log_tells_of_a_run_what_the_run_tells(sqlite: Engine, *, has_slates: bool) -> None:
    """Visit by visit, place by place, and where only looks are known, too."""
    played = factories.play(sqlite, LocalWorkforce(sqlite), policy="random")
    run = load(factories.context_of(sqlite), played.run.id)
    lines = factories.exported(sqlite, played.run.id).splitlines(keepends=True)
    if not has_slates:
        lines = [line for line in lines if '"kind":"impression"' not in line.replace(" ", "")]
        lines = [line for line in lines if '"kind":"view"' not in line.replace(" ", "")]
    log = reading.given("".join(lines).encode(), Notes("log"))
    resolved = factories.resolved(sqlite, policy="random")
    names = resolved.config["categories"]
    category = catalogues.category_numbers(resolved.items, names).astype(np.int64)
    by_id = {item.item_id: int(one) for item, one in zip(resolved.items, category, strict=True)}
    told = of_log(log, by_id, days=99, shoppers=10_000)
    known = of_events(run.events, category, told.days, has_slates=has_slates)
    assert len(known) > 30
    for field in fields(known):
        ours, theirs = getattr(known, field.name), getattr(told, field.name)
        if field.name in ORDERLESS:
            ours, theirs = (
                np.sort(np.unique(one, return_counts=True)[1]) for one in (ours, theirs)
            )
        elif (
            np.ndim(ours)
            and len(ours) == len(known)
            and field.name not in {"shown_at", "clicked_at"}
        ):
            ours, theirs = np.sort(ours), np.sort(theirs)
        assert np.array_equal(ours, theirs), field.name


def test_only_the_first_days_and_so_many_shoppers_are_read(sqlite: Engine) -> None:
    """A long log of many is cut."""
    played = factories.play(sqlite, LocalWorkforce(sqlite), policy="random")
    content = factories.exported(sqlite, played.run.id).encode()
    told = of_log(reading.given(content, Notes("log")), {}, days=2, shoppers=7)
    assert told.day.max() == 1
    assert told.n_shoppers == 7
