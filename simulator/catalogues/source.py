"""Where a catalogue's pictures lie, and what says what they are: a CSV, a feed, their folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from db.errors import UsageError
from simulator.catalogues import csv_file as catalogue_csv
from simulator.catalogues.csv_file import CatalogueTable, Skipped, printable
from simulator.catalogues.feeds.joined import by_folder, elsewhere, joined
from simulator.catalogues.feeds.shapes import looks_known, read_feed
from simulator.catalogues.fetching.fetch import Fetched, fetch
from simulator.catalogues.fetching.policy import FetchPolicy
from simulator.installation.context import Context

FOLDERS = "folders"
"""The shape of a folder tree: each picture's category is the folder it lies in."""


@dataclass(frozen=True)
class CatalogueSource:
    """What shall go in."""

    place: Path
    """A folder of pictures, or a feed beside them."""
    csv: Path | None = None
    """What says what the folder's pictures are: our own CSV, or a feed."""
    pictures: Path | None = None
    """Where a feed's pictures lie; None: beside it."""
    shape: str | None = None
    """The feed's shape, or `folders`; None: as it looks."""
    fetch: FetchPolicy | None = None
    """How a feed's pictures that lie elsewhere are fetched; None: none is."""

    @property
    def feed(self) -> Path | None:
        """The feed; None where our own CSV or nothing says what the pictures are."""
        if self.place.is_file():
            return self.place
        if self.csv is None or not self.csv.is_file():
            return None
        return self.csv if self.shape is not None or looks_known(self.csv) else None

    @property
    def told_by(self) -> list[Path]:
        """The files that say what the pictures are."""
        return [*([self.place] if self.place.is_file() else []), *([self.csv] if self.csv else [])]

    @property
    def folder(self) -> Path:
        """Where the pictures lie."""
        if self.pictures is not None:
            return self.pictures
        return self.place.parent if self.place.is_file() else self.place


def said_of(
    context: Context, source: CatalogueSource, files: Sequence[str]
) -> tuple[CatalogueTable, Fetched]:
    """What is said of the pictures of the folder, and those that were fetched."""
    feed = source.feed
    if feed is not None:
        return _of_feed(context, source, feed, files)
    if source.fetch is not None:
        raise UsageError("--fetch wants a feed, which says where pictures lie; give its file")
    return _of_folder(source, files), Fetched()


def _of_folder(source: CatalogueSource, files: Sequence[str]) -> CatalogueTable:
    if source.shape == FOLDERS:
        return by_folder(str(source.place), files)
    if source.shape is not None:
        raise UsageError(f"--format {source.shape} wants a feed; give its file, or --csv FILE")
    if source.csv is not None:
        return catalogue_csv.read(source.csv, files)
    return CatalogueTable("")


def _of_feed(
    context: Context, source: CatalogueSource, feed: Path, files: Sequence[str]
) -> tuple[CatalogueTable, Fetched]:
    found, shape = read_feed(feed, source.shape)
    context.talk.say(f"{feed}: {shape.title}, {len(found.products):,} products")
    fetched = Fetched()
    if source.fetch is not None:
        fetched = fetch(context, elsewhere(found, files), source.fetch)
    table = joined(found, files, fetched.paths, fetched.failed)
    table.title = shape.title
    table.skipped += [
        Skipped(printable(one), None, "no product of the feed has this picture")
        for one in files
        if one not in table.mentioned
    ]
    return table, fetched
