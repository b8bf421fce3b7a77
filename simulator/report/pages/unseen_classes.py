"""The chapter about pictures of classes that a network never saw."""

from __future__ import annotations

from simulator.report.numbers.embedder.retrieval import Mean
from simulator.report.numbers.embedder.unseen_classes import LEADERS, ROWS, TABLES, Unseen
from simulator.report.pages.study import Cell, Section, Table

BRIEFLY = ("embedder", "general", "general, neighbours", "pixels", "edges-128")
"""Rows that the sentence about each split compares."""

MEANINGS = {
    "embedder": "preset quick: learned to name the other seven",
    "general": "preset general: learned to tell pictures apart, edges beside it",
    "general, neighbours": (
        "as an own catalogue is searched: beside what its neighbourhood averages to"
    ),
    "pixels, neighbours": "pixels searched the same way",
    "pca-64": "64 principal components of the pixels",
    "edges-128": "128 principal components of histograms of edge directions: no labels used",
}


def rows(unseen: Unseen) -> list[list[str]]:
    """In short, for the terminal."""
    short = [table for table in TABLES if "without" not in table]
    head = [
        "unseen classes",
        *(f"{measure}, {table}" for table in short for measure in ("mAP", "P@10")),
    ]
    body = []
    for row in ROWS:
        scores = [unseen.score(table, row) for table in short]
        body.append(
            [row, *(f"{one.value:.4f}" for score in scores for one in (score.map, score.precision))]
        )
    return [head, *body]


def section(unseen: Unseen) -> Section:
    """The chapter of the page."""
    tables = [_table(table, meaning, unseen) for table, meaning in TABLES.items()]
    by_split = [
        (
            ", ".join(split.classes),
            f"{split.model}, {split.general}",
            [_cell(split.score("among themselves", row).map, is_best=False) for row in BRIEFLY],
        )
        for split in unseen.splits
    ]
    each = Table(
        ["Unseen", *(f"{row}, mAP" for row in BRIEFLY)],
        by_split,
        "Each split by itself, its three classes among themselves.",
    )
    return Section(
        "Does it know classes it never saw?",
        [
            (
                f"{len(unseen.splits)} times two networks were trained without three classes; which"
                " ones was drawn, not chosen. Test pictures of those classes then ask for their"
                " like. The embedder of preset quick learned to name the other seven. That of"
                " preset general learned to tell their pictures apart, too, and has edge"
                " histograms beside it; it is what an own catalogue is embedded by, and"
                ' "neighbours" is how it is searched: each vector beside what its neighbourhood'
                " averages to. Principal components come from the pictures the networks were"
                " trained on. Means over the queries of all splits; intervals over queries, for"
                " these networks."
            ),
            _verdict(unseen),
        ],
        [*tables, each],
    )


def _verdict(unseen: Unseen) -> str:
    """What the tables say, in a sentence."""
    named, general, searched = (
        " and ".join(_spread(unseen, row, table) for table in list(TABLES)[:2]) for row in LEADERS
    )
    return (
        "Mean average precision above that of raw pixels, among themselves and among all ten, with"
        f" the least and the most of a split in brackets: {searched} for the general embedder with"
        f" its neighbours, {general} for it alone, {named} for the one that learned names only."
    )


def _spread(unseen: Unseen, row: str, table: str) -> str:
    by_split = [split.lead(row, table) for split in unseen.splits]
    return f"{unseen.lead(row, table):+.3f} ({min(by_split):+.3f} to {max(by_split):+.3f})"


def _table(table: str, meaning: str, unseen: Unseen) -> Table:
    scores = {row: unseen.score(table, row) for row in ROWS}
    best = [
        max(ROWS, key=lambda row: getattr(scores[row], name).value) for name in ("map", "precision")
    ]
    body = [
        (
            row,
            MEANINGS.get(row, "") if table == next(iter(TABLES)) else "",
            [
                _cell(scores[row].map, is_best=row == best[0]),
                _cell(scores[row].precision, is_best=row == best[1]),
            ],
        )
        for row in ROWS
    ]
    note = f"{meaning[0].upper()}{meaning[1:]}. {scores['pixels'].map.n:,} queries."
    return Table([table[0].upper() + table[1:], "mAP", "P@10"], body, note)


def _cell(one: Mean, *, is_best: bool) -> Cell:
    return Cell(f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}", is_best)
