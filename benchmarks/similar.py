"""Milliseconds from a picture file to its ten most similar items, warm; seconds by the command
line, cold.

`python -m benchmarks.similar [--calls 100] [--first]`: 60,000 items, a 28x28 png, two jpgs. Warm:
in a process that has done it before, with TensorFlow and with ONNX Runtime: decode in its own
process, embed, rank. Cold: `windowshop similar FILE` in a new process, the 60,000 embedded
before. --first: in an empty home.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.rig.measured import claim
from recommender.embedding.runtimes import Runtime
from simulator.catalogues.decoder import Decoder
from simulator.catalogues.stored import fashion_mnist
from simulator.embedders.similar import Search, open_search
from simulator.installation.context import Silence, open_context
from workers import settings

SIZES = (((28, 28), "png"), ((300, 400), "jpg"), ((600, 800), "jpg"))
WARM_MS = 10.0
COLD_SECONDS = 8.0
COLD_CALLS = 5
RUNTIMES: tuple[Runtime, ...] = ("tensorflow", "onnx")


def main() -> None:
    """Measure both runtimes, then the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--first", action="store_true", help="only the first call in an empty home")
    arguments = parser.parse_args()
    pictures = fashion_mnist(open_context(settings.load(), Silence())).test_images[
        : arguments.calls
    ]
    if arguments.first:
        with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as home:
            taken = _command(pictures[0], {"WINDOWSHOP_HOME": home})
        print(f"similar, the first call in an empty home: {taken:.1f} s")
        return
    for runtime in RUNTIMES:
        context = open_context(settings.load(runtime=runtime), Silence())
        search = open_search(context, warm=True)
        _files(search, pictures, runtime)
    cold = median(_command(pictures[0], {}) for _ in range(COLD_CALLS))
    what = f"windowshop similar, cold, {len(search.index):,} items, tensorflow"
    claim(what, f"{cold:.1f} s", f"at most {COLD_SECONDS:.0f} s", holds=cold <= COLD_SECONDS)


def _command(picture: NDArray[np.uint8], changes: dict[str, str]) -> float:
    """Seconds of `windowshop similar` in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
        file = Path(folder, "query.png")
        Image.fromarray(255 - picture).save(file)
        words = [sys.executable, "-m", "simulator", "similar", str(file), "--json"]
        began = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, **changes})
        return time.perf_counter() - began


def _files(search: Search, pictures: NDArray[np.uint8], runtime: Runtime) -> None:
    embed = _milliseconds(lambda n: search.network.embed(pictures[n : n + 1]), len(pictures))
    with tempfile.TemporaryDirectory() as name, Decoder() as decoder:
        for size, ending in SIZES:
            kind = Path(name, f"{size[0]}x{size[1]}.{ending}")
            Image.fromarray(255 - pictures[0]).convert("RGB").resize(size).save(kind)
            took = _milliseconds(partial(_asked, search, decoder, kind), len(pictures))
            what = f"similar, warm, {runtime}, {len(search.index):,} items, {kind.name}"
            found = f"{took:.1f} ms, {embed:.2f} of them embedding"
            claim(what, found, f"at most {WARM_MS:.0f} ms", holds=took <= WARM_MS)


def _asked(search: Search, decoder: Decoder, file: Path, _number: int) -> object:
    return search.nearest(decoder.read(file).canonical, 10)


def _milliseconds(work: Callable[[int], object], calls: int) -> float:
    taken = []
    for number in range(calls):
        began = time.perf_counter()
        work(number)
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


if __name__ == "__main__":
    main()
