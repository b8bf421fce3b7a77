"""Joins the products of a feed to the picture files of a folder."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from simulator.catalogues.csv_file import CatalogueLine, CatalogueTable, is_name
from simulator.catalogues.feeds.product import Feed, FeedProduct


class PictureFiles:
    """Finds a file by its path, its name, or its name without ending; letters in any case."""

    def __init__(self, files: Sequence[str]) -> None:
        """files: paths relative to the folder with `/`. Of equal names none is found."""
        self._by_path = {file.lower(): file for file in files}
        self._by_name = _unique((PurePosixPath(file).name.lower(), file) for file in files)
        self._by_stem = _unique((PurePosixPath(file).stem.lower(), file) for file in files)

    def find(self, picture: str) -> str | None:
        """The file that is meant by a path, a name or an address; None where there is none."""
        path = _path_of(picture) if is_address(picture) else picture
        path = path.replace("\\", "/").removeprefix("./").lower()
        name = PurePosixPath(path).name
        return (
            self._by_path.get(path)
            or self._by_name.get(name)
            or self._by_stem.get(name)
            or self._by_stem.get(PurePosixPath(name).stem)
        )


def _path_of(address: str) -> str:
    """The path of an address; empty where it is none, `http://[` for instance."""
    try:
        return unquote(urlsplit(address).path)
    except ValueError:
        return ""


def is_address(picture: str) -> bool:
    """Whether it lies somewhere else."""
    return picture.lower().startswith(("http://", "https://", "//"))


def elsewhere(feed: Feed, files: Sequence[str]) -> list[str]:
    """The addresses of pictures that are not in the folder, in order."""
    pictures = PictureFiles(files)
    return [
        one.picture
        for one in feed.products
        if is_address(one.picture) and pictures.find(one.picture) is None
    ]


def joined(
    feed: Feed,
    files: Sequence[str],
    fetched: Container[str] = (),
    failed: Mapping[str, str] = MappingProxyType({}),
) -> CatalogueTable:
    """The products that have a picture in the folder, or whose picture was fetched; the others are
    left out, with the reason.

    fetched: addresses. failed: why pictures of other addresses did not come.
    """
    table = CatalogueTable(feed.name, skipped=[*feed.skipped], gone=feed.gone)
    pictures = PictureFiles(files)
    ids: dict[str, int] = {}
    for product in feed.products:
        file = pictures.find(product.picture)
        if file is None and product.picture in fetched:
            file = product.picture
        reason = _refused(product, file, ids, failed)
        if file is None or reason:
            table.skip(product.number, reason)
            continue
        ids[product.item_id] = product.number
        table.mentioned.add(file)
        table.lines.append(
            CatalogueLine(product.number, file, product.item_id, product.category, product.price)
        )
    return table


def by_folder(name: str, files: Sequence[str]) -> CatalogueTable:
    """Every picture, its category that of the folder it lies in; those in none stay nameless."""
    table = CatalogueTable(name)
    for file in files:
        parts = PurePosixPath(file).parts
        if len(parts) == 1:
            continue
        if not is_name(parts[0]) or not is_name(file):
            table.skip(0, f"{file!r} is too long for an id, or is not UTF-8")
        else:
            table.lines.append(CatalogueLine(0, file, None, parts[0]))
        table.mentioned.add(file)
    return table


def _refused(
    product: FeedProduct, file: str | None, ids: dict[str, int], failed: Mapping[str, str]
) -> str:
    """Why a product cannot go in; empty where it can."""
    if product.item_id in ids:
        return f"the id {product.item_id!r} stands on line {ids[product.item_id]} already"
    if file is None and product.picture in failed:
        return f"its picture at {product.picture[:200]!r} did not come: {failed[product.picture]}"
    if file is None and is_address(product.picture):
        return (
            f"its picture is at {product.picture[:200]!r}, and the folder has none of that name;"
            " download it there, or let it be fetched by --fetch"
        )
    return (
        "" if file is not None else f"there is no picture {product.picture[:128]!r} in the folder"
    )


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What one file alone is called."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for name, file in pairs:
        if name in found:
            several.add(name)
        found[name] = file
    return {name: file for name, file in found.items() if name not in several}
