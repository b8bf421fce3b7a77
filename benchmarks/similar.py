"""Milliseconds from a picture file to its ten most similar items, in a process that has done it before.

`python -m benchmarks.similar [--calls 100]`: 60,000 items, a 28x28 png and a 600x800 jpg, with TensorFlow and
with ONNX Runtime: decode in the gate, embed, rank.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.measured import claim
from recommender.runtimes import Runtime
from simulator.actions.catalogue import fashion_mnist
from simulator.actions.context import Silence, open_context
from simulator.actions.similar import Search, open_search
from simulator.picture_gate import Gate
from workers import settings

WANTED = 10.0
RUNTIMES: tuple[Runtime, ...] = ("tensorflow", "onnx")


def main() -> None:
    """Measure both runtimes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    calls = parser.parse_args().calls
    pictures = fashion_mnist(open_context(settings.load(), Silence())).test_images[:calls]
    for runtime in RUNTIMES:
        context = open_context(settings.load(runtime=runtime), Silence())
        search = open_search(context, warm=True)
        _files(search, pictures, runtime)


def _files(search: Search, pictures: NDArray[np.uint8], runtime: Runtime) -> None:
    embed = _milliseconds(lambda n: search.network.embed(pictures[n : n + 1]), len(pictures))
    with tempfile.TemporaryDirectory() as name, Gate() as gate:
        small, large = Path(name, "small.png"), Path(name, "large.jpg")
        for kind in (small, large):
            picture = Image.fromarray(255 - pictures[0]).convert("RGB")
            (picture if kind == small else picture.resize((600, 800))).save(kind)
            took = _milliseconds(
                lambda _n, at=kind: search.nearest(gate.read(at).canonical, 10), len(pictures)
            )
            what = f"similar, warm, {runtime}, {len(search.index):,} items, {kind.name}"
            found = f"{took:.1f} ms, {embed:.2f} of them embedding"
            claim(what, found, f"at most {WANTED:.0f} ms", holds=took <= WANTED)


def _look(search: Search, gate: Gate, file: Path, _number: int) -> object:
    return search.nearest(gate.read(file).canonical, 10)


def _milliseconds(work: Callable[[int], object], calls: int) -> float:
    taken = []
    for number in range(calls):
        began = time.perf_counter()
        work(number)
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


if __name__ == "__main__":
    main()
