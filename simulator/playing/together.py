"""An experiment for Python: in memory, or by way of database and workers, with one result."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from db import images, runs
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import UsageError
from db.runs import FINISHED, Run
from simulator.embedders.vectors import vectors
from simulator.installation.context import Context, Step
from simulator.playing.again import playing_again
from simulator.playing.experiment import (
    SIZES,
    PlayedExperiment,
    fitted,
    play_experiment,
    write_comparison,
)
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.record import Record
from simulator.playing.report import PAGE, is_in_colour, load, run_data
from simulator.playing.simulate import prepare_all
from simulator.report.numbers.panel import RunData
from simulator.report.numbers.primary import DEFAULT, Primary
from simulator.report.results import Result

if TYPE_CHECKING:
    from simulator.guests.in_memory import GuestInMemory


def play_together(
    context: Context,
    plan: Plan,
    policies: Sequence[str],
    *,
    n_seeds: int,
    is_stored: bool,
    fit: Sequence[str] = SIZES,
    primary: Primary = DEFAULT,
) -> Result:
    """Each policy under each seed, the plan's and those after it.

    fit: sizes that nobody asked for; where the catalogue has fewer, take what it has. primary: the
    comparison that decides. Raises UsageError for what cannot be played.
    """
    if not policies:
        raise UsageError("no policy was named; give a list, ['visual', 'blend'] for instance")
    if n_seeds < 1:
        raise UsageError(f"seeds must be at least 1, found {n_seeds}")
    names = tuple(dict.fromkeys(policies))
    for name in names:
        replace(plan, policy=name)  # an unknown one is refused before anything is played
    primary.require_among(names)
    if is_stored:
        done = play_experiment(context, plan, names, n_seeds=n_seeds, fit=fit, primary=primary)
        write_comparison(context, done, primary=primary)
        played = _stored(context, done)
    else:
        played = _in_memory(context, plan, names, n_seeds, fit)
    command = playing_again(context.settings, [run.config for run in played])
    return Result(played, command, primary)


def _stored(context: Context, done: PlayedExperiment) -> list[RunData]:
    ids = [run_id for of_seed in done.seeds.values() for run_id in of_seed.values()]
    return [load(context, run_id) for run_id in ids]


def _in_memory(
    context: Context, plan: Plan, policies: Sequence[str], n_seeds: int, fit: Sequence[str]
) -> list[RunData]:
    sized = fitted(context, plan, fit)
    seeds = range(plan.seed, plan.seed + n_seeds)
    plans = [replace(sized, policy=policy, seed=seed) for seed in seeds for policy in policies]
    prepared = iter(prepare_all(context, plans))
    worlds = {seed: [next(prepared) for _ in policies] for seed in seeds}
    _embed(context, [first for first, *_ in worlds.values()])
    played = []
    for seed in seeds:
        shared: SharedWorld | None = None
        for policy, resolved in zip(policies, worlds[seed], strict=True):
            shared = shared or share_world(resolved.config, *gather(context, resolved))
            with context.talk.progress(f"{policy} (seed {seed})", plan.days) as step:
                record = Record(resolved.config["recommender"]["slate_size"])
                with _guest(resolved, shared) as guest:
                    play_in_memory(
                        shared,
                        policy,
                        record=record,
                        after_day=partial(_one_more, step),
                        guest=guest,
                    )
            played.append(remembered(context, resolved, shared, record, guest))
    return played


def _embed(context: Context, worlds: Sequence[Resolved]) -> None:
    """The pictures of all worlds at once: a network is opened for them once."""
    hashes = {item.image for world in worlds for item in world.items}
    config = worlds[0].config
    vectors(context, EmbedderKey(config["model"], config["runtime"]), sorted(hashes))


@contextmanager
def _guest(resolved: Resolved, shared: SharedWorld) -> Iterator[GuestInMemory | None]:
    """Whom a run asks for slates in our place, for as long as it is played."""
    if resolved.guest is None:
        yield None
        return
    from simulator.guests.in_memory import guest_in_memory  # noqa: PLC0415 - Arrow

    guest = guest_in_memory(
        resolved.guest,
        resolved.config,
        resolved.items,
        prices=shared.world.catalogue.price.astype(np.int32),
        pictures=shared.pixels,
        vectors=shared.vectors,
        run=f"{runs.id_of(resolved.config)}-{time.time_ns():x}",  # a server begins anew
    )
    try:
        yield guest
    finally:
        guest.close()


def _one_more(step: Step, day: int) -> None:
    del day
    step()


def remembered(
    context: Context,
    resolved: Resolved,
    shared: SharedWorld,
    record: Record,
    guest: GuestInMemory | None,
) -> RunData:
    """A run in memory as the report reads one from the database."""
    config: dict[str, Any] = json.loads(runs.canonical(resolved.config))  # as it comes back stored
    run_id = runs.id_of(config)
    hashes = [item.image for item in resolved.items]
    with read_transaction(context.engine) as conn:
        pixels = images.read(conn, hashes)
        shown = images.read(conn, hashes, PAGE) if is_in_colour(config) else None
    return run_data(
        Run(int(run_id, 16), run_id, config, FINISHED),
        resolved.items,
        prices=shared.world.catalogue.price.astype(np.int32),
        price_sensitivity=shared.world.population.price_sensitivity,
        events=record.events,
        slates=record.slates,
        expectations=record.expectations,
        pixels=pixels,
        shown=shown,
        unit_rows=shared.vectors,
        notes=guest.notes if guest is not None else {},
    )
