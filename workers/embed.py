"""Work of kind `embed`: pictures that have no vector get one."""

from __future__ import annotations

from db import embeddings, images, work
from db.embeddings import Embedder
from db.engine import reading, writing
from workers.knowledge import Library

BATCH = 512
"""Pictures a job."""


def perform(library: Library, job: work.Work) -> int:
    """Embed the pictures that the payload names; says how many."""
    embedder = Embedder(job.payload["model"], job.payload["runtime"])
    hashes = job.payload["images"]
    with reading(library.engine) as conn:
        pictures = images.read(conn, hashes)
    library.laps.lap("read")

    vectors = library.embedder(embedder).embed(pictures)
    library.laps.lap("compute")

    with writing(library.engine) as conn:
        work.finish(conn, job.id)
        embeddings.add(conn, embedder, hashes, vectors)
    library.laps.lap("write")
    return len(hashes)
