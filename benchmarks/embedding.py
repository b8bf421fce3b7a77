"""Seconds to embed the 60,000 catalogue pictures, against Keras' own `predict` of the same network.

`python -m benchmarks.embedding [--times 3]` in one process, one after the other, medians.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from recommender import checkpoint
from simulator.actions import model as models
from simulator.actions.catalogue import fashion_mnist
from simulator.actions.context import Silence, open_context
from workers import settings
from workers.silence import silent_import

with silent_import():
    from recommender.embedder import BATCH, Embedder


def main() -> None:
    """Measure both, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    times = parser.parse_args().times
    context = open_context(settings.load(), Silence())
    pictures = fashion_mnist(context).train_images
    folder = models.folder_of(context.settings)
    if folder is None:
        raise SystemExit(f"no model {context.settings.model!r}; `windowshop train` makes one")
    model = checkpoint.load(folder)
    ours = Embedder(model)
    as_floats = pictures[..., None].astype(np.float32)
    print(f"{len(pictures):,} pictures, load {os.getloadavg()[0]:.1f}")
    mine = _median(lambda: ours.embed(pictures), times)
    peer = _median(lambda: model.predict(as_floats, batch_size=BATCH, verbose=0), times)
    print(f"Embedder {mine:.1f} s, {len(pictures) / mine:,.0f} pictures/s")
    print(f"Keras predict {peer:.1f} s; ratio {peer / mine:.2f}")


def _median(work: Callable[[], object], times: int) -> float:
    work()  # the first call traces the graph
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return median(seconds)


if __name__ == "__main__":
    main()
