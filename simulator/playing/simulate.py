"""One run: prepares what it lacks, plays or resumes it, and leaves it finished in the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import embeddings, event_log, images, items, runs, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.errors import DataError, UsageError
from db.items import QUERY_SPLIT, Item
from db.runs import FINISHED, Run
from db.turns import turn
from recommender.arrivals import Arrivals
from simulator.catalogues import stored as catalogues
from simulator.catalogues.fashion_mnist import CLASS_NAMES
from simulator.embedders import model as models
from simulator.guests.admitted import Admitted, admitted
from simulator.installation.context import Context
from simulator.playing.desk import Desk, Workforce
from simulator.playing.plan import Plan, Resolved, choose, resolve
from simulator.playing.play import play
from simulator.world.catalogue import Pictures
from simulator.world.day import build_world
from simulator.world.presets import FASHION_CATEGORIES, from_settings
from simulator.world.session import World
from workers import queue
from workers.embed import BATCH as EMBED_BATCH
from workers.local_workforce import LocalWorkforce
from workers.supervisor import Supervisor

_EMBEDDING = threading.Lock()
"""Runs that are played at once share pictures: what one has embedded, the next one finds."""


@dataclass(frozen=True)
class Played:
    """A finished run and how long it took; timings never enter anything that must be the same
    twice.
    """

    run: Run
    events: int
    seconds: dict[str, float]
    was_stored: bool = False


def workforce_for(context: Context, *, local: bool) -> AbstractContextManager[Workforce]:
    """Who does the work: this process, or a supervisor with the workers of the settings."""
    return LocalWorkforce(context.engine) if local else Supervisor(context.settings, context.engine)


def check_workforce(context: Context, *, local: bool) -> None:
    """Raise before anything slow when nobody could do the work: Redis is away, or there are no
    workers.
    """
    settings = context.settings
    if local:
        return
    if settings.redis_url:
        queue.connect(settings.redis_url).close()
    elif not settings.workers:
        raise UsageError(
            "--workers 0 leaves the work to others, who need REDIS_URL; set it, or ask for"
            " --workers 1"
        )


def prepare(context: Context, plan: Plan, *, is_strict: bool = False) -> Resolved:
    """Everything a plan needs before its first morning: catalogue, model, guest, config.

    is_strict: a bad answer of a guest stops the run.

    What can be wrong with the plan is found before the model is trained, which takes a minute.
    """
    [found] = prepare_all(context, [plan], is_strict=is_strict)
    return found


def prepare_all(
    context: Context, plans: Sequence[Plan], *, is_strict: bool = False
) -> list[Resolved]:
    """The same of several plans; what they share is read and drawn once."""
    index = context.settings.index
    stored = {name: catalogues.ensure(context, name) for name in {one.catalogue for one in plans}}
    chosen = {}
    for plan in plans:
        if _sizes(plan) not in chosen:
            chosen[_sizes(plan)] = choose(plan, stored[plan.catalogue])
    if index == "approximate" and find_spec("faiss") is None:
        raise UsageError(
            "setting index is approximate, but FAISS is not installed; install it with "
            "`pip install '.[faiss]'` in Windowshop's folder, or set index to exact"
        )
    guests = [admitted(plan.policy, is_strict=is_strict) for plan in plans]
    model = {name: models.ensure(context, name) for name in stored}
    return [
        resolve(
            plan,
            stored[plan.catalogue],
            model=model[plan.catalogue].key,
            runtime=model[plan.catalogue].runtime,
            index=index,
            guest=guest,
            chosen=chosen[_sizes(plan)],
        )
        for plan, guest in zip(plans, guests, strict=True)
    ]


def _sizes(plan: Plan) -> tuple[str, int, int, int]:
    """All that the choice of items and queries depends on."""
    return plan.catalogue, plan.seed, plan.items, plan.queries


def simulate(
    context: Context,
    resolved: Resolved,
    workforce: Workforce,
    *,
    again: bool = False,
    halt: threading.Event | None = None,
) -> Played:
    """Play one run to its end; a finished one is given back, an unfinished one is resumed.

    While another process plays this run, we wait: it ends finished, or we take it up where that one
    stopped. halt: when it is set, the run stops at its next request.
    """
    run_id = runs.id_of(resolved.config)
    with turn_of(context, run_id):
        with write_transaction(context.engine) as conn:
            if again:
                runs.forget(conn, int(run_id, 16))
            run = runs.open_run(conn, resolved.config)
            if run.state != FINISHED:
                items.assign(conn, run.number, run.config["catalogue"], resolved.items)
                work.drop(conn, run.number)
        if run.state == FINISHED:
            return Played(run, _count(context, run), {}, was_stored=True)
        desk = Desk(
            context.engine,
            run,
            workforce,
            k=run.config["recommender"]["slate_size"],
            halt=halt or threading.Event(),
        )
        return _play(context, desk, resolved.guest)


@contextmanager
def turn_of(context: Context, run_id: str) -> Iterator[None]:
    """A run that no other command plays meanwhile; while one does, we say so and wait."""

    def tell() -> None:
        context.talk.say(f"run {run_id} is being played by another command; waiting for it")

    with turn(context.engine, int(run_id, 16), tell):
        yield


def world_of(conn: Connection, run: Run) -> World:
    """The world of a run, made again from its config and the stored pictures.

    Raises DataError where pictures of its items are gone, as flipped bits leave them.
    """
    chosen = items.of_run(conn, run.number)
    pixels = images.of_run(conn, run.number)
    config = run.config
    if len(pixels) != len(chosen):
        raise DataError(
            f"run {run.id} has {len(chosen)} items and {len(pixels)} pictures of them: the database"
            " is damaged; `windowshop doctor` looks into it"
        )
    return build_world(
        from_settings(config["world"]["settings"]),
        seed=config["seed"],
        pictures=pictures_of(chosen, config["categories"], pixels),
        n_shoppers=config["shoppers"],
        slate_size=config["recommender"]["slate_size"],
        max_slates=config["slates"],
    )


def _play(context: Context, desk: Desk, guest: Admitted | None) -> Played:
    run = desk.run
    config = run.config
    with _EMBEDDING:
        embed_missing(context, desk, EmbedderKey(config["model"], config["runtime"]))
    with read_transaction(context.engine) as conn:
        world = world_of(conn, run)
    if guest is not None:
        _let_in(context, run, guest, world)
    desk.forget_time()
    began = time.perf_counter()
    with context.talk.progress(
        f"{config['policy']} (seed {config['seed']})", config["days"]
    ) as step:
        play(
            world,
            desk,
            days=config["days"],
            policy=config["policy"],
            seed=config["seed"],
            after_day=lambda _day: step(),
            arrivals=Arrivals.of(config),
        )
    took = time.perf_counter() - began
    with write_transaction(context.engine) as conn:
        runs.finish(conn, run.number)
    spent = {**desk.seconds, "shop": took - sum(desk.seconds.values()), "total": took}
    return Played(run._replace(state=FINISHED), desk.events_stored, spent)


def _let_in(context: Context, run: Run, admitted: Admitted, world: World) -> None:
    """Tell the workers of a run where its guest is; it may have moved since the run began."""
    from workers.guests.stored import keep  # noqa: PLC0415 - Arrow, for runs that need it

    prices = world.catalogue.price.astype(np.int32)
    with write_transaction(context.engine) as conn:
        keep(
            conn,
            run.number,
            admitted.guest,
            admitted.limits,
            is_strict=admitted.is_strict,
            prices=prices,
        )


def embed_missing(context: Context, desk: Desk, embedder: EmbedderKey) -> None:
    """Pictures without a vector get one, in jobs of a fixed size."""
    with read_transaction(context.engine) as conn:
        missing = embeddings.missing(conn, desk.run.number, embedder)
    if not missing:
        return
    pieces = [missing[start : start + EMBED_BATCH] for start in range(0, len(missing), EMBED_BATCH)]
    jobs = {
        piece[0][:48]: {"model": embedder.model, "runtime": embedder.runtime, "images": piece}
        for piece in pieces
    }
    with context.talk.progress(f"embedding {len(missing):,} pictures", len(jobs)) as step:
        desk.ask("embed", jobs, step)


def pictures_of(chosen: list[Item], names: list[str], pixels: NDArray[np.uint8]) -> Pictures:
    """A run's items as the world sees them; names: of the catalogue's categories, in their
    order.
    """
    # The world knows what goes with what for Fashion-MNIST's labels; others are numbered after
    # them.
    first = 0 if names == list(CLASS_NAMES) else FASHION_CATEGORIES
    return Pictures(
        pixels=pixels,
        category=(catalogues.category_numbers(chosen, names) + first).astype(np.int16),
        is_query=np.array([item.split == QUERY_SPLIT for item in chosen]),
        image_key=catalogues.image_keys(chosen),
        price=catalogues.prices(chosen),
    )


def _count(context: Context, run: Run) -> int:
    with read_transaction(context.engine) as conn:
        return sum(event_log.count(conn, run.number).values())
