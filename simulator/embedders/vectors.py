"""The vectors of pictures outside a run: those that lack one are embedded here and kept for the
next time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db import embeddings, images
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.views import View
from simulator.installation.context import Context
from workers.embed import BATCH
from workers.knowledge import Library


def vectors(
    context: Context,
    embedder: EmbedderKey,
    wanted: Sequence[str],
    *,
    library: Library | None = None,
) -> NDArray[np.float32]:
    """Unit rows float32 [n, dim] of stored pictures by their sha256, as the embedder gave them."""
    with read_transaction(context.engine) as conn:
        known = embeddings.of_model(conn, embedder)
    missing = sorted(set(wanted) - known.keys())
    if missing:
        network = (library or Library(context.engine)).embedder(embedder)
        context.talk.say(f"{len(missing):,} pictures have no embedding by {embedder.model} yet")
        with context.talk.progress("embedding pictures", len(missing)) as step:
            for start in range(0, len(missing), BATCH):
                hashes = missing[start : start + BATCH]
                with read_transaction(context.engine) as conn:
                    pixels = images.read(conn, hashes, View(*network.view))
                found = network.embed(pixels)
                with write_transaction(context.engine) as conn:
                    embeddings.add(conn, embedder, hashes, found)
                known |= {key: vector.tobytes() for key, vector in zip(hashes, found, strict=True)}
                step(len(hashes))
    return np.frombuffer(b"".join(known[image] for image in wanted), "<f4").reshape(len(wanted), -1)
