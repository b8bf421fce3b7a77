"""The guest of a run that is stored: its shop and its days, read from the database."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from db import cointeractions, embeddings, event_log, guests, images, items, runs
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import NotFoundError
from recommender.search.similarity import round_embeddings
from workers.guests import tables
from workers.guests.door import Limits
from workers.guests.doors.opening import open_door
from workers.guests.guest import Guest
from workers.guests.host import Host, shop_of
from workers.guests.protocol import Day, Shop


def keep(
    conn: Connection,
    run: int,
    guest: Guest,
    limits: Limits,
    *,
    is_strict: bool,
    prices: NDArray[np.int32],
) -> None:
    """Remember where a run finds its guest; prices: int32 [n], cents, of all items.

    A server learns to know a run by a name that is new each time it is played from the start, for
    it keeps what it has learned under that name. A run that is resumed keeps its name.
    """
    before = guests.read(conn, run)
    called = f"{run:012x}-{time.time_ns():x}" if before is None else _called(run, before[0])
    about = {"guest": asdict(guest), "limits": asdict(limits), "strict": is_strict}
    guests.keep(conn, run, {**about, "called": called}, prices)


def host_of(engine: Engine, run: int, *, purpose: str = "") -> Host | None:
    """The guest of a run, not asked yet; None where the recommender is ours.

    purpose: what a server calls this run, where it is not the one that is played.
    """
    with read_transaction(engine) as conn:
        found = guests.read(conn, run)
        if found is None:
            return None
        about, prices = found
        config = runs.by_number(conn, run).config
        shop = _shop(conn, run, config, prices)
    guest = Guest(**about["guest"])
    door = open_door(guest, Limits(**about["limits"]), purpose or _called(run, about))
    k = config["recommender"]["slate_size"]

    def day(generation: int) -> Day | None:
        return _day(engine, run, generation, k)

    return Host(guest.name, door, shop, day, is_strict=about["strict"])


def _called(run: int, about: dict[str, Any]) -> str:
    """What a server calls a run; runs of earlier versions go by their id."""
    return str(about.get("called", f"{run:012x}"))


def guest_of(engine: Engine, run: int) -> Guest:
    """The guest of a run. Raises NotFoundError where the recommender is ours."""
    with read_transaction(engine) as conn:
        found = guests.read(conn, run)
    if found is None:
        raise NotFoundError(f"run {run:012x} has no guest")
    return Guest(**found[0]["guest"])


def _shop(conn: Connection, run: int, config: dict[str, Any], prices: NDArray[np.int32]) -> Shop:
    embedder = EmbedderKey(config["model"], config["runtime"])
    return shop_of(
        items.of_run(conn, run),
        prices=prices,
        pictures=images.of_run(conn, run),
        vectors=round_embeddings(embeddings.of_run(conn, run, embedder)),
        k=config["recommender"]["slate_size"],
        seed=config["seed"],
    )


def _day(engine: Engine, run: int, generation: int, k: int) -> Day | None:
    with read_transaction(engine) as conn:
        sessions = cointeractions.ended_sessions(conn, run, generation)
        events = event_log.read_sessions(
            conn, run, sessions, up_to_step=np.iinfo(np.int16).max, k=k
        )
    return tables.day(generation, events) if len(sessions) else None
