"""Reads what may become a catalogue: who is there, what is said of it, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from db import images
from db.errors import DataError, UsageError
from simulator.catalogues import csv_file as catalogue_csv
from simulator.catalogues import pictures
from simulator.catalogues.csv_file import CatalogueLine, CatalogueTable, Skipped, printable
from simulator.catalogues.decoder import Decoder
from simulator.catalogues.fetching.fetch import Fetched
from simulator.catalogues.intake.walk import walk
from simulator.catalogues.source import CatalogueSource, said_of
from simulator.installation.context import Context


class Found(NamedTuple):
    """A picture that can be sold, with what the CSV says of it."""

    line: CatalogueLine
    image: str  # sha256
    pixels: NDArray[np.uint8]  # as it is stored: [96, 96, 3] or [28, 28]
    format: str  # what its file was; empty where nobody knows


@dataclass(frozen=True)
class SourceRead:
    """A source as it was read."""

    table: CatalogueTable
    found: list[Found]
    left_out: list[Skipped]
    no_pictures: list[Skipped]
    """Those of them that are no pictures by their names."""


def read_source(context: Context, source: CatalogueSource) -> SourceRead:
    """All pictures of a source that can be looked at, and why the others cannot.

    Raises UsageError or DataError for a CSV or feed that will not do.
    """
    walked = walk(source.folder, source.told_by)
    table, fetched = said_of(context, source, walked.files)
    files = walked.files if source.feed is None else sorted(table.mentioned)
    lines, twice = _lines(files, table)
    found, broken = _decoded(context, source.folder, lines, fetched)
    left_out = [*table.skipped, *walked.skipped, *twice, *broken]
    return SourceRead(table, found, left_out, walked.skipped)


def _lines(
    files: Sequence[str], table: CatalogueTable
) -> tuple[list[CatalogueLine], list[Skipped]]:
    """What each picture shall be, in the order of the files; those the CSV does not name are
    nameless.
    """
    ids = {line.item_id or line.file for line in table.lines}
    nameless = [file for file in files if file not in table.mentioned]
    lines = [*table.lines, *(CatalogueLine(0, file) for file in nameless if file not in ids)]
    twice = [
        Skipped(
            printable(file), None, "its path is the id of another picture in the CSV; name it there"
        )
        for file in nameless
        if file in ids
    ]
    return sorted(lines, key=lambda line: (line.file, line.number)), twice


def _decoded(
    context: Context, folder: Path, lines: Sequence[CatalogueLine], fetched: Fetched
) -> tuple[list[Found], list[Skipped]]:
    """The canonical picture of each line, and what cannot be looked at."""
    found: list[Found] = []
    broken: dict[str, Skipped] = {}  # by file, which several lines may name
    with (
        Decoder() as decoder,
        context.talk.progress(f"reading {len(lines):,} pictures", len(lines)) as step,
    ):
        for line in lines:
            path = fetched.paths.get(line.file, folder / line.file)
            try:
                if line.item_id is None and not catalogue_csv.is_name(line.file):
                    raise DataError(
                        "its path is no id (too long, or not UTF-8); give it one in the CSV"
                    )
                photo = decoder.understand(line.file, pictures.content_of(path))
                canonical = photo.canonical
                found.append(Found(line, images.digest(canonical), canonical, photo.format))
            except (DataError, UsageError) as error:
                fetched.forget(line.file)
                reason = str(error).removeprefix(f"{path}: ").removeprefix(f"{line.file}: ")
                broken[line.file] = Skipped(printable(line.file), None, printable(reason))
            step()
    return found, list(broken.values())
