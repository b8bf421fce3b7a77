"""A run and its export say the same of visits."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Engine

from db import runs
from db.engine import read_transaction
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.playing.report import load
from simulator.playing.simulate import world_of
from simulator.realism.goods import of_shop, of_world
from simulator.realism.measures import samples_of
from simulator.realism.observed import PLACED, PRICED, SORTED, TIMED, of_events, of_log
from tests import factories
from workers.local_workforce import LocalWorkforce


def test_a_log_tells_of_a_run_what_the_run_tells(sqlite: Engine) -> None:
    """Every measure has the same values."""
    played = factories.play(sqlite, LocalWorkforce(sqlite), policy="random")
    run = load(factories.context_of(sqlite), played.run.id)
    content = factories.exported(sqlite, played.run.id).encode()
    log = reading.given(content, Notes("log"))
    resolved = factories.resolved(sqlite, policy="random")
    with read_transaction(sqlite) as conn:
        world = world_of(conn, runs.read(conn, played.run.id)).catalogue
    names = resolved.config["categories"]
    goods = of_world(resolved.items, world, names).of_log(log)
    told = of_log(log, days=99, shoppers=10_000, goods=goods)
    ours = samples_of(of_events(run.events, told.known, of_shop(resolved.items, world, names)))
    theirs = samples_of(told)
    assert {TIMED, PLACED, SORTED, PRICED} < told.known
    assert ours.keys() == theirs.keys()
    assert np.array_equal(
        np.sort(ours["clicks by position"].hits), np.sort(theirs["clicks by position"].hits)
    )
    for name in ours.keys() - {"popularity", "popularity by rank"}:
        assert np.allclose(np.sort(ours[name].values), np.sort(theirs[name].values)), name
