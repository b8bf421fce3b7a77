"""Events out: the same bytes for the same run, wherever and however it was played."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID, uuid5

import numpy as np

from db import event_log, imported_logs, items, runs
from db.engine import read_transaction
from db.errors import UsageError
from db.events import ABSENT, Events, Kind, Rows
from simulator.installation import output
from simulator.installation.context import Context
from simulator.installation.named import named
from simulator.operations.propensities import of_run
from simulator.playing.export_formats import formats, json_lines
from simulator.playing.export_formats.contents import ExportedLog, Fields

Chances = Mapping[tuple[int, int], Sequence[float | None]]
"""Propensities by (session, step)."""
NAMESPACE = UUID("6f1d7c1e-2b1b-5c0e-9a57-7f6f0f6b9c11")
"""Under which event ids are made; part of the format."""


def event_id(run: str, session: int, ordinal: int) -> str:
    """uuid5 of run, session and ordinal: an event's id follows from its place."""
    return str(uuid5(NAMESPACE, f"{run}/{session}/{ordinal}"))


def objects(
    run: str, events: Events, item_ids: Sequence[str], chances: Chances | None = None
) -> Iterator[Fields]:
    """One object an event, keys in the format's order, sorted by (at, shopper, session, ordinal).

    chances: stand in each impression behind its items, as `propensities`; left out: no such key.
    """
    rows = events.rows
    slates = iter(events.shown)
    shown = {place: next(slates) for place in np.flatnonzero(rows["kind"] == Kind.IMPRESSION)}
    # Sorted here and not by the database, whose collations differ.
    order = np.lexsort((rows["ordinal"], rows["session"], rows["shopper"], rows["at"]))
    for place in order:
        yield _fields(run, rows[place], item_ids, shown.get(place), chances)


def lines(
    run: str, events: Events, item_ids: Sequence[str], chances: Chances | None = None
) -> Iterator[str]:
    """The same as canonical JSON lines."""
    return map(json_lines.line, objects(run, events, item_ids, chances))


def write(
    run: str,
    events: Events,
    item_ids: Sequence[str],
    out: TextIO,
    chances: Chances | None = None,
) -> int:
    """Write all events; says how many."""
    for line in lines(run, events, item_ids, chances):
        out.write(line + "\n")
    return len(events)


def _fields(
    run: str, row: Rows, item_ids: Sequence[str], shown: Any, chances: Chances | None
) -> Fields:
    session = int(row["session"])
    fields: Fields = {
        "event_id": event_id(run, session, int(row["ordinal"])),
        "run": run,
        "kind": Kind(int(row["kind"])).name.lower(),
        "shopper": int(row["shopper"]),
        "session": session,
        "step": int(row["step"]),
        "at": int(row["at"]) / 1000,
    }
    if row["query"] != ABSENT:
        fields["query"] = item_ids[int(row["query"])]
    if shown is not None:
        fields["items"] = [item_ids[item] for item in shown if item != ABSENT]
        if chances is not None:
            nothing_said = [None] * len(fields["items"])
            told = chances.get((session, int(row["step"])), nothing_said)
            fields["propensities"] = told[: len(fields["items"])]  # a guest's are for whole slates
    if row["item"] != ABSENT:
        fields["item"] = item_ids[int(row["item"])]
    if row["position"] != ABSENT:
        fields["position"] = int(row["position"])
    if row["impression"] != ABSENT:
        fields["impression"] = event_id(run, session, int(row["impression"]))
    if row["price"] != ABSENT:
        fields["price"] = int(row["price"]) / 100
    if row["dwell"] != ABSENT:
        fields["dwell"] = int(row["dwell"]) / 1000
    return fields


def run_or_log(
    context: Context, name: str, *, policy: str | None = None, seed: int | None = None
) -> str:
    """The one run or imported log behind a name; UsageError with the choice where there are
    several.
    """
    with read_transaction(context.engine) as conn:
        is_log = imported_logs.read(conn, name) is not None
    return name if is_log else named(context, name).one(policy, seed)


@dataclass(frozen=True)
class Exported:
    """What was written."""

    events: int
    """That the run or log holds."""
    rows: int
    """Lines or rows of the format, without its header."""
    noun: str
    """What one of them is, in the plural."""


def export(
    context: Context,
    run_id: str,
    out: Path | None,
    *,
    with_propensities: bool = False,
    format_: str = "jsonl",
) -> Exported:
    """Write a run's or imported log's events to a file, whole or not at all, or to standard
    output.

    with_propensities: with the probability of each item to stand at its place; UsageError where
    the run has none. format_: a name of formats.FORMATS, else UsageError.
    """
    chosen = formats.chosen(format_, with_propensities=with_propensities)
    output.check_stream(out, format_, is_text=chosen.is_text)
    with read_transaction(context.engine) as conn:
        imported = imported_logs.read(conn, run_id)
    if imported is None:
        wanted = with_propensities or chosen.needs_propensities
        log = _of_run(context, run_id, of_run(context, run_id) if wanted else None)
    elif with_propensities:
        raise UsageError(f"{run_id} is an imported log: it holds what it came with")
    else:
        log = _of_log(run_id, *imported)
    return Exported(
        log.n_events, output.put(out, lambda file: chosen.write(log, file)), chosen.rows
    )


def _of_run(context: Context, run_id: str, chances: Chances | None) -> ExportedLog:
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, run_id)
        item_ids = [item.item_id for item in items.of_run(conn, run.number)]
        events = event_log.read(conn, run.number, k=run.config["recommender"]["slate_size"])
    event_log.require_known(run_id, events, len(item_ids))
    return ExportedLog(
        run.id,
        len(events),
        lambda: objects(run.id, events, item_ids, chances),
        has_propensities=chances is not None,
    )


def _of_log(log_id: str, content: str, n_events: int) -> ExportedLog:
    def events() -> Iterator[Fields]:
        for line in content.split("\n"):
            if line:
                fields = json.loads(line)
                yield {**fields, "kind": str(fields["kind"]).lower()}

    has_propensities = '"propensities":' in content
    return ExportedLog(log_id, n_events, events, content, has_propensities=has_propensities)
