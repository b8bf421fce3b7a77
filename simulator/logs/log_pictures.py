"""Which items of a log have pictures, and what the embedder makes of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from db import items, runs
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import DataError, NotFoundError
from recommender.search.similarity import round_embeddings
from recommender.session_log.features import ItemPictures
from simulator.catalogues import stored as catalogues
from simulator.catalogues.csv_file import printable
from simulator.embedders import model as default_model
from simulator.embedders.vectors import vectors
from simulator.installation.context import Context


def item_pictures(
    context: Context, item_ids: Sequence[str], *, catalogue: str | None, run: str
) -> ItemPictures | None:
    """The rounded embeddings of a log's items; None when no item has a picture here.

    catalogue: whose pictures are meant; without one, those of the run that the log says it was
    exported from, if this database has it. Raises DataError when a catalogue is named and none of
    its items is one of the log's.
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
    image_of = joined(item_ids, {item.item_id: item.image for item in stored})
    if not image_of and catalogue is not None:
        raise DataError(_apart(item_ids, [item.item_id for item in stored], catalogue))
    return _aligned(context, embedder, image_of, item_ids) if image_of else None


def joined(item_ids: Sequence[str], image_of: Mapping[str, str]) -> dict[str, str]:
    """The picture of each item of a log that has one: by its id, else by its id without folder,
    ending and letter case, where only one of the catalogue is so called.
    """
    n_called = Counter(_plain(name) for name in image_of)
    by_plain = {_plain(name): image for name, image in image_of.items()}
    found = {}
    for name in item_ids:
        plain = _plain(name)
        if name in image_of:
            found[name] = image_of[name]
        elif n_called[plain] == 1:
            found[name] = by_plain[plain]
    return found


def _plain(name: str) -> str:
    stem = name.rsplit("/", 1)[-1].lower()
    return re.sub(r"\.(jpe?g|png|webp|gif|bmp|tiff?|avif|heic)$", "", stem)


def _apart(ours: Sequence[str], theirs: Sequence[str], catalogue: str) -> str:
    """Why a log and a catalogue have no item in common, with the nearest cure."""
    here, there = ([printable(one) for one in sorted(ids)[:2]] for ids in (ours, theirs))
    stripped = {_plain(one).lstrip("0") for one in ours}
    cure = (
        "the ids differ in leading zeros: write them alike"
        if stripped & {_plain(one).lstrip("0") for one in theirs}
        else "`windowshop catalogue add FOLDER --csv FILE` gives pictures the ids of the log"
    )
    return (
        f"no item of the log is in the catalogue {catalogue!r}: the log has {', '.join(here)},"
        f" the catalogue {', '.join(there)}; {cure}"
    )


def _aligned(
    context: Context, embedder: EmbedderKey, image_of: Mapping[str, str], item_ids: Sequence[str]
) -> ItemPictures:
    wanted = sorted(set(image_of.values()))
    found = round_embeddings(vectors(context, embedder, wanted))
    place = {image: number for number, image in enumerate(wanted)}
    rows = np.array([place.get(image_of.get(name, ""), -1) for name in item_ids])
    aligned = np.zeros((len(item_ids), found.shape[1]), dtype=np.float32)
    aligned[rows >= 0] = found[rows[rows >= 0]]
    return ItemPictures(aligned, rows >= 0)
