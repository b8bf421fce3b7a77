"""A run and its export say the same of visits."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Engine

from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.playing.report import load
from simulator.realism.measures import samples_of
from simulator.realism.observed import TIMED, of_events, of_log
from tests import factories
from workers.local_workforce import LocalWorkforce


def test_a_log_tells_of_a_run_what_the_run_tells(sqlite: Engine) -> None:
    """Every measure has the same values."""
    played = factories.play(sqlite, LocalWorkforce(sqlite), policy="random")
    run = load(factories.context_of(sqlite), played.run.id)
    content = factories.exported(sqlite, played.run.id).encode()
    told = of_log(reading.given(content, Notes("log")), days=99, shoppers=10_000)
    ours = samples_of(of_events(run.events, told.known))
    theirs = samples_of(told)
    assert TIMED in told.known
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"popularity"}:
        assert np.allclose(np.sort(ours[name].values), np.sort(theirs[name].values)), name
