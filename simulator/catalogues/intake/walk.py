"""The pictures below a folder, and all that lies beside them and is passed over."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simulator.catalogues import pictures
from simulator.catalogues.csv_file import Skipped, printable


@dataclass
class Walked:
    """A folder as it was walked through."""

    files: list[str] = field(default_factory=list)
    """Pictures by their endings: relative paths with `/`, sorted."""
    skipped: list[Skipped] = field(default_factory=list)
    """What is none, and folders that may not be read or are links, sorted."""


def walk(folder: Path, known: Collection[Path] = ()) -> Walked:
    """All that lies below a folder. known: a feed or CSV that lies there; it is not passed over.

    Linked folders are not followed: a link may lead in a circle, or anywhere.
    """
    found = Walked()
    own = {one.resolve() for one in known}

    def closed(error: OSError) -> None:
        found.skipped.append(_skip(Path(error.filename), folder, _closed(error)))

    for parent, folders, names in os.walk(folder, onerror=closed):
        here = Path(parent)
        found.skipped += _passed_folders(here, folder, folders)
        folders[:] = [one for one in folders if not one.startswith(".")]
        for path in (here / name for name in names):
            if reason := _passed(path):
                if path.resolve() not in own:
                    found.skipped.append(_skip(path, folder, reason))
            else:
                found.files.append(path.relative_to(folder).as_posix())
    found.files.sort()
    found.skipped.sort()
    return found


def _passed_folders(here: Path, folder: Path, names: list[str]) -> Iterator[Skipped]:
    for path in (here / name for name in names):
        if path.name.startswith("."):
            yield _skip(path, folder, "a folder whose name begins with a dot is not looked into")
        elif path.is_symlink():
            yield _skip(path, folder, "a link to a folder is not followed; copy the folder there")


def _passed(path: Path) -> str:
    """Why a file is not read; empty where it is."""
    if path.name.startswith("."):
        return "a file whose name begins with a dot is not read"
    if not path.name.lower().endswith(pictures.SUFFIXES):
        ending = path.suffix.lower()
        found = f"it ends in {ending}" if ending else "it has no ending"
        return f"{found}, a picture in one of: {pictures.KINDS}"
    if path.is_file():
        return ""
    return (
        "a link that leads nowhere; copy the picture there"
        if path.is_symlink()
        else "this is no file but a pipe or the like"
    )


def _closed(error: OSError) -> str:
    return f"cannot be read ({error.strerror})"


def _skip(path: Path, folder: Path, reason: str) -> Skipped:
    shown = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
    return Skipped(printable(shown if shown != "." else str(path)), None, printable(reason))
