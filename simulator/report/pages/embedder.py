"""What was measured of the embedder, as a page in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simulator.report.figures import embedder as charts
from simulator.report.numbers.embedder.evaluated import ROWS, TABLES, Evaluation
from simulator.report.numbers.embedder.retrieval import Mean
from simulator.report.numbers.findings import NEAR
from simulator.report.pages import unseen_classes
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table


def rows(found: Evaluation) -> list[list[str]]:
    """The retrieval tables in short, for the terminal."""
    short = ("test against train", "test against test")
    head = ["", *(f"{measure}, {table}" for table in short for measure in ("mAP", "P@10"))]
    body = []
    for row in ROWS:
        scores = [found.tables[table][row] for table in short]
        body.append(
            [row, *(f"{one.value:.4f}" for score in scores for one in (score.map, score.precision))]
        )
    return [head, *body]


def page(
    found: Evaluation,
    names: Sequence[str],
    n_parameters: int,
    origin: Mapping[str, str],
    command: str,
) -> Study:
    """The page."""
    best = found.best_known
    lead = found.tables["test against test"]
    ahead = lead["embedder"].map.value - lead["label code"].map.value
    return Study(
        eyebrow="the embedder",
        headline=(
            f"The embedder names {_percent(found.classification.accuracy)} of the test pictures"
            f" right, and of the ten nearest training pictures {10 * best.precision.value:.1f} are"
            " of the query's class"
        ),
        lead=[
            (
                f"On pictures it never trained on, its mean average precision is {abs(ahead):.3f}"
                f" {'above' if ahead > 0 else 'below'} that of its own label guess alone: so much"
                " does the embedding know beyond the class."
            )
        ],
        facts=[
            ("Model", origin["model"]),
            ("Parameters", f"{n_parameters:,}"),
            ("Accuracy", f"{_percent(found.classification.accuracy)} ({_ends(*found.interval)})"),
            (
                "Seen ten ways each",
                f"{_percent(found.ten_views[0])} ({_ends(*found.ten_views[1:])})",
            ),
            ("On its training pictures", _percent(found.train_accuracy)),
            ("Calibration error", _percent(found.calibration.error)),
            ("Queries", f"{found.n_queries:,} of {found.n_test:,} test pictures"),
            ("Gallery", f"{found.n_train:,} training pictures"),
            ("Near-duplicates", f"{found.n_near:,} test pictures"),
        ],
        sections=[
            _retrieval(found),
            *([unseen_classes.section(found.unseen)] if found.unseen else []),
            _naming(found, names),
            _trust(found),
        ],
        command=command,
        origin=list(origin.items()),
    )


def _retrieval(found: Evaluation) -> Section:
    head = ["", "mAP", "P@10"]
    tables = []
    for table, meaning in TABLES.items():
        scores = found.tables[table]
        best = [
            max(scores, key=lambda row: getattr(scores[row], measure).value)
            for measure in ("map", "precision")
        ]
        body = [
            (
                row,
                ROWS[row],
                [
                    _cell(score.map, is_best=best[0] == row),
                    _cell(score.precision, is_best=best[1] == row),
                ],
            )
            for row, score in scores.items()
        ]
        n = next(iter(scores.values())).map.n
        title = table[0].upper() + table[1:]
        tables.append(
            Table([title, *head[1:]], body, f"{meaning[0].upper() + meaning[1:]}. {n:,} queries.")
        )
    return Section(
        "Does it find pictures of the same class?",
        [
            (
                "The whole gallery is put in order of similarity; relevant is what has the query's"
                " label. mAP is the mean average precision over the whole gallery, P@10 the share"
                " of relevant ones among the first ten. Small figures are 95 % intervals over"
                " queries."
            ),
            (
                "Read the last row first. A network that only says one class for each picture"
                " already gets most of the mAP: class retrieval largely restates accuracy (arXiv"
                " 1609.06753). And the training pictures were seen in training, so the embedder's"
                " first table flatters it."
            ),
        ],
        tables,
        [
            ShownFigure(
                charts.retrieval_bars(found),
                "Dots: mAP; bars: 95 % intervals, hidden by the dot where narrow.",
            )
        ],
    )


def _naming(found: Evaluation, names: Sequence[str]) -> Section:
    measured = found.classification
    by_class = Table(
        ["Class", "Precision", "Recall", "F1"],
        [
            (name, "", [Cell(_share(float(column[row]))) for column in columns])
            for columns in [(measured.precision, measured.recall, measured.f1)]
            for row, name in enumerate(names)
        ],
        "Precision: of those called so, how many are. Recall: of those that are, how many were"
        " called so.",
    )
    share, low, high = found.without_near
    by_ten, *ten_ends = found.ten_views
    wrong = measured.confusion.copy()
    np.fill_diagonal(wrong, 0)
    truth, guess = divmod(int(wrong.argmax()), len(names))
    return Section(
        "Does it name the class?",
        [
            (
                f"{_percent(measured.accuracy)} of {found.n_test:,} test pictures; 95 % interval"
                f" {_ends(*found.interval)} (Wilson). Without {found.n_near:,} near-duplicates of"
                f" training pictures: {_percent(share)} ({_ends(low, high)}). Seen ten ways each"
                f" (moved by a pixel, mirrored; the mean of its ten answers): {_percent(by_ten)}"
                f" ({_ends(*ten_ends)})."
            )
        ],
        [by_class],
        [
            ShownFigure(
                charts.confusion(measured, names),
                "Rows: what it is; columns: what it was called; per 1,000 pictures of the row's"
                f" class. Most often {names[truth]} was called {names[guess]}:"
                f" {wrong[truth, guess]:,} times.",
                is_wide=True,
            ),
            ShownFigure(
                charts.reliability(found.calibration),
                "On the diagonal, 80 % sure means right 8 times in 10; above it the network is too"
                " modest, below it too sure. The size of a dot is the share of pictures. Mean"
                f" distance (expected calibration error, {len(found.calibration.count)} bins):"
                f" {_percent(found.calibration.error)}.",
            ),
        ],
    )


def _trust(found: Evaluation) -> Section:
    unasked = (
        "Classes the network never saw are not measured here; windowshop evaluate --unseen-classes"
        " does."
    )
    return Section(
        "How far to trust this",
        [
            *([] if found.unseen else [unasked]),
            (
                f"A near-duplicate is a test picture whose raw pixels have a cosine of {NEAR} or"
                " more with some training picture; the command windowshop explore shows them. The"
                " threshold takes out too many rather than too few, mostly plain ones, so the"
                " remaining pictures are harder."
            ),
            (
                "Same class is not same taste. Whether shoppers find these neighbours alike is what"
                " the simulated shops measure."
            ),
        ],
    )


def _cell(one: Mean, *, is_best: bool) -> Cell:
    return Cell(f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}", is_best)


def _share(value: float) -> str:
    return "\u2013" if np.isnan(value) else f"{100 * value:.1f} %"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _ends(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f} %"
