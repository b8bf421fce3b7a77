"""A class of one's own in a loop of Gymnasium's shows what it shows in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import windowshop as ws
from db.events import Events, Kind
from simulator.environment.opened import opened
from simulator.environment.vector import ShopVectorEnv
from tests import guest_classes
from tests.installation import Installer
from workers.guests import tables

pytestmark = pytest.mark.service
SIZES = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 60}
DAYS = 2
K = 10


class Loop:
    """Asks the class for every visit that is open, as an agent of reinforcement learning would."""

    def __init__(self, envs: ShopVectorEnv, guest: Any) -> None:
        self.envs = envs
        self.guest = guest
        self.rows: dict[int, list[Any]] = {}
        self.shown: dict[tuple[int, int], Any] = {}

    def hear(self, batches: Any) -> None:
        """Events of some places, kept by session."""
        for rows in batches:
            if rows is not None and len(rows):
                self.rows.setdefault(int(rows["session"][0]), []).append(rows)

    def events(self, sessions: Any) -> Events:
        """All that happened in some sessions (int64 [n], sorted) so far."""
        rows = np.concatenate([np.concatenate(self.rows[one]) for one in sessions.tolist()])
        seen = rows[rows["kind"] == Kind.IMPRESSION]
        asked = zip(seen["session"].tolist(), seen["step"].tolist(), strict=True)
        shown = [self.shown[one] for one in asked]
        return Events(rows, np.array(shown, np.int32).reshape(-1, K))

    def answers(self, session: Any, step: Any) -> Any:
        """Int [n_places, k]; each step is a batch of its own."""
        slates = np.zeros((len(session), K), np.int64)
        for one in np.unique(step):
            place = np.flatnonzero(step == one)
            place = place[np.argsort(session[place])]
            on_sale = np.ones(SIZES["items"], np.bool_)
            asked = tables.requests(self.events(session[place]), session[place], int(one), on_sale)
            slates[place] = self.guest.slates(asked).items
        for number, at, slate in zip(session, step, slates, strict=True):
            self.shown[int(number), int(at)] = slate
        return slates

    def play(self) -> None:
        """Until the first days are over."""
        seen, infos = self.envs.reset(seed=1)
        self.hear(infos["events"])
        session = np.array([int(rows["session"][0]) for rows in infos["events"]])
        while (session < (DAYS + 1) * SIZES["shoppers"]).any():
            seen, _, over, _, infos = self.envs.step(self.answers(session, seen["step"]))
            assert not infos["filled"].any()
            if over.any():
                self.hear(infos["final_info"]["events"][over])
            self.hear(infos["events"])
            session = np.array([int(rows["session"][-1]) for rows in infos["events"]])


def test_a_loop_of_gymnasium_shows_the_slates_of_a_run(
    installed: Installer, tmp_path: Path
) -> None:
    """The same class, the same world: slate for slate and event for event."""
    made = installed(tmp_path / "shop")
    shop = ws.open(home=made.home, database_url=made.database_url, runs=tmp_path / "runs")
    (run,) = shop.experiment([guest_classes.Looks], days=DAYS, seeds=1, **SIZES).runs
    setting = opened(**SIZES, context=shop.context)
    guest = guest_classes.Looks()
    guest.start(setting.shop(setting.world(1)))
    loop = Loop(ShopVectorEnv(20, setting=setting), guest)
    loop.play()
    played = loop.events(np.unique(run.events.rows["session"]))
    assert played.rows.tobytes() == run.events.rows.tobytes()
    assert played.shown.tobytes() == run.events.shown.astype(np.int32).tobytes()
