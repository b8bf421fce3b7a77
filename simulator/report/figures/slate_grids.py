"""Grids without axes: the query on the left, each policy's slate on its right, with the reason for
every item.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from simulator.report.numbers.formulas import first_late_day
from simulator.report.numbers.panel import Ints, Panel, RunData, find
from simulator.report.text.reasons import reasons

_MIX = np.uint64(
    0x9E3779B97F4A7C15
)  # odd: multiplying by it shuffles the session numbers, the same way every time


@dataclass(frozen=True)
class Picture:
    """One item as the page shows it. reasons: from the strongest to the weakest, each a few
    words.
    """

    item_id: str
    category: str
    uri: str
    reasons: list[str]
    is_clicked: bool


@dataclass(frozen=True)
class Row:
    """What one policy showed for the query."""

    policy: str
    pictures: list[Picture]


@dataclass(frozen=True)
class SlateGrid:
    """One request and the slates of several policies for it. why: what it was picked for."""

    why: str
    query: Picture
    rows: list[Row]


Scores = NDArray[np.float64]


def slate_grids(panels: Sequence[Panel], *, focus: str, reference: str | None) -> list[SlateGrid]:
    """A few telling requests, and two drawn by lot, that every panel has for the same shopper and
    query.

    panels: runs of one seed, one a policy, the focus among them.
    """
    shared = _shared(panels)
    found = []
    for why, slates in _pick(panels, shared, focus=focus, reference=reference):
        run = panels[0].run
        query = int(panels[0].slates.query[slates[0]])
        rows = [
            Row(panel.run.policy, _pictures(panel, slate))
            for panel, slate in zip(panels, slates, strict=True)
        ]
        found.append(SlateGrid(why, _picture(run, query, [], is_clicked=False), rows))
    return found


def _shared(panels: Sequence[Panel]) -> Ints:
    """Slates of the first request of a late session, for the same query in every panel: int64 [n,
    n_panels].
    """
    first = panels[0].slates
    here = np.flatnonzero((first.step == 0) & (first.day >= first_late_day(panels[0].run.days)))
    sessions = panels[0].sessions.session[first.row[here]]
    rows = [here]
    for panel in panels[1:]:
        starts = np.flatnonzero(panel.slates.step == 0)
        place = find(panel.sessions.session[panel.slates.row[starts]], sessions)
        rows.append(
            np.where(place >= 0, starts[place], -1) if len(starts) else np.full(len(here), -1)
        )
    table = np.stack(rows, axis=1)
    table = table[(table >= 0).all(axis=1)]
    queries = np.stack(
        [panel.slates.query[table[:, place]] for place, panel in enumerate(panels)], axis=1
    ).reshape(len(table), len(panels))
    return np.asarray(table[(queries == queries[:, :1]).all(axis=1)], np.int64)


def _pick(
    panels: Sequence[Panel], shared: Ints, *, focus: str, reference: str | None
) -> list[tuple[str, Ints]]:
    """Requests by what they tell, each of another category as long as there are any: (why, slates
    [n_panels]).
    """
    left = np.ones(len(shared), np.bool_)
    categories = panels[0].run.categories[panels[0].slates.query[shared[:, 0]]]
    picked = []
    for why, score in _wishes(panels, shared, focus=focus, reference=reference):
        fresh = left & ~np.isin(categories, categories[~left])
        allowed = (fresh if fresh.any() else left) & ~np.isnan(score)
        if allowed.any():
            best = int(np.argmax(np.where(allowed, score, -np.inf)))
            left[best] = False
            picked.append((why, shared[best]))
    return picked


def _wishes(
    panels: Sequence[Panel], shared: Ints, *, focus: str, reference: str | None
) -> list[tuple[str, Scores]]:
    """What is worth a look, and how well each shared request shows it (NaN: not at all): float64
    [n_shared].
    """
    named = {panel.run.policy: (panel, shared[:, place]) for place, panel in enumerate(panels)}
    lot = ((shared[:, 0].astype(np.uint64) + np.uint64(1)) * _MIX).astype(np.float64) / 2.0**64
    clicks = {
        name: panel.slates.is_clicked[rows].sum(axis=1) for name, (panel, rows) in named.items()
    }
    support = _support(*named[focus])
    wishes: list[tuple[str, Scores]] = []
    wish = _when(lot)
    if reference is not None:
        ahead = (clicks[focus] - clicks[reference]).astype(np.float64)
        wishes.append((f"{focus} was clicked more often than {reference}", wish(ahead, ahead > 0)))
        wishes.append((f"{reference} was clicked more often than {focus}", wish(-ahead, ahead < 0)))
    else:
        wishes.append(
            ("clicked the most", wish(clicks[focus].astype(np.float64), clicks[focus] > 0))
        )
    wishes.append(("most evidence", wish(support, support > 0)))
    wishes.append(
        (
            "nothing known but the looks",
            wish(-support, (support == 0) & (support.max(initial=0) > 0)),
        )
    )
    return [*wishes, ("picked by lot", lot), ("picked by lot", lot)]


def _when(lot: Scores) -> Callable[[Scores, NDArray[np.bool_]], Scores]:
    """Scores where a claim holds, NaN elsewhere; equal ones ordered by lot."""
    return lambda score, holds: np.where(holds, score + lot / 1024, np.nan)


def _support(panel: Panel, rows: Ints) -> Scores:
    """Total support of the items of some slates; NaN where none is stored."""
    entry = panel.slates.entry[rows]
    if len(panel.run.slates.entries) == 0:
        return np.full(len(rows), np.nan)
    support = np.where(panel.slates.is_shown[rows], panel.run.slates.entries["support"][entry], 0.0)
    return np.asarray(np.where(entry >= 0, support.sum(axis=1), np.nan), np.float64)


def _pictures(panel: Panel, slate: int) -> list[Picture]:
    """The items of one slate in their order."""
    reasons_of = _said(panel, slate) or _reasons(panel, slate)
    return [
        _picture(
            panel.run,
            int(panel.slates.shown[slate, position]),
            reasons_of[position],
            is_clicked=bool(panel.slates.is_clicked[slate, position]),
        )
        for position in np.flatnonzero(panel.slates.is_shown[slate]).tolist()
    ]


def _said(panel: Panel, slate: int) -> list[list[str]]:
    """What a guest itself gave as reasons, one by position; empty where it gave none."""
    session = int(panel.sessions.session[panel.slates.row[slate]])
    note = panel.run.notes.get((session, int(panel.slates.step[slate])), {})
    return [[reason] if reason else [] for reason in note.get("reasons", [])]


def _reasons(panel: Panel, slate: int) -> list[list[str]]:
    """What the stored parts of the scores tell, by position."""
    entry = int(panel.slates.entry[slate])
    if entry < 0:
        return [[] for _ in range(panel.k)]
    parts = panel.run.slates.entries[entry]
    return [
        reasons(parts[position], panel.run.policy, _cosine(panel, slate, position))
        if panel.slates.is_shown[slate, position]
        else []
        for position in range(panel.k)
    ]


def _cosine(panel: Panel, slate: int, position: int) -> float:
    """How much the item at a position looks like the query, by the embeddings; NaN without them."""
    vectors = panel.run.embeddings
    if vectors is None:
        return float("nan")
    return float(vectors[panel.slates.query[slate]] @ vectors[panel.slates.shown[slate, position]])


def _picture(run: RunData, item: int, why: list[str], *, is_clicked: bool) -> Picture:
    category = run.class_names[int(run.categories[item])]
    pixels = run.pixels[item] if run.shown is None else run.shown[item]
    return Picture(run.item_ids[item], category, data_uri(pixels), why, is_clicked)


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """A picture within the page; uint8 [h, w], turned back into dark on white as in a shop window,
    or [h, w, 3] as it is.
    """
    buffer = io.BytesIO()
    kind = "png" if pixels.ndim == 2 else "jpeg"
    levels = 255 - pixels if pixels.ndim == 2 else pixels
    Image.fromarray(levels).save(buffer, format=kind, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
