"""A live run's recommender for a job; what nobody has embedded yet is embedded first."""

from __future__ import annotations

from db import embeddings, images
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.offers import NO_CHANGE
from db.runs import by_number
from db.views import View
from workers.knowledge import Library, NotEmbeddedError
from workers.run_recommender import RunRecommender


def grown(
    library: Library,
    run: int,
    generation: int,
    offers: int = NO_CHANGE,
    *,
    is_simulated: bool = False,
) -> RunRecommender:
    """As `Library.grow`; somebody's picture that waits for its own job may stand before an item."""
    try:
        return library.grow(run, generation, offers, is_simulated=is_simulated)
    except NotEmbeddedError:
        embed_missing(library, run)
        return library.grow(run, generation, offers, is_simulated=is_simulated)


def embed_missing(library: Library, run: int) -> None:
    """Embed what a run's pictures lack."""
    with read_transaction(library.engine) as conn:
        config = by_number(conn, run).config
        embedder = EmbedderKey(config["model"], config["runtime"])
        first = config["items"] + config["queries"]  # those before it were embedded at the opening
        lacking = embeddings.missing(conn, run, embedder, first)
    if not lacking:
        return
    network = library.embedder(embedder)
    with read_transaction(library.engine) as conn:
        pictures = images.read(conn, lacking, View(*network.view))
    vectors = network.embed(pictures)
    with write_transaction(library.engine) as conn:
        embeddings.add(conn, embedder, lacking, vectors)
