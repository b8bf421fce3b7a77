"""What was found in the data set, as a page in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from simulator.catalogues.fashion_mnist import FashionMnist
from simulator.report.figures.drawing import COLOURS, FAINT, INK, chart_of, percents
from simulator.report.figures.picture_grid import Card, Strip, cards, strips
from simulator.report.numbers.findings import AT_LEAST, NEAR, NEIGHBOURS, STRICTER, Findings, normal
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table

SAMPLES = 10
PAIRS = 20
DOUBTED = 20
"""Pictures drawn of each kind."""

TRAIN = COLOURS["visual"]
TEST = COLOURS["blend"]


def page(found: Findings, data: FashionMnist, names: Sequence[str]) -> Study:
    """The page."""
    n_train = len(data.train_labels)
    n_test = len(data.test_labels)
    near = len(found.near)
    doubted = len(found.suspects.place)
    exact = int((found.twins.cosine >= 1.0).sum())
    return Study(
        eyebrow="the data set",
        headline=(
            f"{near:,} of {n_test:,} test pictures have a near twin among the training pictures, "
            f"and {doubted:,} of {n_train:,} labels look doubtful"
        ),
        lead=[
            f"Fashion-MNIST is a shop of {len(names)} classes. {_balance(found)}",
            f"Test pictures that are byte for byte a training picture: {exact or 'none'}.",
        ],
        facts=[
            ("Training pictures", f"{n_train:,}"),
            ("Test pictures", f"{n_test:,}"),
            ("Size", "28 x 28 grey levels, 0 is background"),
            ("Mean and spread", f"{found.mean:.2f} ± {found.std:.2f} grey levels"),
            ("Background", f"{100 * found.levels[0] / found.levels.sum():.1f} % of all pixels"),
            ("Data", found.data[:20]),
        ],
        sections=[
            _what_there_is(found, data, names),
            _pixels(found, data, names),
            _twice(found, data, names),
            _doubtful(found, data, names),
        ],
        command="windowshop explore",
        origin=[
            ("data (sha256)", found.data),
            ("source", "Xiao, Rasul, Vollgraf 2017, Fashion-MNIST"),
        ],
    )


def _what_there_is(found: Findings, data: FashionMnist, names: Sequence[str]) -> Section:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        rows = np.arange(len(names))
        for counts, shade, shift, text in (
            (found.train_counts, TRAIN, -0.19, "training"),
            (found.test_counts, TEST, 0.19, "test"),
        ):
            axes.barh(rows + shift, counts, height=0.36, color=shade, linewidth=0)
            for row, count in zip(rows, counts.tolist(), strict=True):
                axes.annotate(
                    f"{count:,}" + (f"  {text}" if row == 0 else ""), (count, row + shift), (4, 0),
                    textcoords="offset points", va="center", color=shade, fontsize=8,
                )  # fmt: skip
        axes.set_yticks(rows, list(names))
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_xticks([])
        axes.margins(x=0.22)

    samples = [
        Strip(name, "", 255 - data.train_images[data.train_labels == one][:SAMPLES])
        for one, name in enumerate(names)
    ]
    return Section(
        "What there is",
        figures=[
            ShownFigure(
                strips("samples", "The first ten training pictures of each class", samples),
                "Shown dark on white, as a shop would; stored the other way round. The classes are"
                " of very different kinds: a shirt, a coat and a pullover differ by a collar, a bag"
                " and a boot by everything.",
                is_wide=True,
            ),
            ShownFigure(
                chart_of("balance", "Pictures of each class", draw, height=3.4),
                "With equal classes, accuracy needs no weights, and a guess by lot is right one"
                " time in ten.",
            ),
            ShownFigure(
                strips("means", "The mean picture of each class", _means(data, names), heads=names),
                "Above: the average of all training pictures of the class; below: where they"
                " differ, dark is much. A clear mean is a class with one shape; a blurred one holds"
                " many.",
                is_wide=True,
            ),
        ],
    )


def _pixels(found: Findings, data: FashionMnist, names: Sequence[str]) -> Section:
    def levels(figure: Figure) -> None:
        axes = figure.add_subplot()
        shares = found.levels / found.levels.sum()
        axes.fill_between(
            np.arange(1, 256), shares[1:], step="mid", color=TRAIN, alpha=0.85, linewidth=0
        )
        axes.set_xlim(0, 256)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("grey level, background (0) left out")
        percents(axes, "y")
        axes.set_ylabel("of all pixels")

    def ink(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row in range(len(names)):
            own = found.ink[found.train_labels == row]
            if len(own):
                low, quarter, middle, three, high = np.quantile(own, [0.05, 0.25, 0.5, 0.75, 0.95])
                axes.plot([low, high], [row, row], color=FAINT, linewidth=1)
                axes.plot([quarter, three], [row, row], color=TRAIN, linewidth=4)
                axes.plot([middle], [row], "o", color=INK, markersize=4, markeredgewidth=0)
        axes.set_yticks(range(len(names)), list(names))
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(left=0)
        axes.set_xlabel("mean grey level of a picture")

    return Section(
        "The pixels, and what the network gets",
        figures=[
            ShownFigure(
                strips(
                    "preprocessing",
                    "Each step of preprocessing, on one picture a class",
                    _steps(found, data, names),
                ),
                "The network takes whole grey levels; scaling and normalising are its first layer,"
                " so a picture can never be prepared twice or not at all. The picture does not"
                " change, its numbers do: after the last step they lie around 0 with a spread of 1"
                " over the training set. Here light is high, as stored.",
                is_wide=True,
            ),
            ShownFigure(
                chart_of("levels", "How often each grey level occurs", levels, height=2.6),
                f"{100 * found.levels[0] / found.levels.sum():.0f} % of all pixels are background."
                " The rest is spread over the whole scale, so nothing is gained by stretching it.",
            ),
            ShownFigure(
                chart_of("ink", "How light the pictures of a class are", ink, height=3.2),
                "Dot: median; thick: the middle half; thin: 5 to 95 %. Brightness alone already"
                " tells a sandal from a coat, which is why raw pixels are no bad rival.",
            ),
        ],
    )


def _twice(found: Findings, data: FashionMnist, names: Sequence[str]) -> Section:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.hist(
            found.twins.cosine, bins=np.linspace(0.7, 1, 61).tolist(), color=TRAIN, linewidth=0
        )
        axes.axvline(NEAR, color=TEST, linewidth=1.4)
        axes.annotate(
            f"{NEAR} and above", (NEAR, 0.97), (-4, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right", va="top", color=TEST,
        )  # fmt: skip
        axes.set_xlim(0.7, 1)
        axes.margins(y=0.16)
        axes.set_xlabel("cosine of a test picture with its nearest training picture")
        axes.set_ylabel("test pictures")

    pairs = [_side_by_side(found, data, names, place) for place in found.near[:PAIRS].tolist()]
    counts = [Cell(f"{int((found.twins.cosine >= one).sum()):,}") for one in STRICTER]
    near = found.near
    agree = found.test_labels[near] == found.train_labels[found.twins.place[near]]
    shown = [
        ShownFigure(
            chart_of(
                "twins", "How like its nearest training picture a test picture is", draw, height=2.8
            ),
            "The hill is what clothes have in common; only the thin end at the right can be the"
            " same product twice. There is no gap in it, so any threshold is a choice.",
        )
    ]
    if pairs:
        shown.append(
            ShownFigure(
                cards("pairs", "The nearest pairs: test at the left, training at the right", pairs),
                "The first few look like one photograph, saved twice. Further down they become two"
                " products of one cut, trousers above all.",
                is_wide=True,
            )
        )
    return Section(
        "What is there twice",
        [
            (
                f"{len(near):,} test pictures have a training picture with a cosine of {NEAR} or"
                f" more; {int(agree.sum()):,} of these pairs carry the same label. The command"
                " windowshop evaluate gives its numbers with these test pictures and without."
            ),
            (
                "Training pictures there twice, byte for byte:"
                f" {sum(map(len, found.doubles)) or 'none'}."
            ),
        ],
        [
            Table(
                ["Cosine at least", *(f"{one:g}" for one in STRICTER)],
                [("Test pictures", "with such a training picture", counts)],
            )
        ],
        shown,
    )


def _side_by_side(found: Findings, data: FashionMnist, names: Sequence[str], place: int) -> Card:
    """A test picture and its nearest training picture, dark on light, with their labels."""
    twin = found.twins.place[place]
    labels = dict.fromkeys((int(found.test_labels[place]), int(found.train_labels[twin])))
    return Card(
        255 - data.test_images[place],
        255 - data.train_images[twin],
        f"{found.twins.cosine[place]:.5f}",
        " | ".join(names[label] for label in labels),
    )


def _doubtful(found: Findings, data: FashionMnist, names: Sequence[str]) -> Section:
    suspects = found.suspects
    n = len(suspects.place)
    chosen = (
        np.unique(np.linspace(0, max(n - 1, 0), DOUBTED).astype(np.int64)) if n else np.arange(0)
    )
    # Evenly over the surest, so that not one class fills the figure.
    sure = int((suspects.votes == NEIGHBOURS).sum())
    if sure >= DOUBTED:
        chosen = np.unique(np.linspace(0, sure - 1, DOUBTED).astype(np.int64))
    doubted = [
        Card(
            255 - data.train_images[suspects.place[one]],
            255 - data.train_images[suspects.neighbours[one, 0]],
            f"is {names[int(found.train_labels[suspects.place[one]])]}",
            f"like {names[int(suspects.says[one])]}",
        )
        for one in chosen.tolist()
    ]
    pairs: dict[tuple[int, int], int] = {}
    for place, says in zip(suspects.place.tolist(), suspects.says.tolist(), strict=True):
        key = (int(found.train_labels[place]), says)
        pairs[key] = pairs.get(key, 0) + 1
    often = sorted(pairs, key=lambda key: (-pairs[key], key))[:6]
    table = Table(
        ["Labelled", "but like", "pictures"],
        [(names[a], "", [Cell(names[b]), Cell(f"{pairs[a, b]:,}")]) for a, b in often],
    )
    return Section(
        "Whose label is doubtful",
        [
            (
                f"{n:,} training pictures are surrounded by another class: at least {AT_LEAST} of"
                f" their {NEIGHBOURS} nearest, by 64 principal components of the pixels, carry one"
                " and the same other label. That is a question, not a verdict: many are a wide"
                " shirt that looks like a coat. explore.json lists them all; nothing is taken out"
                " for training."
            ),
        ],
        [table] if often else [],
        (
            [
                ShownFigure(
                    cards(
                        "suspects", "Doubted pictures: each beside its nearest neighbour", doubted
                    ),
                    "At the left the doubted picture with its label, at the right its nearest"
                    " neighbour, with the label that nearly all neighbours carry. Drawn evenly from"
                    " those on which all agree.",
                    is_wide=True,
                )
            ]
            if doubted
            else []
        ),
    )


def _means(data: FashionMnist, names: Sequence[str]) -> list[Strip]:
    """The mean of each class, and how much its pictures differ at each pixel, each class on its own
    scale.
    """
    blank = np.zeros(data.train_images.shape[1:])
    means = []
    spreads = []
    for one in range(len(names)):
        own = data.train_images[data.train_labels == one].astype(np.float64)
        means.append(own.mean(0) if len(own) else blank)
        spread = own.std(0) if len(own) else blank
        spreads.append(spread * (255 / max(float(spread.max()), 1.0)))
    return [
        Strip(title, "", np.rint(255 - np.stack(pictures)).astype(np.uint8))
        for title, pictures in (("mean", means), ("spread", spreads))
    ]


def _steps(found: Findings, data: FashionMnist, names: Sequence[str]) -> list[Strip]:
    firsts = [np.flatnonzero(data.train_labels == one)[:1] for one in range(len(names))]
    raw = data.train_images[np.concatenate(firsts)].astype(np.float64)
    scaled = raw / 255
    normalised = (raw - found.mean) / found.std
    return [
        Strip("raw", "0 to 255", raw.astype(np.uint8)),
        Strip("scaled", "0 to 1", np.rint(scaled * 255).astype(np.uint8)),
        Strip(
            "normalised",
            f"{normal(found, 0):.2f} to {normal(found, 255):.2f}".replace("-", "\u2212"),
            np.rint((np.clip(normalised, -2.5, 2.5) + 2.5) * 51).astype(np.uint8),
        ),
    ]


def _balance(found: Findings) -> str:
    counts = found.train_counts
    if counts.min() == counts.max() and found.test_counts.min() == found.test_counts.max():
        return (
            f"Each has {int(counts[0]):,} training and {int(found.test_counts[0]):,} test pictures."
        )
    return f"They hold {int(counts.min()):,} to {int(counts.max()):,} training pictures."
