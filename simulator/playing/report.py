"""Reads runs back from the database, measures them, and writes the report of a run or an
experiment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import embeddings, event_log, guests, images, items, runs, slate_outcomes, slates
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import GateError, UsageError
from db.events import Events
from db.items import FROM_CLUSTERS, Item
from db.runs import FINISHED, Run
from db.views import View
from recommender.ranking import SLATE
from recommender.search.similarity import round_embeddings
from simulator.catalogues import stored as catalogues
from simulator.installation import provenance, run_folder
from simulator.installation.context import Context
from simulator.installation.named import named
from simulator.playing.again import playing_again
from simulator.playing.simulate import turn_of, world_of
from simulator.report import mlflow_log
from simulator.report.numbers.panel import Expectations, RunData, ShownSlates
from simulator.report.numbers.primary import Primary, kept
from simulator.report.pages.writer import Headline, write_report
from workers.knowledge import LIVE

PAGE = View(64, 3)
"""How large and in what colours pictures stand in the page; the same for every own catalogue."""


def report(
    context: Context,
    name: str,
    *,
    primary: Primary | None = None,
    gates: Sequence[str] = (),
    gate_on: Literal["low", "value"] = "low",
    command: str | None = None,
    mlflow: str | None = None,
) -> Headline:
    """Write the report of a run or experiment into its directory; gates like `hit_rate@10=0.3` must
    be met.

    primary: what decides; left out, what was declared with the experiment.
    gate_on: what must reach the gate, the lower end of the interval or the value itself.
    mlflow: where the report is kept as well, file:/// or http://, whether a gate holds or not.

    Raises NotFoundError for an unknown name, UsageError for one that is not finished, GateError for
    a gate.
    """
    wanted = [_parsed(gate) for gate in gates]
    if mlflow is not None:
        mlflow_log.check(mlflow)
    meant = named(context, name)
    loaded = [load(context, run_id) for run_id in meant.run_ids]
    folder = context.settings.runs / name
    run_folder.check_writable(context.settings.runs)
    again = playing_again(context.settings, [run.config for run in loaded])
    declared = kept(meant.primary)
    about = declared if primary is None else primary.beside(declared)
    headline = write_report(loaded, folder, primary=about, command=command or again)
    if mlflow is not None:
        mlflow_log.keep(mlflow, meant.id, loaded, headline)
    for metric, least in wanted:
        _hold(headline, metric, least, gate_on)
    return headline


def load(context: Context, run_id: str) -> RunData:
    """One finished run as plain arrays; while another command plays it, we wait for its end.

    Raises NotFoundError for an unknown run, UsageError for one that is live or stays unfinished.
    """
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        _require_a_judge(run)
        if run.state == FINISHED:
            return _gathered(conn, run)
    with turn_of(context, run_id), read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        if run.state != FINISHED:
            raise UsageError(f"run {run_id} is not finished; call its command again and it goes on")
        return _gathered(conn, run)


def _require_a_judge(run: Run) -> None:
    if run.config.get("kind") == LIVE:
        raise UsageError(
            f"run {run.id} is live and has no judge, so nothing is measured of it; "
            f"`windowshop verify {run.id}` checks it, `windowshop events export {run.id}`"
            " writes its events"
        )


def origin(run: Run) -> dict[str, Any]:
    """Where a run's numbers come from."""
    config = run.config
    return {
        "seed": config["seed"],
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "model": config["model"],
        "runtime": config["runtime"],
        "data_sha256": config["data"],
        "preset_sha256": config["world"]["sha256"],
    }


def _gathered(conn: Connection, run: Run) -> RunData:
    config = run.config
    k = config["recommender"]["slate_size"]
    session, step, _, entries = slates.of_run(conn, run.number, dtype=SLATE, k=k)
    embedder = EmbedderKey(config["model"], config["runtime"])
    world = world_of(conn, run)
    chosen = items.of_run(conn, run.number)
    events = event_log.read(conn, run.number, k=k)
    event_log.require_known(run.id, events, len(chosen), slates=entries["item"])
    return run_data(
        run,
        chosen,
        prices=world.catalogue.price.astype(np.int32),
        price_sensitivity=world.population.price_sensitivity,
        events=events,
        slates=ShownSlates(session, step, entries),
        expectations=Expectations(
            *slate_outcomes.of_run(conn, run.number, k=k),
            *slate_outcomes.later_of_run(conn, run.number, k=k),
        ),
        pixels=images.of_run(conn, run.number),
        shown=images.of_run(conn, run.number, PAGE) if is_in_colour(config) else None,
        unit_rows=round_embeddings(embeddings.of_run(conn, run.number, embedder)),
        notes=guests.notes(conn, run.number) if "guest" in config else {},
    )


def run_data(
    run: Run,
    chosen: Sequence[Item],
    *,
    prices: NDArray[np.int32],
    price_sensitivity: NDArray[np.float64],
    events: Events,
    slates: ShownSlates,
    expectations: Expectations,
    pixels: NDArray[np.uint8],
    shown: NDArray[np.uint8] | None,
    unit_rows: NDArray[np.float32],
    notes: Mapping[tuple[int, int], Mapping[str, Any]],
) -> RunData:
    """A finished run as plain arrays, stored or not; chosen: its items by number."""
    config = run.config
    return RunData(
        run=run.id,
        policy=config["policy"],
        config=config,
        events=events,
        slates=slates,
        expectations=expectations,
        item_ids=[item.item_id for item in chosen],
        categories=catalogues.category_numbers(chosen, config["categories"]),
        class_names=config["categories"],
        prices=prices,
        price_sensitivity=price_sensitivity,
        pixels=pixels,
        shown=shown,
        are_clusters=any(item.source == FROM_CLUSTERS for item in chosen),
        embeddings=unit_rows,
        notes=notes,
        n_items=config["items"],
        n_shoppers=config["shoppers"],
        days=config["days"],
        provenance=origin(run),
    )


def is_in_colour(config: dict[str, Any]) -> bool:
    """Whether people see the pictures of a run in colour, which the judge does not."""
    return bool(config["catalogue"] != catalogues.FASHION_MNIST)


def _parsed(gate: str) -> tuple[str, float]:
    metric, _, least = gate.partition("=")
    try:
        wanted = float(least)
    except ValueError:
        wanted = math.nan
    if not math.isfinite(wanted):  # no value lies under nan, so such a gate would hold nothing back
        raise UsageError(
            f"--fail-under {gate!r} is not METRIC=NUMBER, hit_rate@10=0.3 for instance"
        )
    return metric, wanted


def _hold(headline: Headline, metric: str, least: float, end: Literal["low", "value"]) -> None:
    what = "the lower end of the interval of " if end == "low" else ""
    for policy, found in headline.metrics["policies"].items():
        if metric not in found["metrics"]:
            raise UsageError(f"no metric {metric!r}; metrics.json lists them")
        value = found["metrics"][metric][end]
        if value is None and end == "low":
            raise GateError(
                f"{metric} of {policy} has no interval here; play several seeds, or gate --on value"
            )
        if value is None or value < least:
            found_value = "not defined" if value is None else f"{value:.4g}"
            raise GateError(
                f"{what}{metric} of {policy} is {found_value}, wanted at least {least:g}"
            )
