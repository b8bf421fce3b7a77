"""A run's counts, generation by generation, beside those that its folds stored."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db import cointeractions, event_log, items, runs
from db.cointeractions import Generation
from db.engine import read_transaction
from db.errors import DataError, UsageError
from db.runs import FINISHED, LIVE, Run
from recommender.config import RecommenderConfig
from recommender.scoring.calibration import start
from recommender.scoring.cointeraction import Counts
from recommender.scoring.pair_score import Learned
from simulator.installation.context import Context
from simulator.recount import tables
from simulator.recount.cells import Cells, first_difference
from simulator.recount.counted import CountedPart
from simulator.recount.engines.engine import Engine
from simulator.recount.question import SlateQuestion

PIECE = 20_000
"""Sessions whose events are in memory at once."""


def counted(context: Context, run_id: str, engine: Engine, folder: Path) -> Iterator[CountedPart]:
    """Each generation in turn; raises UsageError for a run that goes on."""
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        generations = cointeractions.generations(conn, run.number)
        n = len(items.of_run(conn, run.number))
    if run.config.get("kind") == LIVE or run.state != FINISHED:
        raise UsageError(
            f"only finished runs are counted again, found {run_id}, which goes on;"
            f" `windowshop verify {run_id}`"
        )
    config = RecommenderConfig.from_json(runs.canonical(run.config["recommender"]))
    if min(config.profile.decay, config.profile.search_damping) <= 0:
        raise UsageError(
            f"run {run_id} forgets at once, which no engine counts; `windowshop verify`"
        )
    weights = start(config.learning, config.slate_size).weights
    with context.talk.progress(f"counting with {engine.title}", len(generations)) as step:
        for fold in generations:
            place = folder / f"generation-{fold.number}"
            question = SlateQuestion(place, n, config.profile)
            _write(context, run, fold, place, weights)
            yield _compared(context, run, fold, engine.count(question), question.names)
            shutil.rmtree(place)
            weights = _weights(run, fold)
            step()


def _write(
    context: Context, run: Run, fold: Generation, place: Path, weights: NDArray[np.int64]
) -> None:
    """The generation's tables, some sessions at a time."""
    k = len(weights)
    tables.write_weights(place, weights)
    with read_transaction(context.engine) as conn:
        sessions = cointeractions.ended_sessions(conn, run.number, fold.number)
    for piece, begin in enumerate(range(0, max(1, len(sessions)), PIECE)):
        some = sessions[begin : begin + PIECE]
        with read_transaction(context.engine) as conn:
            last = np.iinfo(np.int16).max
            events = event_log.read_sessions(conn, run.number, some, up_to_step=last, k=k)
        tables.write_slates(place, events, piece)


def _compared(
    context: Context, run: Run, fold: Generation, found: Cells, names: tuple[str, str]
) -> CountedPart:
    with read_transaction(context.engine) as conn:
        packed = cointeractions.increments(
            conn, run.number, after=fold.number - 1, up_to=fold.number
        )
    try:
        kept = Counts.unpack(found.n, packed)
    except ValueError as error:
        raise DataError(
            f"the counts of run {run.id} are damaged ({error}); play it anew with --again"
        ) from None
    wanted = Cells.of(kept.n, kept.key, kept.shown, kept.acted)
    difference = first_difference(wanted, found)
    where = f"generation {fold.number}, "
    return CountedPart(max(len(wanted), len(found)), fold.sessions, difference, where, names)


def _weights(run: Run, fold: Generation) -> NDArray[np.int64]:
    """What the next generation's slates are counted with."""
    try:
        return Learned.from_json(fold.learned).weights
    except (ValueError, TypeError) as error:
        raise DataError(
            f"what run {run.id} learned is damaged ({error}); play it anew with --again"
        ) from None
