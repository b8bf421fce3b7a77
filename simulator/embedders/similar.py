"""A picture in, the catalogue items that look most like it out."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from db import images, views
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import UsageError
from db.items import CATALOGUE_SPLIT, Item
from db.views import COLOUR, GREY, View
from recommender.embedding.batches import Embedding
from recommender.search.neighbourhood import Neighbourhoods
from recommender.search.similarity import nearest, round_embeddings
from simulator.catalogues import stored as catalogues
from simulator.catalogues.decoder import Decoder
from simulator.embedders import model as default_model
from simulator.embedders.vectors import vectors
from simulator.installation import output
from simulator.installation.context import Context
from workers.knowledge import Library

MOST = 100
MOST_NEIGHBOURS = 10_000
"""Own catalogues up to this size are searched with their neighbourhoods, larger ones by cosine
alone: every item asks every other then, twice: 2 s of processor for so many, four times as much for
twice as many.
"""

OUT_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


@dataclass(frozen=True)
class Similar:
    """One catalogue item beside the query."""

    item: Item
    score: float
    """Cosine of the embeddings."""


@dataclass(frozen=True)
class Shown:
    """How a grid is drawn."""

    query: Image.Image
    """As its owner knows it."""
    seen: NDArray[np.uint8]
    """As the network sees it."""
    items: View
    """As people see them."""


@dataclass(frozen=True)
class LookAlikes:
    """What was found for a picture, most similar first, and where its grid was written."""

    query: str
    model: str
    items: list[Similar]
    grid: Path | None
    doubt: str = ""
    """One line where the model names no better than chance; empty elsewhere."""

    def to_json(self) -> dict[str, Any]:
        """For other programs."""
        rows = [
            {"item": one.item.item_id, "score": round(one.score, 6), "category": one.item.category}
            for one in self.items
        ]
        grid = {"grid": str(self.grid)} if self.grid else {}
        doubt = {"doubt": self.doubt} if self.doubt else {}
        return {"query": self.query, "model": self.model, "items": rows, **grid, **doubt}

    def text(self) -> str:
        """For people."""
        lines = [f"{one.score:.3f}  {one.item.item_id}  {one.item.category}" for one in self.items]
        return "\n".join([*lines, *([f"grid: {self.grid}"] if self.grid else [])])


def similar(
    context: Context,
    image: Path,
    *,
    k: int = 10,
    out: Path | None = None,
    catalogue: str = catalogues.FASHION_MNIST,
    exclude_self: bool = False,
) -> LookAlikes:
    """The k items most similar to a picture file; with `out`, a picture grid of them.

    exclude_self: leave out the items that have this very picture.
    Raises UsageError or DataError for what cannot be looked at, before anything heavy begins.
    """
    if not 1 <= k <= MOST:
        raise UsageError(f"-k must lie in 1..{MOST}, found {k}")
    kind = _kind(out)
    with Decoder() as decoder:
        photo = decoder.read(image)
    search = open_search(context, catalogue=catalogue)

    found = search.nearest(photo.canonical, k, exclude_self=exclude_self)

    if out is not None and kind is not None:
        people = GREY if catalogue == catalogues.FASHION_MNIST else COLOUR
        shown = Shown(photo.shown, search.seen(photo.canonical), people)
        _draw(context, shown, found, out, kind)
    return LookAlikes(str(image), search.model, found, out, search.doubt)


@dataclass(frozen=True)
class Search:
    """A catalogue in memory, to be asked again and again."""

    model: str
    """Key of the embedder."""
    stored: Sequence[Item]
    """The items, in the order of the index."""
    index: NDArray[np.float32]
    """Their rounded embeddings, float32 [n_items, dim]."""
    network: Embedding
    among: tuple[Neighbourhoods, NDArray[np.float32]] | None = None
    """Its neighbourhoods, and each item beside its own, float32 [n_items, 2 * dim]; searched in the
    index's place.
    """
    doubt: str = ""
    """One line where the model names no better than chance; empty elsewhere."""

    def nearest(
        self, picture: NDArray[np.uint8], k: int, *, exclude_self: bool = False
    ) -> list[Similar]:
        """The k items most similar to a canonical picture, as `pictures.read` makes it.

        exclude_self: without the items whose stored picture has the very same bytes.
        """
        query = self.network.embed(self.seen(picture)[None])
        without = images.digest(picture) if exclude_self else None
        if self.among is None:
            return most_similar(self.index, query, self.stored, k, without=without)
        neighbourhoods, searched = self.among
        asked = neighbourhoods.asked(round_embeddings(query))
        return most_similar(searched, asked, self.stored, k, without=without)

    def seen(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A canonical picture as the network is given it."""
        return views.seen(picture, View(*self.network.view))


def open_search(
    context: Context, *, catalogue: str = catalogues.FASHION_MNIST, warm: bool = False
) -> Search:
    """A catalogue ready to be asked; what has no embedding yet gets one.

    An own catalogue of at most MOST_NEIGHBOURS items is searched among its neighbourhoods. warm:
    spend a moment now, so that every question later is answered sooner, with the same answer; for a
    process that does little else, TensorFlow gets one thread in it.
    """
    model = default_model.ensure(context, catalogue)
    embedder = EmbedderKey(model.key, model.runtime)
    library = Library(context.engine, is_quick=warm)
    stored = [row for row in catalogues.ensure(context, catalogue) if row.split == CATALOGUE_SPLIT]
    index = _index(context, library, embedder, stored)
    network = library.embedder(embedder)
    if warm:
        network.quicken()
    return Search(model.key, stored, index, network, _among(index, catalogue), model.doubt)


def most_similar(
    index: NDArray[np.float32],
    query: NDArray[np.float32],
    stored: Sequence[Item],
    k: int,
    *,
    without: str | None = None,
) -> list[Similar]:
    """The k nearest items; index: rounded unit rows [n_items, dim]; query: a unit row [1, dim].

    without: the sha256 of a picture whose items are left out.
    """
    is_candidate = np.array([item.image != without for item in stored], np.bool_)
    n = min(k, int(is_candidate.sum()))
    if not n:
        return []
    found, cosines = nearest(index, round_embeddings(query), n, is_candidate)
    return [
        Similar(stored[number], min(1.0, float(cosine)))
        for number, cosine in zip(found[0], cosines[0], strict=True)
    ]


def _index(
    context: Context, library: Library, embedder: EmbedderKey, stored: Sequence[Item]
) -> NDArray[np.float32]:
    """The rounded embeddings of the items, float32 [n, dim]; what has none yet is embedded and
    stored.
    """
    wanted = [row.image for row in stored]
    return round_embeddings(vectors(context, embedder, wanted, library=library))


def _among(
    index: NDArray[np.float32], catalogue: str
) -> tuple[Neighbourhoods, NDArray[np.float32]] | None:
    if catalogue == catalogues.FASHION_MNIST or len(index) > MOST_NEIGHBOURS:
        return None
    found = Neighbourhoods.of(index)
    return found, found.searched()


def _kind(out: Path | None) -> str | None:
    if out is None:
        return None
    kind = OUT_FORMATS.get(out.suffix.lower())
    if kind is None:
        raise UsageError(f"--out {out}: a grid is written as {', '.join(OUT_FORMATS)}; name it so")
    folder = Path(os.path.realpath(out)).parent
    if not folder.is_dir():
        raise UsageError(f"--out {out}: there is no folder {folder}; make it first")
    output.check(out)
    return kind


def _draw(context: Context, shown: Shown, found: Sequence[Similar], out: Path, kind: str) -> None:
    # Matplotlib, only for a grid.
    from simulator.report.figures.picture_grid import Tile, grid_image  # noqa: PLC0415

    with read_transaction(context.engine) as conn:
        pixels = images.read(conn, [one.item.image for one in found], shown.items)
    tiles = [
        Tile(picture, f"{one.score:.3f}", one.item.item_id, one.item.category)
        for picture, one in zip(pixels, found, strict=True)
    ]
    buffer = io.BytesIO()
    grid_image(shown.query, shown.seen, tiles).save(buffer, format=kind, quality=92)
    with output.opened(out) as file:
        file.write(buffer.getvalue())
