"""Requests, and what was shown, as rows: those of many people in one transaction, each step of it
one statement for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import event_log, offers, slates, visits, work
from db.errors import UsageError
from db.events import ABSENT, Events, Kind, blank
from db.visits import AtOnce, Last, Visit
from recommender.ranking import SLATE
from simulator.shop.live.live_run import LiveRun

LAST_STEP = np.iinfo(np.int16).max - 1
One = TypeVar("One", bound="_InALiveRun")


@dataclass(frozen=True)
class HeldRequest:
    """A request of a visit that is open and held."""

    live: LiveRun
    visit: Visit
    query: int
    kind: Kind
    brings: bool = False
    """She brought the picture, which may have no embedding yet."""


@dataclass(frozen=True)
class SlateToShow:
    """What of a slate is shown. items: int32 [k], -1 where nothing is; None: its first `most`."""

    live: LiveRun
    session: int
    step: int
    items: NDArray[np.int32] | None = None
    most: int | None = None


@dataclass(frozen=True)
class SlateSeen:
    """A slate that was shown. entries: SLATE [k]; query: item number; impression: its ordinal."""

    query: int
    entries: Any
    impression: int
    generation: int


class _InALiveRun(Protocol):
    @property
    def live(self) -> LiveRun: ...


def store(
    conn: Connection, asked: Sequence[HeldRequest], moment: AtOnce
) -> tuple[list[int | Exception], list[int]]:
    """Store requests to one live run with their work; gives the step of each, or why it cannot be
    stored, and the ids of work to ring for.
    """
    live = asked[0].live
    number = live.run.number
    sessions = sorted({one.visit.session for one in asked})
    last = visits.last_all(conn, number, sessions, moment.age)
    steps: list[int | Exception] = []
    rows = []
    payloads: dict[str, dict[str, Any]] = {}
    for one in asked:
        before = last[one.visit.session]
        step = before.step + 1
        if step > LAST_STEP:
            said = f"a visit has at most {LAST_STEP} searches; leave, and come again"
            steps.append(UsageError(said))
            continue
        last[one.visit.session] = Last(before.ordinal + 1, step, before.at + 1)
        rows.append(_row(one.visit, before, one.kind, step, one.query))
        payloads[f"{one.visit.session}.{step}"] = _payload(one, step, moment)
        offers.note_seen(conn, number, [one.visit.session], step, moment.change)
        steps.append(step)
    if not rows:
        return steps, []
    event_log.append(conn, number, Events(np.concatenate(rows), np.zeros((0, live.k), np.int32)))
    visits.touch_all(conn, number, sessions)
    ids = work.add_new(conn, number, "answer", payloads, moment.now)
    return steps, _bells(payloads, ids)


def _row(visit: Visit, last: Last, kind: Kind, step: int, query: int) -> NDArray[np.void]:
    row = blank(1)
    row["session"] = visit.session
    row["ordinal"] = last.ordinal
    row["kind"] = kind
    row["shopper"] = visit.shopper
    row["step"] = step
    row["at"] = last.at
    row["query"] = query
    return row


def _payload(one: HeldRequest, step: int, moment: AtOnce) -> dict[str, Any]:
    return {
        "generation": moment.generation,
        "step": step,
        "sessions": [one.visit.session],
        "brings": one.brings,
        "refused": [item for item, _ in one.visit.refused],
        "model": one.live.run.config["model"],
        "runtime": one.live.run.config["runtime"],
        "offers": moment.change,
    }


def _bells(payloads: dict[str, dict[str, Any]], ids: dict[str, int]) -> list[int]:
    """One for all that a worker does at once, and one for each that is done alone."""
    found: list[int] = []
    shares = False
    for key, payload in payloads.items():
        is_alone = payload["brings"] or payload["refused"]
        if is_alone or not shares:
            found.append(ids[key])
        shares |= not is_alone
    return found


def show(conn: Connection, shown: Sequence[SlateToShow]) -> list[SlateSeen | None]:
    """Note, once, what of slates of one live run is shown; None where a slate is not there."""
    live = shown[0].live
    number = live.run.number
    sessions = sorted({one.session for one in shown})
    for session in sessions:
        visits.hold(conn, number, session)
    keys = {(one.session, one.step) for one in shown}
    there = slates.some(conn, number, keys, dtype=SLATE, k=live.k)
    told = event_log.asked_and_shown(conn, number, keys)
    known = visits.read_all(conn, number, sessions)
    last = visits.last_all(conn, number, sessions, visits.age(conn, number))
    rows = []
    lists = []
    found: list[SlateSeen | None] = []
    for one in shown:
        key = one.session, one.step
        if key not in there:
            found.append(None)
            continue
        entries, generation = there[key]
        query, ordinal = told[key]
        visit = known.get(one.session)
        if ordinal < 0 and visit is not None and visit.ended is None:
            before = last[one.session]
            ordinal = before.ordinal
            told[key] = query, ordinal
            last[one.session] = before._replace(ordinal=ordinal + 1, at=before.at + 1)
            rows.append(_row(visit, before, Kind.IMPRESSION, one.step, query))
            lists.append(_items(one, entries))
        found.append(SlateSeen(query, entries, ordinal, generation))
    if rows:
        event_log.append(conn, number, Events(np.concatenate(rows), np.stack(lists)))
    return found


def _items(one: SlateToShow, entries: Any) -> NDArray[np.int32]:
    if one.items is not None:
        return one.items.astype(np.int32)
    items: NDArray[np.int32] = entries["item"].astype(np.int32)
    items[len(items) if one.most is None else one.most :] = ABSENT
    return items


def by_run(wishes: Sequence[One]) -> Iterator[tuple[list[int], list[One]]]:
    """Those of each live run, with their places, runs in the order of their numbers."""
    for number in sorted({one.live.run.number for one in wishes}):
        places = [place for place, one in enumerate(wishes) if one.live.run.number == number]
        yield places, [wishes[place] for place in places]
