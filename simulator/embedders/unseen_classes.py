"""Trains networks without some classes and lets pictures of those classes search for each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.embedding import checkpoint
from recommender.embedding.open import open_embedder
from recommender.embedding.training import training_settings
from recommender.embedding.unlabelled import edge_histograms
from recommender.evaluation import retrieval
from recommender.evaluation.retrieval import Retrieval
from recommender.search.neighbourhood import Neighbourhoods
from recommender.search.similarity import round_embeddings
from simulator.catalogues.fashion_mnist import CLASS_NAMES, FashionMnist
from simulator.embedders.model import make_room
from simulator.installation.context import Context
from simulator.report.numbers.embedder.unseen_classes import SMOOTHED, TABLES, Split, Unseen

PRESETS = ("quick", "general")
SEED = 1
"""Names alone, and what is meant for kinds that nobody named."""

N_SPLITS = 3
N_CLASSES = 3
MOST_SPLITS = 30
"""Two networks each: about an hour on two cores."""

CHOICE = 70
"""Purpose of the draw of the classes: the word after the seed in its address."""

DEPTH = 10
N_COMPONENTS = 64
FOLDER = "held-out"
"""Below the trained models: these are kept, so that a second evaluation trains nothing."""


def chosen_classes(n_splits: int = N_SPLITS) -> list[tuple[int, ...]]:
    """The unseen classes, splits of three: drawn by an address, chosen by nobody, no split twice.

    No class is in two of the first three, nor of the next three; more splits begin with the fewer
    ones.
    """
    splits: list[tuple[int, ...]] = []
    a_draw = 0
    while len(splits) < n_splits:
        address = [SEED, CHOICE, a_draw] if a_draw else [SEED, CHOICE]
        order = np.random.default_rng(address).permutation(len(CLASS_NAMES))
        drawn = order[: N_SPLITS * N_CLASSES].reshape(N_SPLITS, N_CLASSES)
        splits += [one for group in drawn if (one := tuple(sorted(group.tolist()))) not in splits]
        a_draw += 1
    return splits[:n_splits]


def measure(
    context: Context,
    data: FashionMnist,
    is_near: NDArray[np.bool_],
    splits: Sequence[tuple[int, ...]],
) -> Unseen:
    """Two networks for each of the splits; is_near: bool [n_test], pictures that count as
    near-duplicates.
    """
    return Unseen(tuple(_split(context, data, is_near, unseen) for unseen in splits))


def _split(
    context: Context, data: FashionMnist, is_near: NDArray[np.bool_], unseen: tuple[int, ...]
) -> Split:
    is_seen = ~np.isin(data.train_labels, unseen)
    seen_images = data.train_images[is_seen]
    named, general = (
        _network(context, preset, seen_images, data.train_labels[is_seen], unseen)
        for preset in PRESETS
    )
    # TensorFlow takes seconds to import.
    from recommender.embedding import tensorflow_embedder  # noqa: PLC0415

    def embedded(model: tuple[bytes, bytes]) -> NDArray[np.float32]:
        embedder = open_embedder(*model, tensorflow_embedder.TensorflowEmbedder.from_bytes)
        return round_embeddings(embedder.embed(data.test_images))

    components = retrieval.PixelComponents(seen_images, min(N_COMPONENTS, seen_images[0].size))
    spaces = {
        "embedder": embedded(named),
        "general": embedded(general),
        "pixels": retrieval.unit_rows(data.test_images),
        "pca-64": components.project(data.test_images),
        edge_histograms.NAME: edge_histograms.EdgeHistogramEmbedder.fitted(seen_images).embed(
            data.test_images
        ),
    }
    is_query = np.isin(data.test_labels, unseen)
    everything = np.ones(len(is_query), bool)
    searches = dict(
        zip(
            TABLES,
            (
                (is_query, is_query),
                (is_query, everything),
                (is_query & ~is_near, is_query & ~is_near),
                (is_query & ~is_near, ~is_near),
            ),
            strict=True,
        )
    )
    found: dict[str, dict[str, Retrieval]] = {table: {} for table in TABLES}
    with context.talk.progress("searching", len(TABLES) * (len(spaces) + len(SMOOTHED))) as step:
        for table, (queries, gallery) in searches.items():
            for name, vectors in spaces.items():
                found[table][name] = among(vectors, data.test_labels, queries, gallery)
                step()
            for name, plain in SMOOTHED.items():
                rows = round_embeddings(spaces[plain])
                searched = np.zeros((len(rows), 2 * rows.shape[1]), np.float32)
                searched[gallery] = Neighbourhoods.of(rows[gallery]).searched()
                found[table][name] = among(searched, data.test_labels, queries, gallery)
                step()
    keys = [checkpoint.model_key(checkpoint.verify(*model)[0]) for model in (named, general)]
    return Split(tuple(CLASS_NAMES[one] for one in unseen), keys[0], keys[1], found)


def among(
    vectors: NDArray[np.float32],
    labels: NDArray[Any],
    is_query: NDArray[np.bool_],
    is_gallery: NDArray[np.bool_],
) -> Retrieval:
    """Pictures of `is_query` ask those of `is_gallery`, which they belong to; none meets itself."""
    queries = np.flatnonzero(is_query)
    gallery = np.flatnonzero(is_gallery)
    return retrieval.retrieve(
        vectors[queries],
        vectors[gallery],
        labels[queries],
        labels[gallery],
        depth=DEPTH,
        leave_out=np.searchsorted(gallery, queries),
    )


def _network(
    context: Context,
    preset: str,
    images: NDArray[np.uint8],
    labels: NDArray[Any],
    unseen: tuple[int, ...],
) -> tuple[bytes, bytes]:
    """A network of one split, from its folder when it was trained before on these very pictures."""
    names = [name for place, name in enumerate(CLASS_NAMES) if place not in unseen]
    numbers = np.searchsorted(np.setdiff1d(np.arange(len(CLASS_NAMES)), unseen), labels)
    digest = hashlib.sha256(images.tobytes() + numbers.astype("<i8").tobytes()).hexdigest()
    folder = context.settings.models / FOLDER / f"{preset}-without-{'-'.join(map(str, unseen))}"
    from recommender.embedding import network  # noqa: PLC0415 - TensorFlow takes seconds to import

    # TensorFlow takes seconds to import.
    from recommender.embedding.training import own_network as training  # noqa: PLC0415

    settings = replace(training_settings.PRESETS[preset], compute=training.fastest_compute())
    kept = _kept(folder, digest, asdict(settings))
    if kept is not None:
        return kept
    make_room(folder)
    left_out = ", ".join(CLASS_NAMES[one] for one in unseen)
    with context.talk.progress(f"training {preset} without {left_out}", settings.epochs) as step:
        trained = training.train(
            images,
            numbers,
            architecture=replace(network.PRESETS[preset], classes=len(names)),
            settings=settings,
            seed=SEED,
            progress=lambda _epoch: step(),
        )
    checkpoint.save(folder, trained, classes=names, data_sha256=digest, metrics={})
    return checkpoint.read(folder)


def _kept(folder: Path, digest: str, settings: dict[str, Any]) -> tuple[bytes, bytes] | None:
    """Manifest and weights, when whole and of this training; else None, and it is trained again."""
    try:
        manifest, weights = checkpoint.read(folder)
    except ValueError:
        return None
    plain, _ = checkpoint.verify(manifest, weights)
    is_same = (
        plain["data_sha256"] == digest and plain["training"] == settings and plain["seed"] == SEED
    )
    return (manifest, weights) if is_same else None
