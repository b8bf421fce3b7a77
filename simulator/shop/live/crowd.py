"""Simulated shoppers beside people: the world's own, day after day, by the same road as anybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from db import event_log, images, offers, slate_outcomes, slates, visits, work
from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, WindowshopError
from db.events import Events
from recommender.ranking import SLATE
from simulator.playing.desk import Workforce
from simulator.playing.simulate import pictures_of
from simulator.shop.live.live_run import LiveRun
from simulator.world.day import SlateOutcomes, ask, begin, build_world, close_day, open_day, read
from simulator.world.presets import from_settings
from simulator.world.session import Sessions, World
from workers.log import logger

DAY_SECONDS = 86_400.0
GROUP_SECONDS = 1.0
"""Who comes within so many real seconds comes together: one job serves them all."""
NAP = 0.02
PATIENCE = 120.0


class SentHomeError(Exception):
    """They were told to go in the middle of a visit."""


Seen = Callable[[LiveRun, int, list[int]], None]
"""(run, query, items): hears of slates that were shown."""


@dataclass
class Crowd:
    """So many simulated shoppers of one live run. pace: simulated seconds in a real one."""

    engine: Engine
    live: LiveRun
    workforce: Workforce
    n_shoppers: int
    pace: float
    seen: Seen
    day: int = 0
    """The day that is played, counted on from the run before."""
    first_day: int = 0
    share: float = -1.0
    """How much of it is over."""
    said: str = ""
    paused: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Let them in."""
        self._thread = threading.Thread(target=self._play, name="crowd", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nobody comes any more; who is in the shop leaves it at once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)

    @property
    def is_over(self) -> bool:
        """Whether nobody will come any more."""
        return self._stop.is_set()

    def _play(self) -> None:
        try:
            world = self._world()
            memory = begin(world)
            self.day = self.first_day = self._first_day()
            while not self._stop.is_set():
                sessions = open_day(world, memory, self.day)
                sessions = self._play_day(world, sessions)
                memory = close_day(world, memory, sessions)
                self.day += 1
        except SentHomeError:
            return
        except WindowshopError as error:
            self.said = str(error)
            self._stop.set()
            logger().warning(str(error), action="crowd_stopped")

    def _play_day(self, world: World, sessions: Sessions) -> Sessions:
        for rows, share in self._groups(sessions):
            if not self._wait(share):
                break
            group = sessions.take(rows)
            offset = self._offsets(group)
            while group.alive.any() and not self._stop.is_set():
                group = self._step(world, group, offset)
            if group.alive.any():
                break
            with write_transaction(self.engine) as conn:
                visits.note_ended(conn, self.live.run.number, group.session, group.shopper)
            sessions = replace(sessions.put(rows, group), step=0)  # the others still begin
        return sessions

    def _step(self, world: World, group: Sessions, offset: dict[int, int]) -> Sessions:
        """They ask, are answered, read, and go on or leave."""
        group, requests = ask(world, group)
        here = group.take(group.alive)
        self._store(requests, offset)
        shown = self._slates(here.session, here.step)
        self.seen(self.live, int(here.query[0]), [int(one) for one in shown[0] if one >= 0])
        group, events, outcomes = read(world, group, shown)
        self._store(events, offset, outcomes)
        return group

    def _slates(self, sessions: NDArray[np.int64], step: int) -> NDArray[np.int32]:
        number = self.live.run.number
        with write_transaction(self.engine) as conn:
            change = offers.latest(conn, number)
            offers.note_seen(conn, number, sessions.tolist(), step, change)
            payload = {
                "generation": visits.latest_generation(conn, number),
                "step": step,
                "sessions": sessions.tolist(),
                "offers": change,
            }
            ids = work.add(conn, number, "rank", {f"{int(sessions[0])}.{step}": payload})
        self.workforce.ring(ids)
        deadline = time.monotonic() + PATIENCE
        first, last = int(sessions[0]), int(sessions[-1])
        while time.monotonic() < deadline:
            if self._stop.is_set():
                raise SentHomeError
            with read_transaction(self.engine) as conn:
                known, entries = slates.at_step(
                    conn, number, step, first=first, last=last, dtype=SLATE, k=self.live.k
                )
            if np.isin(sessions, known).all():
                found: NDArray[np.int32] = entries["item"][np.searchsorted(known, sessions)]
                return found
            time.sleep(NAP)
        raise DependencyError("no worker answers the simulated shoppers; `windowshop doctor`")

    def _store(
        self, events: Events, offset: dict[int, int], outcomes: SlateOutcomes | None = None
    ) -> None:
        rows = events.rows.copy()
        rows["at"] += np.array([offset[int(one)] for one in rows["session"]], np.int64)
        number = self.live.run.number
        with write_transaction(self.engine) as conn:
            event_log.append(conn, number, Events(rows, events.shown))
            if outcomes is not None:
                slate_outcomes.add(
                    conn,
                    number,
                    outcomes.session,
                    outcomes.step,
                    outcomes.expected,
                    later=(outcomes.carts, outcomes.purchases),
                )

    def _offsets(self, group: Sessions) -> dict[int, int]:
        """What turns simulated times of a session into those of this run: she comes now."""
        with read_transaction(self.engine) as conn:
            age = visits.age(conn, self.live.run.number)
        return {
            int(session): age - int(clock)
            for session, clock in zip(group.session, group.clock, strict=True)
        }

    def _groups(self, sessions: Sessions) -> Iterator[tuple[NDArray[np.int64], float]]:
        """Who comes together, in the order of arrival, and how much of the day is over then."""
        start = self.day * DAY_SECONDS * 1000
        share = np.clip((sessions.clock - start) / (DAY_SECONDS * 1000), 0.0, 1.0)
        slot = np.floor(share * DAY_SECONDS / self.pace / GROUP_SECONDS).astype(np.int64)
        for one in np.unique(slot):
            rows = np.flatnonzero(slot == one)
            yield rows, float(share[rows].min())

    def _wait(self, share: float) -> bool:
        """Wait until so much of the day is over; False when nobody shall come any more."""
        while not self._stop.is_set():
            if self.paused.is_set():
                self._stop.wait(0.2)
                continue
            ahead = (share - self.share) * DAY_SECONDS / self.pace
            if ahead <= 0 or share < self.share or self.share < 0:  # the first morning is now
                self.share = share
                return True
            nap = min(0.2, ahead)
            self._stop.wait(nap)
            self.share += nap * self.pace / DAY_SECONDS
        return False

    def _world(self) -> World:
        config = self.live.run.config
        with read_transaction(self.engine) as conn:
            pixels = images.of_run(conn, self.live.run.number)[: self.live.n_first]
        return build_world(
            from_settings(config["world"]["settings"]),
            seed=config["seed"],
            pictures=pictures_of(
                self.live.items[: self.live.n_first], config["categories"], pixels
            ),
            n_shoppers=self.n_shoppers,
            slate_size=self.live.k,
            max_slates=config["slates"],
        )

    def _first_day(self) -> int:
        """After all days whose sessions this run, or the one it goes on from, has seen."""
        numbers = [self.live.run.number]
        if "from" in self.live.run.config:
            numbers.append(int(self.live.run.config["from"]["run"], 16))
        with read_transaction(self.engine) as conn:
            last = max(visits.last_simulated(conn, number) for number in numbers)
        return last // self.n_shoppers + 1
