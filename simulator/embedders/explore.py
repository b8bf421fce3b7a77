"""Looks at Fashion-MNIST as a shop would: what there is, what is there twice, what is doubtful."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recommender.evaluation.retrieval import PixelComponents, twins, vote
from recommender.search.similarity import round_embeddings
from simulator.catalogues.fashion_mnist import CLASS_NAMES, FashionMnist
from simulator.catalogues.stored import fashion_mnist
from simulator.installation import run_folder as folder
from simulator.installation.context import Context
from simulator.report.numbers import findings
from simulator.report.numbers.findings import NEIGHBOURS, Findings, Suspects
from simulator.report.pages import data as exploration
from simulator.report.pages import study

N_COMPONENTS = 64


@dataclass(frozen=True)
class Explored:
    """What the command line tells."""

    headline: str
    page: Path
    document: dict[str, Any]


def explore(context: Context) -> Explored:
    """Examine the data set and write its page, figures and explore.json; the same data, the same
    bytes.
    """
    folder.check_writable(context.settings.runs)
    data = fashion_mnist(context)
    with context.talk.progress("looking at the pictures", 4) as step:
        found = examine(data, step)
        page = exploration.page(found, data, CLASS_NAMES)
        document = findings.document(found, CLASS_NAMES)
        where = context.settings.runs / f"explore-{found.data[:12]}"
        path = study.write(page, where, "explore", document)
        step()
    return Explored(page.headline, path, document)


def examine(data: FashionMnist, step: Any = lambda: None) -> Findings:
    """All numbers of the exploration; step is called after each of three parts."""
    scale = np.arange(256)
    counts = np.bincount(data.train_images.ravel(), minlength=256)
    mean = float((counts * scale).sum() / counts.sum())
    std = float(np.sqrt((counts * (scale - mean) ** 2).sum() / counts.sum()))
    step()
    across = twins(data.test_images, data.train_images)
    step()
    suspects = _suspects(data)
    step()
    return Findings(
        data=digest(data),
        train_counts=np.bincount(data.train_labels, minlength=len(CLASS_NAMES)),
        test_counts=np.bincount(data.test_labels, minlength=len(CLASS_NAMES)),
        levels=counts,
        mean=mean,
        std=std,
        ink=data.train_images.reshape(len(data.train_images), -1).mean(1),
        train_labels=data.train_labels,
        test_labels=data.test_labels,
        twins=across,
        doubles=_doubles(data.train_images),
        suspects=suspects,
    )


def digest(data: FashionMnist) -> str:
    """sha256 over pictures and labels of both splits."""
    found = hashlib.sha256()
    for part in (data.train_images, data.train_labels, data.test_images, data.test_labels):
        found.update(part.tobytes())
    return found.hexdigest()


def _suspects(data: FashionMnist) -> Suspects:
    """Training pictures whose nearest others, by principal components of pixels, carry another
    label.
    """
    components = PixelComponents(data.train_images, min(N_COMPONENTS, data.train_images[0].size))
    said = vote(
        round_embeddings(components.project(data.train_images)), data.train_labels, k=NEIGHBOURS
    )
    return Suspects.among(said, data.train_labels)


def _doubles(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Sequence[tuple[int, ...]]:
    """Places of pictures that are the same byte for byte, one group each, in order."""
    groups: dict[bytes, list[int]] = {}
    for place, picture in enumerate(pixels):
        groups.setdefault(picture.tobytes(), []).append(place)
    return [tuple(group) for group in groups.values() if len(group) > 1]
