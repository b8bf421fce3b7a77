"""Which items of a log have pictures, and what the embedder makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from db import items, runs
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import NotFoundError
from db.items import Item
from recommender.search.similarity import round_embeddings
from recommender.session_log.features import ItemPictures
from simulator.catalogues import stored as catalogues
from simulator.embedders import model as default_model
from simulator.embedders.vectors import vectors
from simulator.installation.context import Context


def item_pictures(
    context: Context, item_ids: Sequence[str], *, catalogue: str | None, run: str
) -> ItemPictures | None:
    """The rounded embeddings of a log's items; None when no item has a picture here.

    catalogue: whose pictures are meant; without one, those of the run that the log says it was
    exported from, if this database has it.
    """
    if catalogue is not None:
        model = default_model.ensure(context, catalogue)
        embedder = EmbedderKey(model.key, model.runtime)
        stored = catalogues.ensure(context, catalogue)
    else:
        try:
            with read_transaction(context.engine) as conn:
                found = runs.read(conn, run)
                stored = items.of_run(conn, found.number)
        except NotFoundError:
            return None
        if "model" not in found.config:
            return None
        embedder = EmbedderKey(found.config["model"], found.config["runtime"])
    return _aligned(context, embedder, stored, item_ids)


def _aligned(
    context: Context, embedder: EmbedderKey, stored: Sequence[Item], item_ids: Sequence[str]
) -> ItemPictures | None:
    image_of = {item.item_id: item.image for item in stored}
    wanted = sorted({image_of[name] for name in item_ids if name in image_of})
    if not wanted:
        return None
    found = round_embeddings(vectors(context, embedder, wanted))
    place = {image: number for number, image in enumerate(wanted)}
    rows = np.array([place.get(image_of.get(name, ""), -1) for name in item_ids])
    aligned = np.zeros((len(item_ids), found.shape[1]), dtype=np.float32)
    aligned[rows >= 0] = found[rows[rows >= 0]]
    return ItemPictures(aligned, rows >= 0)
