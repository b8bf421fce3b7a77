"""Work of kind `offer`: an item that came into a shop is embedded, and offered from then on."""

from __future__ import annotations

from db import embeddings, images, items, offers, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.errors import FinalError
from db.offers import OFFERED, Offer
from db.views import View
from workers.knowledge import Library


def perform(library: Library, job: work.Work) -> int:
    """Embed its picture unless that was done, number it in each live run of the shop, and offer it:
    in one transaction, so that no slate can hold it before it has a vector.
    """
    payload = job.payload
    embedder = EmbedderKey(payload["model"], payload["runtime"])
    with read_transaction(library.engine) as conn:
        stored = items.of_id(conn, payload["catalogue"], payload["item"])
        lacking = embeddings.lacking(conn, embedder, [stored.image] if stored else [])
    if stored is None:
        raise FinalError(f"there is no item {payload['item']!r} in {payload['catalogue']!r}")
    library.stopwatch.lap("read")

    vectors = None
    if lacking:
        network = library.embedder(embedder)
        with read_transaction(library.engine) as conn:
            pictures = images.read(conn, lacking, View(*network.view))
        vectors = network.embed(pictures)
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, job.id)
        if vectors is not None:
            embeddings.add(conn, embedder, lacking, vectors)
        for run in offers.of_shop(conn, payload["catalogue"]):
            number = items.append_to_run(conn, run.number, payload["catalogue"], stored)
            offers.note(conn, run.number, [Offer(number, OFFERED, stored.price, payload["name"])])
    library.stopwatch.lap("write")
    return 1
