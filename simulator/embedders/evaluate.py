"""Measures the embedder on the test split: how well it names classes, and how well it finds
look-alikes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db import models
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import UsageError
from recommender.embedding import checkpoint
from recommender.embedding.open import needs_network
from recommender.embedding.unlabelled import edge_histograms
from recommender.evaluation import classification as evaluation
from recommender.evaluation import retrieval, ten_views
from recommender.evaluation.retrieval import Retrieval
from recommender.search.similarity import round_embeddings
from simulator.catalogues.fashion_mnist import CLASS_NAMES, FashionMnist
from simulator.catalogues.stored import FASHION_MNIST, fashion_mnist
from simulator.embedders import model as default_model
from simulator.embedders import unseen_classes
from simulator.embedders.in_force import in_force
from simulator.installation import run_folder as folder
from simulator.installation.command_line import command_line
from simulator.installation.context import Context
from simulator.report.numbers.embedder.evaluated import TABLES, Evaluation
from simulator.report.numbers.embedder.evaluated import document as document_of
from simulator.report.numbers.embedder.retrieval import Score
from simulator.report.numbers.findings import NEAR
from simulator.report.pages import embedder as evaluated
from simulator.report.pages import study
from simulator.report.pages import unseen_classes as unseen_page
from workers.knowledge import Library

DEPTH = 10
N_COMPONENTS = 64
STEPS = 11
A_MINUTE_AND_A_HALF = 90
BATCHES = 4096
"""Pictures embedded between two moves of the progress bar."""


@dataclass(frozen=True)
class Evaluated:
    """What the command line tells."""

    headline: str
    tables: list[list[list[str]]]
    page: Path
    document: dict[str, Any]


@dataclass(frozen=True)
class NetworkOutputs:
    """What the network gives for the pictures of both splits."""

    train_embeddings: NDArray[np.float32]
    """[n, dim], of the training pictures."""

    train_logits: NDArray[np.float32]
    """[n, n_classes], of the training pictures."""

    test_embeddings: NDArray[np.float32]
    """[n, dim], of the test pictures."""

    test_logits: NDArray[np.float32]
    """[n, n_classes], of the test pictures."""

    ten_views: NDArray[np.float32]
    """[n, n_classes]: mean logits over ten ways to see each test picture."""


def evaluate(
    context: Context, *, n_queries: int | None = None, n_splits: int | None = None
) -> Evaluated:
    """Measure the default embedder and write its page, figures and evaluate.json.

    n_queries: so many test pictures, evenly taken, ask for look-alikes; None: all of them.
    n_splits: so many times train two small networks without three classes, and measure how those
    find each other; None: not at all.
    """
    folder.check_writable(context.settings.runs)
    default_model.require(context.settings)
    data = fashion_mnist(context)
    n_test = len(data.test_labels)
    if n_queries is not None and not 2 <= n_queries <= n_test:
        raise UsageError(f"--queries must lie in 2..{n_test}, found {n_queries}")
    if n_splits is not None and not 1 <= n_splits <= unseen_classes.MOST_SPLITS:
        raise UsageError(f"--splits must lie in 1..{unseen_classes.MOST_SPLITS}, found {n_splits}")
    model = default_model.ensure(context)
    with read_transaction(context.engine) as conn:
        manifest, weights = checkpoint.verify(*models.read(conn, model.key))
    if not needs_network(manifest):
        raise UsageError(
            f"{manifest['architecture']['name']} names no classes, so there is nothing to evaluate;"
            " it is a row of every evaluation; set another WINDOWSHOP_MODEL"
        )
    if manifest["classes"] != list(CLASS_NAMES):
        raise UsageError(
            f"model {model.key} names other classes ({', '.join(manifest['classes'][:3])}, ...)"
            " than Fashion-MNIST's, which `windowshop evaluate` measures; set another"
            " WINDOWSHOP_MODEL"
        )
    n_asked = n_test if n_queries is None else n_queries
    context.talk.say(_announced(_n_pictures(data), n_asked, n_splits))
    outputs = _ask(context, EmbedderKey(model.key, model.runtime), data)
    with context.talk.progress("measuring", STEPS) as step:
        found = measure(data, outputs, n_queries=n_queries, step=step)
    if n_splits:
        splits = unseen_classes.chosen_classes(n_splits)
        found = replace(found, unseen=unseen_classes.measure(context, data, found.is_near, splits))
    n_parameters = sum(array.size for array in weights)
    sampled = "" if n_queries is None or n_queries == n_test else f"-queries{n_queries}"
    origin = {"model": model.key, "runtime": model.runtime, "data_sha256": manifest["data_sha256"]}
    document = document_of(found, CLASS_NAMES, n_parameters, origin)
    command = command_line(
        "evaluate",
        settings=in_force(context.settings, FASHION_MNIST),
        queries=n_queries,
        unseen_classes=bool(n_splits),
        splits=None if n_splits == unseen_classes.N_SPLITS else n_splits,
    )
    page = evaluated.page(found, CLASS_NAMES, n_parameters, origin, command)
    where = context.settings.runs / f"evaluate-{model.key}{sampled}"
    path = study.write(page, where, "evaluate", document)
    tables = [evaluated.rows(found), *([unseen_page.rows(found.unseen)] if found.unseen else [])]
    return Evaluated(page.headline, tables, path, document)


def measure(
    data: FashionMnist,
    outputs: NetworkOutputs,
    *,
    n_queries: int | None = None,
    step: Callable[[], None] = lambda: None,
) -> Evaluation:
    """All measures of a network's outputs; step is called STEPS times on the way."""
    n_test = len(data.test_labels)
    asked = np.arange(n_test) if n_queries is None else np.arange(n_queries) * n_test // n_queries
    guesses = outputs.test_logits.argmax(1)
    is_near = retrieval.twins(data.test_images, data.train_images).cosine >= NEAR
    step()
    spaces = _spaces(data, outputs)
    step()
    tables: dict[str, dict[str, Score]] = {name: {} for name in TABLES}
    for name, vectors in spaces.items():
        test, train = vectors()
        against_train = retrieval.retrieve(
            test[asked], train, data.test_labels[asked], data.train_labels, depth=DEPTH
        )
        step()

        def among(
            kept: NDArray[np.int64], queries: NDArray[np.int64], test: Any = test
        ) -> Retrieval:
            labels = data.test_labels
            own = np.searchsorted(kept, queries)
            return retrieval.retrieve(
                test[queries], test[kept], labels[queries], labels[kept], depth=DEPTH, leave_out=own
            )

        _enter(tables, name, against_train, among, asked=asked, is_near=is_near)
        step()
    train_guesses = outputs.train_logits.argmax(1)

    def codes_among(kept: NDArray[np.int64], queries: NDArray[np.int64]) -> Retrieval:
        code = guesses
        label = data.test_labels
        return retrieval.retrieve_by_code(
            code[queries], code[kept], label[queries], label[kept], depth=DEPTH, leave_one_out=True
        )

    by_code = retrieval.retrieve_by_code(
        guesses[asked], train_guesses, data.test_labels[asked], data.train_labels, depth=DEPTH
    )
    _enter(tables, "label code", by_code, codes_among, asked=asked, is_near=is_near)
    step()
    return _evaluation(data, outputs, is_near, len(asked), tables)


def _spaces(
    data: FashionMnist, outputs: NetworkOutputs
) -> dict[str, Callable[[], tuple[Any, Any]]]:
    """By row, what makes the vectors of test and training pictures; few are held at once."""
    components = retrieval.PixelComponents(
        data.train_images, min(N_COMPONENTS, data.train_images[0].size)
    )
    outlines = edge_histograms.EdgeHistogramEmbedder.fitted(data.train_images).embed
    return {
        "embedder": lambda: (
            round_embeddings(outputs.test_embeddings),
            round_embeddings(outputs.train_embeddings),
        ),
        "pixels": lambda: (
            retrieval.unit_rows(data.test_images),
            retrieval.unit_rows(data.train_images),
        ),
        "pca-64": lambda: (
            components.project(data.test_images),
            components.project(data.train_images),
        ),
        edge_histograms.NAME: lambda: (outlines(data.test_images), outlines(data.train_images)),
    }


def _evaluation(
    data: FashionMnist,
    outputs: NetworkOutputs,
    is_near: NDArray[np.bool_],
    n_queries: int,
    tables: dict[str, dict[str, Score]],
) -> Evaluation:
    """The retrieval tables beside what follows from the guesses alone."""
    guesses = outputs.test_logits.argmax(1)
    n_test = len(data.test_labels)
    right, right_by_ten = (
        logits.argmax(1) == data.test_labels for logits in (outputs.test_logits, outputs.ten_views)
    )
    return Evaluation(
        classification=evaluation.classification(data.test_labels, guesses, len(CLASS_NAMES)),
        interval=evaluation.wilson(int(right.sum()), n_test),
        calibration=evaluation.calibration(
            data.test_labels, evaluation.probabilities(outputs.test_logits)
        ),
        ten_views=(float(right_by_ten.mean()), *evaluation.wilson(int(right_by_ten.sum()), n_test)),
        train_accuracy=float((outputs.train_logits.argmax(1) == data.train_labels).mean()),
        without_near=(
            float(right[~is_near].mean()),
            *evaluation.wilson(int(right[~is_near].sum()), int((~is_near).sum())),
        ),
        is_near=is_near,
        n_test=n_test,
        n_train=len(data.train_labels),
        n_queries=n_queries,
        tables=tables,
    )


def _enter(
    tables: dict[str, dict[str, Score]],
    name: str,
    against_train: Retrieval,
    among: Callable[[NDArray[np.int64], NDArray[np.int64]], Retrieval],
    *,
    asked: NDArray[np.int64],
    is_near: NDArray[np.bool_],
) -> None:
    """One row of each table: test against train, test among itself, and both without
    near-duplicates.
    """
    is_far = ~is_near[asked]
    everything = np.arange(len(is_near))
    far = np.flatnonzero(~is_near)
    found = (
        against_train,
        against_train.of(is_far),
        among(everything, asked),
        among(far, asked[is_far]),
    )
    for table, one in zip(TABLES, found, strict=True):
        tables[table][name] = Score.of(one)


def _n_pictures(data: FashionMnist) -> int:
    """How many are embedded: both splits once, and ten views of the test pictures."""
    return len(data.train_images) + (1 + ten_views.N_VIEWS) * len(data.test_images)


def _announced(n_pictures: int, n_queries: int, n_splits: int | None) -> str:
    """What will be done, and about how long that takes."""
    text = (
        f"embedding {n_pictures:,} pictures, then searching with {n_queries:,}: two minutes on two"
        " cores"
    )
    if n_splits:
        text += (
            f"; then {2 * n_splits} networks are trained, some minutes each, unless they are kept"
            " already"
        )
    return text


def _foretold(seconds: float) -> str:
    """How long the whole takes where embedding takes so long; they are about equal halves."""
    about = f"{seconds:.0f} s" if seconds < A_MINUTE_AND_A_HALF else f"{seconds / 60:.0f} min"
    return f"embedding takes about {about} here, measuring all queries about as long"


def _ask(context: Context, embedder: EmbedderKey, data: FashionMnist) -> NetworkOutputs:
    """Embeddings and logits of both splits, and what ten views of the test pictures say."""
    network = Library(context.engine).embedder(embedder)
    found = []
    n = _n_pictures(data)
    with context.talk.progress("embedding", n) as step:
        for pixels in (data.train_images, data.test_images):
            parts = []
            for start in range(0, len(pixels), BATCHES):
                part = pixels[start : start + BATCHES]
                began = time.perf_counter()
                parts.append(network.outputs(part))
                step(len(part))
                if pixels is data.train_images and start == BATCHES:  # the first one still warms up
                    context.talk.say(_foretold((time.perf_counter() - began) / len(part) * n))
            found += [np.concatenate(column) for column in zip(*parts, strict=True)]
        found.append(ten_views.mean_logits(network, data.test_images, step=step))
    return NetworkOutputs(*found)
