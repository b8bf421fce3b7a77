"""Work of kind `embed`: pictures that have no vector get one."""

from __future__ import annotations

from db import embeddings, images, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.views import View
from workers.knowledge import Library

BATCH = 512
"""Pictures a job."""


def perform(library: Library, job: work.Work) -> int:
    """Embed the pictures that the payload names; says how many."""
    embedder = EmbedderKey(job.payload["model"], job.payload["runtime"])
    hashes = job.payload["images"]
    network = library.embedder(embedder)
    with read_transaction(library.engine) as conn:
        pictures = images.read(conn, hashes, View(*network.view))
    library.stopwatch.lap("read")

    vectors = network.embed(pictures)
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, job.id)
        embeddings.add(conn, embedder, hashes, vectors)
    library.stopwatch.lap("write")
    return len(hashes)
