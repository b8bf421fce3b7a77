"""Runs: the list, one of them, and two beside each other."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from db import event_log, runs, visits
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError, WindowshopError
from db.runs import FINISHED, Run
from recommender.registry import POLICY_NAMES
from simulator.report.numbers.comparison import Comparison
from simulator.report.text import labels
from simulator.shop.measuring.moments import MOST_LOOKED, moment_of
from simulator.shop.measuring.studies import measured
from simulator.shop.opening import Premises
from simulator.shop.pages.downloads import csv_file
from simulator.shop.pages.forest import Forest, forest
from simulator.shop.pages.render import page, page_as_it_comes
from workers.knowledge import LIVE

router = APIRouter(include_in_schema=False)

COLUMNS = ("run", "kind", "policy", "seed", "days", "shoppers", "items", "world", "state")
DIGEST = re.compile("[0-9a-f]{64}")
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""A report is one file with its own styles and pictures; it may load nothing."""


class ChosenRuns(BaseModel):
    """How the table of runs is sorted and filtered, as its address says it."""

    sort: str = Field("", max_length=20)
    desc: bool = False
    policy: str = Field("", max_length=64)
    kind: str = Field("", max_length=20)
    q: str = Field("", max_length=80)

    def of(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows that are shown, in their order."""
        found = [
            row
            for row in rows
            if self.policy in {"", row["policy"]}
            and self.kind in {"", row["kind"]}
            and self.q.lower() in " ".join(str(cell) for cell in row.values()).lower()
        ]
        if self.sort in COLUMNS:
            found.sort(key=lambda row: row[self.sort], reverse=self.desc)
        return found


@router.get("/runs")
def every(request: Request, chosen: Annotated[ChosenRuns, Query()]) -> Response:
    """The table of all runs; how it is sorted and filtered stands in its address."""
    rows = _rows(request)
    return page(
        request,
        "runs.html.j2",
        rows=chosen.of(rows),
        total=len(rows),
        columns=COLUMNS,
        chosen=chosen,
        policies=sorted({row["policy"] for row in rows}),
        offered=POLICY_NAMES,
    )


@router.get("/runs.csv")
def table(request: Request, chosen: Annotated[ChosenRuns, Query()]) -> Response:
    """The same table, sorted and filtered the same way, as a file."""
    rows = chosen.of(_rows(request))
    return csv_file("runs.csv", COLUMNS, ([row[name] for name in COLUMNS] for row in rows))


def _rows(request: Request) -> list[dict[str, Any]]:
    """All runs, the newest first."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        return [_row(one) for one in reversed(runs.every(conn))]


@router.get("/runs/{run}")
def one(request: Request, run: str) -> Response:
    """One run: what it is, what it measured, how it differs from the defaults."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        found = runs.read(conn, run)
        counts = event_log.count(conn, found.number)
        generation = visits.latest_generation(conn, found.number)
        others = [_row(other) for other in runs.every(conn) if _fits(found, other)]
    comparison = measured(shop.context, (found.id,)) if found.state == FINISHED else None
    return page(
        request,
        "run.html.j2",
        run=_row(found),
        config=found.config,
        facts={name: told(one) for name, one in flat(found.config).items() if "." not in name},
        counts={kind.name.lower(): number for kind, number in counts.items()},
        generation=generation,
        measures=_measures(comparison, found) if comparison else [],
        others=others,
        has_report=_report_of(shop, found) is not None,
    )


@router.get("/runs/{run}/report")
def report(request: Request, run: str) -> Response:
    """The report of a run, as it was written."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        found = runs.read(conn, run)
    place = _report_of(shop, found)
    if place is None:
        raise NotFoundError(f"run {found.id} has no report yet; `windowshop report {found.id}`")
    return HTMLResponse(place.read_text(), headers={"content-security-policy": REPORT_POLICY})


@router.get("/compare")
def compare(
    request: Request,
    a: str = Query("", max_length=12),
    b: str = Query("", max_length=12),
    moment: int = Query(0, ge=0, le=MOST_LOOKED),
) -> Response:
    """Two runs: the settings that differ, the paired differences of what they measured, and what
    each showed the same shopper at the same moment.
    """
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        rows = [_row(one) for one in reversed(runs.every(conn))]
        pair = [runs.read(conn, name) for name in (a, b)] if a and b else []
        met = moment_of(conn, (pair[0], pair[1]), moment) if pair else None
    finished = [row for row in rows if row["state"] == FINISHED]
    first, second = (a, b) if a and b else first_pair(finished)
    values: dict[str, Any] = {"rows": finished, "a": first, "b": second, "pair": []}
    if pair:
        values["pair"] = [_row(one) for one in pair]
        values["differing"] = differing(pair[0].config, pair[1].config)
        values |= {"plotted": partial(_plotted, shop, pair), "moment": met, "number": moment}
    return page_as_it_comes(request, "compare.html.j2", **values)


def _plotted(shop: Premises, pair: list[Run]) -> tuple[Forest | None, str]:
    """The plot of two runs; None and why where there is none. The first time takes long."""
    try:
        return forest(_gaps(shop, pair)), ""
    except WindowshopError as error:
        return None, str(error)


@router.get("/compare.csv")
def gaps(
    request: Request, a: str = Query(max_length=12), b: str = Query(max_length=12)
) -> Response:
    """The paired differences of two runs as a file: each measure that the plot draws."""
    shop: Premises = request.app.state.shop
    with read_transaction(shop.engine) as conn:
        pair = [runs.read(conn, name) for name in (a, b)]
    rows = [
        (title, unit, gap.value, gap.low, gap.high)
        for title, unit, gap in _gaps(shop, pair)
        if forest([(title, unit, gap)]).rows
    ]
    header = ("measure", "unit", "difference", "low", "high")
    return csv_file(f"{a}-{b}.csv", header, rows)


def first_pair(rows: list[dict[str, Any]]) -> tuple[str, str]:
    """The newest run and the newest other policy beside the same shoppers, else beside others;
    empty where there is none.
    """
    if not rows:
        return "", ""
    newest = rows[0]
    same = ("seed", "days", "shoppers", "items", "world")
    others = [row for row in rows if row["policy"] != newest["policy"]]
    like = [row for row in others if all(row[name] == newest[name] for name in same)]
    return newest["run"], next((row["run"] for row in [*like, *others]), newest["run"])


def flat(config: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Settings by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            found |= flat(value, f"{before}{name}.")
        elif not isinstance(value, list) or len(value) <= 12:
            found[before + name] = value
    return found


def told(value: Any) -> str:
    """A setting as a person reads it: a list by commas, of a digest its beginning."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{text[:12]}…" if DIGEST.fullmatch(text) else text


def differing(a: dict[str, Any], b: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The settings that two configs do not share."""
    ours, theirs = flat(a), flat(b)
    names = sorted({*ours, *theirs})
    return [
        (name, ours.get(name, labels.UNKNOWN), theirs.get(name, labels.UNKNOWN))
        for name in names
        if ours.get(name) != theirs.get(name)
    ]


def _gaps(shop: Premises, pair: list[Run]) -> list[tuple[str, str, Any]]:
    first, second = (one.config["policy"] for one in pair)
    if first == second:
        raise UsageError("both have the same policy: only their settings can be set side by side")
    comparison = measured(shop.context, tuple(one.id for one in pair))
    names = [found.metric for found in comparison.differences]
    return [
        (labels.of(name).title, labels.of(name).unit, comparison.gap(first, second, name))
        for name in dict.fromkeys(names)
    ]


def _measures(comparison: Comparison, run: Run) -> list[tuple[str, str, str, str]]:
    found = comparison.policies[run.config["policy"]]
    return [
        (
            labels.of(name).title,
            labels.of(name).meaning,
            labels.number(found[name].value, labels.of(name).unit),
            labels.interval(found[name], labels.of(name).unit),
        )
        for name in labels.headlines(found)
    ]


def _report_of(shop: Premises, run: Run) -> Any:
    place = shop.context.settings.runs / run.id / "report.html"
    return place if place.is_file() else None


def _row(run: Run) -> dict[str, Any]:
    config = run.config
    return {
        "run": run.id,
        "kind": config.get("kind", "simulated"),
        "world": config["world"]["preset"],
        "state": run.state,
        **{name: config[name] for name in ("policy", "seed", "days", "shoppers", "items")},
    }


def _fits(run: Run, other: Run) -> bool:
    """Whether two runs can be compared: another policy, the same world and shoppers."""
    same = ("seed", "data", "days", "shoppers", "world")
    return (
        other.state == FINISHED
        and other.config.get("kind") != LIVE
        and other.config["policy"] != run.config["policy"]
        and all(other.config.get(name) == run.config.get(name) for name in same)
    )
