"""Pictures embedded a second, each runtime beside its plain self, and what a worker needs for it.

`python -m benchmarks.embedding [--times 3] [--pictures 4096]`: the settings' model. TensorFlow
beside Keras' own `predict`; ONNX Runtime beside a plain session on all cores; one warm picture; a
worker's memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.rig.measured import Pair, beside, claim
from db import images, models, runs, schema, work
from db.engine import open_engine, write_transaction
from recommender.embedding import checkpoint
from recommender.embedding.onnx.embedder import OnnxEmbedder
from recommender.embedding.onnx.graph import export
from recommender.embedding.runtimes import runtime_key
from simulator.catalogues.stored import fashion_mnist
from simulator.embedders.model import folder_of
from simulator.installation.context import Context, Silence, open_context
from workers import settings
from workers.embed import BATCH as JOB
from workers.silence import silent_import

RATIO = 0.9
ONE_MS = 0.5
WORKER_MB = 350
PLAIN_BATCH = 256

Pixels = NDArray[np.uint8]

WORKER = """
import resource, sys
from db.engine import open_engine
from workers.tasks import Worker
Worker(open_engine(f"sqlite:///{sys.argv[1]}"), "bench").perform(1)
assert "tensorflow" not in sys.modules
in_mb = 1024**2 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / in_mb)
"""
"""A worker with one job, and nothing of ours that a worker has not."""


def main() -> None:
    """Measure both runtimes, then a worker in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=4096)
    arguments = parser.parse_args()
    context = open_context(settings.load(), Silence())
    pixels = fashion_mnist(context).train_images[: arguments.pictures]
    manifest, weights = checkpoint.read(_folder(context))
    print(f"model {context.settings.model}, {len(pixels):,} pictures")
    _memory(manifest, weights, pixels[:JOB])
    _onnx(manifest, weights, pixels, arguments.times)
    _tensorflow(manifest, weights, pixels, arguments.times)


def _folder(context: Context) -> Path:
    folder = folder_of(context.settings)
    if folder is None:
        raise SystemExit(f"no model {context.settings.model!r}: `windowshop train` makes one")
    return folder


def _onnx(manifest: bytes, weights: bytes, pixels: Pixels, times: int) -> None:
    ours = OnnxEmbedder.from_bytes(manifest, weights)
    _, graph = export(manifest, weights)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])

    def plain() -> None:
        for start in range(0, len(pixels), PLAIN_BATCH):
            session.run(None, {"pixels": pixels[start : start + PLAIN_BATCH]})

    pair = beside(lambda: ours.embed(pixels), plain, times)
    claim(
        "embedding, onnx beside plain ONNX Runtime",
        _rates(pair, len(pixels)),
        f"ratio at least {RATIO}",
        holds=pair.ratio >= RATIO,
    )
    ours.quicken()
    taken = []
    for number in range(300):
        began = time.perf_counter()
        ours.embed(pixels[number : number + 1])
        taken.append(1000 * (time.perf_counter() - began))
    one = median(taken)
    claim(
        "embedding, onnx, one warm picture",
        f"{one:.2f} ms",
        f"at most {ONE_MS} ms",
        holds=one <= ONE_MS,
    )


def _tensorflow(manifest: bytes, weights: bytes, pixels: Pixels, times: int) -> None:
    with silent_import():
        # After the memory of ONNX Runtime.
        from recommender.embedding.tensorflow_embedder import (  # noqa: PLC0415 - seconds
            BATCH,
            TensorflowEmbedder,
        )
    model = checkpoint.from_bytes(manifest, weights)
    ours = TensorflowEmbedder(model)
    as_floats = pixels[..., None].astype(np.float32)
    pair = beside(
        lambda: ours.embed(pixels),
        lambda: model.predict(as_floats, batch_size=BATCH, verbose=0),
        times,
    )
    claim(
        "embedding, tensorflow beside Keras' predict",
        _rates(pair, len(pixels)),
        "ratio at least 1",
        holds=pair.ratio >= 1,
    )
    every = 60_000 / (len(pixels) / pair.ours)
    claim(
        "embedding, tensorflow, 60,000 pictures",
        f"{every:.1f} s",
        "at most 15 s",
        holds=every <= 15,
    )


def _rates(pair: Pair, n: int) -> str:
    return f"{n / pair.ours:,.0f}/s, peer {n / pair.peer:,.0f}/s, ratio {pair.ratio:.2f}"


def _memory(manifest: bytes, weights: bytes, pixels: Pixels) -> None:
    """A worker takes one embed job of the usual size from a database of its own."""
    with tempfile.TemporaryDirectory(prefix="windowshop-bench-") as folder:
        file = Path(folder, "worker.db")
        name = checkpoint.model_key(json.loads(manifest))
        engine = open_engine(f"sqlite:///{file}")
        schema.ensure(engine)
        with write_transaction(engine) as conn:
            models.add(conn, name, manifest, weights)
            payload = {
                "model": name,
                "runtime": runtime_key("onnx"),
                "images": images.add(conn, pixels),
            }
            work.add(conn, runs.open_run(conn, {}).number, "embed", {"all": payload})
        words = [sys.executable, "-c", WORKER, str(file)]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        engine.dispose()
    found = float(said)
    claim(
        "memory of an embedding worker, onnx",
        f"{found:.0f} MB",
        f"at most {WORKER_MB} MB",
        holds=found <= WORKER_MB,
    )


if __name__ == "__main__":
    main()
