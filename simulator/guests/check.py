"""Tries a recommender of one's own before it is judged: what is wrong, and what mends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import NotFoundError, UsageError
from db.events import Events, Kind
from db.nearest import nearest
from recommender.profile import Profiles
from recommender.registry import POLICY_NAMES
from simulator.guests.admitted import Admitted, admitted
from simulator.guests.frequencies import misfit
from simulator.installation.context import Context
from simulator.playing.desk import BATCH
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.playing.plan import FILLING, Plan
from simulator.playing.record import Record
from simulator.playing.simulate import prepare
from workers.guests import tables
from workers.guests.address import FORMS
from workers.guests.answers import FAULTS, completed
from workers.guests.door import Door, GuestAnswer, GuestError
from workers.guests.doors.opening import open_door
from workers.guests.host import shop_of
from workers.guests.protocol import Requests
from workers.run_recommender import RunRecommender, requests_of

DAYS = 2
CLAIMS = 4096
"""Answers to one request from which frequencies are taken."""
FIRST_CLAIM = 10**6
"""Number of the first session that asks it."""
MILLISECONDS = 1000.0


@dataclass(frozen=True)
class Conformance:
    """One thing that a recommender has to do."""

    name: str
    ok: bool
    detail: str
    """What was found; where it is not well, what mends it."""


@dataclass
class Checked:
    """What came of it."""

    checks: list[Conformance] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Of each batch."""
    slates: int = 0
    """How many were asked for in that time."""

    @property
    def ok(self) -> bool:
        """All is well."""
        return all(one.ok for one in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        timed = self.seconds[1:]  # the first may still import something
        took = sum(timed)
        p50, p95 = np.percentile(timed, [50, 95]) * MILLISECONDS if timed else (None, None)
        return {
            "ok": self.ok,
            "checks": {one.name: {"ok": one.ok, "detail": one.detail} for one in self.checks},
            "latency_ms": {"p50": _rounded(p50), "p95": _rounded(p95)},
            "slates_per_second": round(self.slates / took) if took else 0,
        }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(float(milliseconds), 2)


@dataclass(frozen=True)
class _Trial:
    """A shop with two days behind it, and the guest's door."""

    door: Door
    shared: SharedWorld
    known: RunRecommender
    events: Events
    n_items: int

    def requests(self, step: int) -> tuple[Requests, Profiles]:
        """The first requests of a step on the last day, at most a batch."""
        last = (DAYS - 1) * self.shared.world.n_shoppers
        rows = self.events.rows
        there = np.unique(rows["session"][(rows["step"] == step) & (rows["session"] >= last)])
        sessions = there[:BATCH]
        wanted = np.isin(rows["session"], sessions)
        shown = self.events.shown[wanted[rows["kind"] == Kind.IMPRESSION]]
        some = Events(rows[wanted], shown)
        profiles = self.known.profiles(requests_of(some, sessions, step), some)
        return tables.requests(some, sessions, step, self.on_sale), profiles

    @property
    def on_sale(self) -> NDArray[np.bool_]:
        """Everything."""
        return np.ones(self.n_items, np.bool_)


def check(context: Context, policy: str, *, catalogue: str, items: int, queries: int) -> Checked:
    """Ask a guest what a run would ask it.

    Raises UsageError for a policy of ours, and what `admitted` raises for one that is not there.
    """
    guest = admitted(policy)
    if guest is None and policy not in POLICY_NAMES:
        hint = nearest(policy, POLICY_NAMES)
        raise NotFoundError(f"no policy {policy!r}; {hint}name your own: {FORMS}")
    if guest is None:
        raise UsageError(f"{policy!r} is a policy of ours; name your own: mine.py:Mine")
    trial = _trial(context, guest, catalogue=catalogue, items=items, queries=queries)
    found = Checked()
    try:
        found.checks += _tried(trial, found)
    finally:
        trial.door.close()
    return found


def _trial(
    context: Context, guest: Admitted, *, catalogue: str, items: int, queries: int
) -> _Trial:
    plan = Plan(
        policy=FILLING, items=items, queries=queries, shoppers=400, days=DAYS, catalogue=catalogue
    )
    resolved = prepare(context, plan)
    shared = share_world(resolved.config, *gather(context, resolved))
    k = resolved.config["recommender"]["slate_size"]
    record = Record(k)
    play_in_memory(shared, FILLING, record=record)
    door = open_door(guest.guest, replace(guest.limits, seconds=10.0), f"check-{time.time_ns()}")
    shop = shop_of(
        resolved.items,
        prices=shared.world.catalogue.price.astype(np.int32),
        pictures=shared.pixels,
        vectors=shared.vectors,
        k=k,
        seed=plan.seed,
    )
    try:
        door.start(shop)
    except GuestError as error:
        door.close()
        raise UsageError(f"{guest.guest.name} does not start: {error}") from None
    return _Trial(door, shared, shared.recommender(FILLING), record.events, shop.n_items)


def _tried(trial: _Trial, found: Checked) -> Iterator[Conformance]:
    """One check after the other; after one that gets no answer there is nothing more to ask."""
    first, profiles = trial.requests(0)
    said = _asked(trial, first, found)
    if isinstance(said, str):
        yield Conformance("answers", False, f"{said}: a request without a history must be answered")
        return
    yield Conformance("answers", True, f"{len(first)} requests without a history")
    yield from _faults(trial, said, profiles)
    yield _same("same answer twice", said, _asked(trial, first, found), "draw by shop.seed alone")
    half = Requests(first.table.slice(len(first) // 2), first.on_sale)
    later = _asked(trial, half, found)
    rest = GuestAnswer(None if said.items is None else said.items[len(first) // 2 :])
    yield _same("same answer in another batch", rest, later, "let no row depend on another")
    yield _learned(trial)
    deep, profiles = trial.requests(1)
    said = _asked(trial, deep, found)
    if isinstance(said, str):
        yield Conformance("a session with a history", False, said)
        return
    wrong = [one for one in _faults(trial, said, profiles) if not one.ok]
    detail = "; ".join(one.detail for one in wrong) or f"{len(deep)} requests after a first slate"
    yield Conformance("a session with a history", not wrong, detail)
    if said.propensities is not None:
        yield _as_claimed(trial, deep, found)
    yield _new_items(trial, deep, profiles, found)
    for _ in range(10):
        _asked(trial, deep, found)


def _asked(trial: _Trial, requests: Requests, found: Checked) -> GuestAnswer | str:
    began = time.perf_counter()
    try:
        said = trial.door.slates(requests)
    except GuestError as error:
        return f"{error.kind}: {error}"
    found.seconds.append(time.perf_counter() - began)
    if len(found.seconds) > 1:
        found.slates += len(requests)
    return said


ADVICE = {
    "wrong shape": "answer with int [n, k]",
    "no number": "answer with whole numbers",
    "unknown item": "number items from 0 to shop.n_items - 1",
    "not to be shown": "leave out what requests.allowed excludes",
    "twice": "show each item once",
    "too few": "what you leave open is filled by lot",
}


def _faults(trial: _Trial, said: GuestAnswer, profiles: Profiles) -> Iterator[Conformance]:
    config = trial.known.config
    answered = completed(said, profiles, trial.on_sale, config=config, seed=trial.known.seed)
    for kind, advice in ADVICE.items():
        bad = int((answered.faults[:, FAULTS.index(kind)] > 0).sum())
        detail = f"{bad} of {len(profiles)} slates; {advice}" if bad else "none"
        yield Conformance(kind, not bad or kind == "too few", detail)


def _same(name: str, said: GuestAnswer, again: GuestAnswer | str, advice: str) -> Conformance:
    if isinstance(again, str):
        return Conformance(name, False, again)
    if said.items is None or again.items is None or said.items.shape != again.items.shape:
        return Conformance(name, False, f"another shape; {advice}")
    n = int((said.items != again.items).any(axis=1).sum())
    detail = f"{n} of {len(said.items)} slates differ; {advice}" if n else "all equal"
    return Conformance(name, not n, detail)


def _as_claimed(trial: _Trial, deep: Requests, found: Checked) -> Conformance:
    """Its propensities beside how often it shows what it shows: one request comes again and again,
    each time from a session of its own.
    """
    claims = []
    many = deep.table.take([0] * BATCH)
    place = many.schema.get_field_index("session")
    for number in range(CLAIMS // BATCH):
        sessions = FIRST_CLAIM + number * BATCH + np.arange(BATCH)
        asked = many.set_column(place, many.schema.field(place), [sessions])
        said = _asked(trial, Requests(asked, deep.on_sale), found)
        if isinstance(said, str):
            return Conformance("propensities", False, said)
        if said.items is None or said.propensities is None:
            return Conformance("propensities", False, "not every answer has them; say all or none")
        if said.items.shape != said.propensities.shape:
            return Conformance("propensities", False, "one for each item: float [n, k]")
        is_number = np.isfinite(said.items)
        claims.append((np.where(is_number, said.items, -1).astype(np.int64), said.propensities))
    items, chances = (np.concatenate(part) for part in zip(*claims, strict=True))
    wrong = misfit(items, chances)
    detail = f"it shows as often as it says, in {len(items):,} answers to one request"
    return Conformance("propensities", not wrong, wrong or detail)


def _learned(trial: _Trial) -> Conformance:
    first = trial.events.rows["session"] < trial.shared.world.n_shoppers
    is_impression = trial.events.rows["kind"] == Kind.IMPRESSION
    shown = trial.events.shown[first[is_impression]]
    try:
        trial.door.learn(tables.day(0, Events(trial.events.rows[first], shown)))
    except GuestError as error:
        return Conformance("learns a day", False, str(error))
    return Conformance("learns a day", True, f"{int(first.sum()):,} events")


def _new_items(
    trial: _Trial, requests: Requests, profiles: Profiles, found: Checked
) -> Conformance:
    """A tenth of the items is not sold yet; none of them may stand on a slate."""
    on_sale = trial.on_sale
    on_sale[::10] = False
    said = _asked(trial, Requests(requests.table, on_sale), found)
    if isinstance(said, str):
        return Conformance("an item not sold yet", False, said)
    config = trial.known.config
    answered = completed(said, profiles, on_sale, config=config, seed=trial.known.seed)
    bad = int((answered.faults[:, FAULTS.index("not to be shown")] > 0).sum())
    detail = f"{bad} of {len(profiles)} slates show one; {ADVICE['not to be shown']}"
    return Conformance("an item not sold yet", not bad, detail if bad else "none is shown")
