"""What was measured of the embedder, as JSON and as a page in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recommender.evaluation.classification import Calibration, Classification
from simulator.report.figures.drawing import COLOURS, FAINT, Chart, chart_of, percents
from simulator.report.numbers.findings import NEAR
from simulator.report.numbers.retrieval import Mean, Score
from simulator.report.pages import unseen_classes
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table
from simulator.report.pages.unseen_classes import Unseen

TABLES = {
    "test against train": "each test picture asks the training pictures",
    "test against train, without near-duplicates": (
        "the same, without test pictures that have a near twin among them"
    ),
    "test against test": (
        "each test picture asks the other test pictures, which the network never trained on"
    ),
    "test against test, without near-duplicates": "the same, without those pictures on either side",
}
ROWS = {
    "embedder": "cosine of the embeddings",
    "pixels": "cosine of the raw pixels: nothing learned",
    "pca-64": "64 principal components of the training pixels: no labels used",
    "edges-128": "128 principal components of histograms of edge directions: no labels used",
    "label code": "only the class the network guesses; order within it by lot, averaged",
}


@dataclass(frozen=True)
class Evaluation:
    """All measures of one embedder."""

    classification: Classification

    interval: tuple[float, float]
    """Where its accuracy on the test pictures lies with 95 % confidence."""

    calibration: Calibration

    ten_views: tuple[float, float, float]
    """Accuracy by the mean logits of ten views a picture, and its interval."""

    train_accuracy: float

    without_near: tuple[float, float, float]
    """Accuracy without test pictures that are near-duplicates of training, and its interval."""

    is_near: NDArray[np.bool_]
    """[n_test]: which test pictures are near-duplicates of training."""

    n_test: int

    n_train: int

    n_queries: int

    tables: Mapping[str, Mapping[str, Score]]
    """Retrieval, by table and row."""

    unseen: Unseen | None = None
    """Of unseen classes; None when they were not asked for."""

    @property
    def n_near(self) -> int:
        """How many test pictures count as near-duplicates."""
        return int(self.is_near.sum())

    @property
    def best_known(self) -> Score:
        """The embedder, test against train."""
        return self.tables["test against train"]["embedder"]


def document(
    found: Evaluation, names: Sequence[str], n_parameters: int, origin: Mapping[str, str]
) -> dict[str, Any]:
    """evaluate.json, and the answer of the command."""
    best = found.best_known
    low, high = found.interval
    share, share_low, share_high = found.without_near
    by_ten, ten_low, ten_high = found.ten_views
    return {
        "schema": 1,
        **origin,
        "parameters": n_parameters,
        "accuracy": found.classification.accuracy,
        "accuracy_interval": {"low": low, "high": high, "n": found.n_test},
        "accuracy_of_ten_views": {
            "value": by_ten,
            "low": ten_low,
            "high": ten_high,
            "n": found.n_test,
        },
        "accuracy_without_near_duplicates": {
            "value": share,
            "low": share_low,
            "high": share_high,
            "n": found.n_test - found.n_near,
        },
        "train_accuracy": found.train_accuracy,
        "retrieval": {"map": best.map.value, "p@10": best.precision.value},
        "queries": found.n_queries,
        "near_duplicates": {"threshold": NEAR, "test_pictures": found.n_near},
        "tables": {
            table: {row: score.to_json() for row, score in scores.items()}
            for table, scores in found.tables.items()
        },
        "classes": list(names),
        "classification": found.classification.to_json(),
        "calibration": found.calibration.to_json(),
        "unseen_classes": found.unseen.to_json() if found.unseen else None,
    }


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
                f" {'above' if ahead > 0 else 'below'} that of its own label guess alone: so much does"
                " the embedding know beyond the class."
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
                _bars(found), "Dots: mAP; bars: 95 % intervals, hidden by the dot where narrow."
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
                f" training pictures: {_percent(share)} ({_ends(low, high)}). Seen ten ways each (moved"
                f" by a pixel, mirrored; the mean of its ten answers): {_percent(by_ten)}"
                f" ({_ends(*ten_ends)})."
            )
        ],
        [by_class],
        [
            ShownFigure(
                _confusion(measured, names),
                "Rows: what it is; columns: what it was called; per 1,000 pictures of the row's"
                f" class. Most often {names[truth]} was called {names[guess]}:"
                f" {wrong[truth, guess]:,} times.",
                is_wide=True,
            ),
            ShownFigure(
                _reliability(found.calibration),
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


def _bars(found: Evaluation) -> Chart:
    shades = dict(
        zip(
            ROWS,
            (COLOURS[n] for n in ("visual", "random", "popularity", "cf", "blend")),
            strict=True,
        )
    )
    shown = [table for table in TABLES if "without" not in table]

    def draw(figure: Figure) -> None:
        panes = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True))
        for axes, table in zip(panes, shown, strict=True):
            for row, name in enumerate(ROWS):
                one = found.tables[table][name].map
                axes.plot([one.low, one.high], [row, row], color=shades[name], linewidth=2.2)
                axes.plot(
                    [one.value], [row], "o", color=shades[name], markersize=5.5, markeredgewidth=0
                )
                axes.annotate(
                    f"{one.value:.3f}",
                    (one.value, row),
                    (0, 5),
                    textcoords="offset points",
                    ha="center",
                    color=shades[name],
                    fontsize=8,
                )
            axes.set_yticks(range(len(ROWS)), list(ROWS))
            axes.set_ylim(len(ROWS) - 0.5, -0.9)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.set_title(table, loc="left", fontsize=9)
        panes[-1].set_xlim(0, 1)
        panes[-1].set_xlabel("mean average precision")

    return chart_of("retrieval", "Mean average precision, side by side", draw, height=4.4)


def _confusion(measured: Classification, names: Sequence[str]) -> Chart:
    n = np.maximum(measured.confusion.sum(1, keepdims=True), 1)
    share = measured.confusion / n

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        size = len(names)
        for truth in range(size):
            for guess in range(size):
                value = float(share[truth, guess])
                if measured.confusion[truth, guess]:
                    right = truth == guess
                    shade = COLOURS["visual"] if right else COLOURS["blend"]
                    strength = 0.18 * value if right else min(0.75, 4 * value)
                    axes.fill_between(
                        [guess - 0.48, guess + 0.48],
                        truth - 0.47,
                        truth + 0.47,
                        color=shade,
                        alpha=strength,
                        linewidth=0,
                    )
                    text = f"{1000 * value:.0f}"
                    axes.text(guess, truth, text, ha="center", va="center", fontsize=6.5)
        axes.set_xticks(range(size), list(names), rotation=40, ha="right", fontsize=7)
        axes.set_yticks(range(size), list(names), fontsize=7)
        axes.set_xlim(-0.6, size - 0.4)
        axes.set_ylim(size - 0.4, -0.6)
        axes.tick_params(length=0)
        axes.spines[["left", "bottom"]].set_visible(False)

    return chart_of("confusion", "What is taken for what", draw, height=3.4)


def _reliability(found: Calibration) -> Chart:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        known = found.count > 0
        size = 14 + 500 * found.count[known] / max(int(found.count.sum()), 1)
        axes.plot(
            found.confidence[known], found.accuracy[known], color=COLOURS["visual"], linewidth=1.2
        )
        axes.scatter(
            found.confidence[known],
            found.accuracy[known],
            s=size,
            color=COLOURS["visual"],
            alpha=0.8,
            linewidth=0,
        )
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, 1.06)
        for which in ("x", "y"):
            percents(axes, which)
        axes.set_xlabel("how sure it was")
        axes.set_ylabel("how often it was right")

    return chart_of("reliability", "Is it as often right as it is sure?", draw, height=3.3)


def _cell(one: Mean, *, is_best: bool) -> Cell:
    return Cell(f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}", is_best)


def _share(value: float) -> str:
    return "\u2013" if np.isnan(value) else f"{100 * value:.1f} %"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _ends(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f} %"
