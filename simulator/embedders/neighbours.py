"""Look-alikes for Python: of a file or an array, as rows and as a picture grid."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from simulator.embedders.similar import Similar, similar
from simulator.installation.context import Context

if TYPE_CHECKING:
    import pandas as pd

WANTED = "uint8 [height, width] of grey levels, or [height, width, 3] in colour"


@dataclass(frozen=True, repr=False)
class Neighbours:
    """What looks like a picture, the nearest first; goes through a loop like its items."""

    items: list[Similar]
    png: bytes
    """A grid of the query and the items, without axes."""

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Similar]:
        return iter(self.items)

    def __getitem__(self, place: int) -> Similar:
        return self.items[place]

    def __repr__(self) -> str:
        lines = (f"{one.score:.3f}  {one.item.item_id}  {one.item.category}" for one in self.items)
        return "\n".join(lines)

    @property
    def frame(self) -> pd.DataFrame:
        """One row an item: item, category, price (absent: the world draws one), score (cosine)."""
        import pandas as pd  # noqa: PLC0415 - half a second

        rows = [
            (one.item.item_id, one.item.category, one.item.price, one.score) for one in self.items
        ]
        return pd.DataFrame(rows, columns=["item", "category", "price", "score"])

    def _repr_html_(self) -> str:
        return f'<img alt="similar items" src="data:image/png;base64,{_base64(self.png)}">'


def neighbours(
    context: Context,
    picture: str | Path | NDArray[np.uint8],
    *,
    k: int,
    catalogue: str,
    exclude_self: bool,
) -> Neighbours:
    """Look-alikes of a file, or of an array.

    Raises ValueError for an array that is no picture, TypeError for what is neither.
    """
    if not isinstance(picture, str | Path | np.ndarray):
        raise TypeError(
            f"a picture is a path or an array {WANTED}, found {type(picture).__name__}; "
            "numpy.asarray(picture) makes an array"
        )
    with tempfile.TemporaryDirectory(prefix="windowshop-") as folder:
        if isinstance(picture, np.ndarray):
            path = Path(folder) / "query.png"
            _image(picture).save(path)
        else:
            path = Path(picture)
        grid = Path(folder) / "grid.png"
        found = similar(
            context, path, k=k, out=grid, catalogue=catalogue, exclude_self=exclude_self
        )
        return Neighbours(found.items, grid.read_bytes())


def _image(picture: NDArray[np.uint8]) -> Image.Image:
    is_grey = picture.ndim == 2
    is_colour = picture.ndim == 3 and picture.shape[2] == 3
    if picture.dtype != np.uint8 or not (is_grey or is_colour) or not picture.size:
        raise ValueError(f"a picture is {WANTED}, found {picture.dtype} {list(picture.shape)}")
    return Image.fromarray(picture)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
