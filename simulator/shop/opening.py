"""Opens the shop behind an answering server: catalogue, live run, queue, workers; and closes it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import uuid4

from db import heartbeats, runs, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.errors import DependencyError, NotFoundError, WindowshopError
from db.items import Item
from db.nearest import nearest
from simulator.catalogues.decoder import Decoder
from simulator.installation.context import Context, Step, Talk
from simulator.playing.desk import Desk
from simulator.playing.plan import Plan
from simulator.playing.simulate import check_workforce, embed_missing
from simulator.shop.live.acting import Acts
from simulator.shop.live.asking import Answer, Enquiries, FrontDesk, PromptWorkforce
from simulator.shop.live.blind import Blind
from simulator.shop.live.cards import ShownItem, cards
from simulator.shop.live.closing import Closing
from simulator.shop.live.crowd import Crowd
from simulator.shop.live.live_run import (
    LiveRun,
    base_of,
    open_live,
    resolve_live,
    restocked,
)
from simulator.shop.live.neighbours import KnownVectors
from simulator.shop.live.pressure import Pressure
from simulator.shop.live.sampler import Sampler
from simulator.shop.live.stocking import Stocking
from simulator.shop.live.watching import SlateWatch
from simulator.shop.measuring.experiments import Experiments, ExperimentWish, Started
from simulator.shop.measuring.insight import Insight
from simulator.shop.measuring.trials import Trial, Trials, TrialWish
from simulator.shop.together import GroupCall
from simulator.shop.wish import OFFERED, Wish
from workers.supervisor import Supervisor

OPENING = "opening"
OPEN = "open"
FAILED = "failed"

RECENT = 6
"""Slates that the live page shows."""

MOST_PIXELS = 20_000_000
"""Of a picture that somebody brings."""

CLOSE_SECONDS = 2.0


class _Told(Protocol):
    said: str


@dataclass(frozen=True)
class _Echo:
    """Talks as before, and lets the pages know."""

    talk: Talk
    shop: _Told

    def say(self, text: str) -> None:
        """One line of news."""
        self.shop.said = text
        self.talk.say(text)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Step]:
        """A bar for something that takes longer than two seconds."""
        self.shop.said = what
        with self.talk.progress(what, total) as step:
            yield step


class Premises:
    """The shop of one web process: opened in a thread of its own, so that the server answers at
    once.
    """

    def __init__(
        self, context: Context, wish: Wish, workforce: PromptWorkforce | None = None
    ) -> None:
        """workforce: who does the work; left out, a supervisor with the workers of the settings."""
        self.said = ""
        self.state = OPENING
        self.error: WindowshopError | None = None
        self.wish = wish
        self.on_failure: Callable[[], None] = lambda: None
        self.engine = context.engine
        self.context = replace(context, talk=_Echo(context.talk, self))
        self.is_closing = False
        self.watch = SlateWatch(context.engine)
        self.counter = FrontDesk(context.engine)
        self.insight = Insight(context.engine)
        self.pressure = Pressure(context.engine)
        self.sampler = Sampler(context.engine)
        self.recent: deque[tuple[str, Item, list[Item]]] = deque(maxlen=RECENT)
        self.blind: dict[int, Blind] = {}
        self.crowd: Crowd | None = None
        self.experiments = Experiments(context.settings.home)
        self.trials = Trials()
        self.decoder = Decoder(patience=15.0, processor_seconds=10, most_pixels=MOST_PIXELS)
        self.decoding = threading.Lock()
        self._given = workforce
        self._held = ExitStack()
        self._lives: dict[str, LiveRun] = {}
        self._vectors: dict[str, KnownVectors] = {}
        self._making = threading.Lock()
        self._looks: GroupCall[LiveRun, LiveRun] = GroupCall(self._fresh)
        self._thread = threading.Thread(target=self._open, name="opening", daemon=True)

    def begin(self) -> None:
        """Start to open."""
        self._thread.start()

    def close(self) -> None:
        """End what was begun; workers finish what they have in hand."""
        self.is_closing = True
        self.experiments.close()
        self.trials.close()
        if self.crowd is not None:
            self.crowd.stop()
        self._thread.join(CLOSE_SECONDS)  # one that still opens ends with the process
        self._held.close()
        self.decoder.__exit__(None, None, None)

    def live(self, policy: str | None = None) -> LiveRun:
        """The live run of a policy, made at the first question; DependencyError before the shop is
        open.
        """
        if self.state != OPEN:
            raise DependencyError(f"the shop is not open yet ({self.said or self.state})")
        name = policy or self.wish.policy
        if name not in OFFERED:
            hint = nearest(name, OFFERED)
            raise NotFoundError(
                f"no policy {name!r} here; {hint}choose one of {', '.join(OFFERED)}"
            )
        with self._making:
            if name not in self._lives:
                self._lives[name] = self._made(name)
        fresh = self._looks.do(self._lives[name])
        self._lives[name] = fresh
        return fresh

    def live_of(self, run_id: str) -> LiveRun:
        """An open live run by its id; NotFoundError when it is none of ours."""
        for one in self.lives():
            if one.run.id == run_id:
                return self.live(one.policy)
        with read_transaction(self.engine) as conn:
            known = [one.config["policy"] for one in runs.every(conn) if one.id == run_id]
        found = self.live(known[0]) if known and known[0] in OFFERED else None
        if found is None or found.run.id != run_id:
            raise NotFoundError(
                f"no live run {run_id[:40]!r} is open here; GET /api/v1/runs lists them"
            )
        return found

    def enquiries(self, live: LiveRun) -> Enquiries:
        """Where people ask."""
        return Enquiries(self.engine, live, self.workforce, self.watch, self.counter)

    def acts(self, live: LiveRun) -> Acts:
        """What people do."""
        return Acts(self.engine, live)

    def stocking(self) -> Stocking:
        """Where items come in and go."""
        return Stocking(self.engine, self.live(), self.workforce)

    def shown(self, live: LiveRun, answer: Answer) -> list[ShownItem]:
        """A slate as people see it."""
        live = self._knowing(live, answer)
        self.remember(live, answer.query, [int(one) for one in answer.entries["item"] if one >= 0])
        return self.cards_of(live, answer)

    def cards_of(self, live: LiveRun, answer: Answer) -> list[ShownItem]:
        """The same of a slate that she saw before."""
        live = self._knowing(live, answer)
        return cards(live, answer, self.vectors(live).cosine)

    def vectors(self, live: LiveRun) -> KnownVectors:
        """The embeddings of its items."""
        return self._vectors.setdefault(live.run.id, KnownVectors(self.engine, live))

    def _knowing(self, live: LiveRun, answer: Answer) -> LiveRun:
        """A live run with all items of a slate, some of which may have come in meanwhile."""
        is_known = int(answer.entries["item"].max(initial=-1)) < len(live.items)
        return live if is_known else self._looks.do(live)

    def _fresh(self, lives: list[LiveRun]) -> list[LiveRun | Exception]:
        """Live runs with what they offer now; one is read once, however many want to know."""
        found: dict[str, LiveRun] = {}
        with read_transaction(self.engine) as conn:
            for live in lives:
                if live.run.id not in found:
                    found[live.run.id] = restocked(conn, live)
        return [found[live.run.id] for live in lives]

    def lives(self) -> list[LiveRun]:
        """Those that were opened."""
        return list(self._lives.values())

    @property
    def workforce(self) -> PromptWorkforce:
        """Who does the work."""
        if self._given is None:
            raise DependencyError("the shop is not open yet")
        return self._given

    def _open(self) -> None:
        try:
            if self._given is None:
                check_workforce(self.context, local=False)
            self._base = base_of(self.context, self.wish.run)
            if self._base is not None and self.wish.run is None and self._base_is_other():
                self._base = None
            resolved = resolve_live(
                self.context, self.wish.policy, self._base, Plan(catalogue=self.wish.catalogue)
            )
            if self._given is None:
                supervisor = Supervisor(self.context.settings, self.engine)
                self._given = self._held.enter_context(supervisor)
                self.watch.news = news = supervisor.listen(self.watch.hear)
                self._held.callback(news.close)
            live = open_live(self.context, resolved)
            embedder = EmbedderKey(live.run.config["model"], live.run.config["runtime"])
            embed_missing(
                self.context, Desk(self.engine, live.run, self._given, k=live.k), embedder
            )
            self._lives[live.policy] = live
            self._warm(live)
            closing = Closing(self.engine, self.lives, self._given)
            self._held.callback(closing.stop)
            self.said = ""
            self.state = OPEN
            if self.wish.shoppers:
                self._let_in(live)
        except WindowshopError as error:
            self.error = error
            self.on_failure()
            self.said = str(error)
            self.state = FAILED

    def _base_is_other(self) -> bool:
        """Whether the newest run sells another catalogue than the one asked for."""
        base = self._base
        return base is not None and base.config["catalogue"] != self.wish.catalogue

    def _made(self, policy: str) -> LiveRun:
        resolved = resolve_live(
            self.context, policy, self._base, Plan(catalogue=self.wish.catalogue)
        )
        return open_live(self.context, resolved)

    def _let_in(self, live: LiveRun) -> None:
        wish = self.wish
        self.crowd = Crowd(
            self.engine, live, self.workforce, wish.shoppers, wish.pace, self.remember
        )
        self.crowd.start()

    def remember(self, live: LiveRun, query: int, shown: list[int]) -> None:
        """A slate was shown: one of the last few."""
        asked = self.acts(live).item(query)
        self.recent.append((live.policy, asked, [live.items[number] for number in shown]))

    def _warm(self, live: LiveRun) -> None:
        """Workers load their network before the first visitor brings a picture."""
        payload = {
            "model": live.run.config["model"],
            "runtime": live.run.config["runtime"],
            "images": [live.items[0].image],
        }
        keys = [f"warm-{uuid4().hex[:12]}" for _ in range(self.context.settings.workers)]
        with write_transaction(self.engine) as conn:
            ids = work.add(conn, live.run.number, "embed", dict.fromkeys(keys, payload))
        self.workforce.ring(ids)

    def start_experiment(self, wish: ExperimentWish) -> Started:
        """Start an experiment that our workers play."""
        workforce = self.workforce
        settings = workforce.settings if isinstance(workforce, Supervisor) else None
        return self.experiments.start(settings or self.context.settings, wish)

    def start_trial(self, wish: TrialWish) -> Trial:
        """Try a recommender of somebody's own, in a process of its own."""
        return self.trials.start(self.context.settings, wish)

    def is_anybody_working(self) -> bool:
        """Whether a worker lives."""
        with read_transaction(self.engine) as conn:
            return any(
                one.kind == heartbeats.WORKER and not one.is_silent
                for one in heartbeats.every(conn)
            )
