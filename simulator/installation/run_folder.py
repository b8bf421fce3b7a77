"""Run directories: `runs/<id>/` with config, origin and report of a run or experiment;
`runs/latest`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from db.errors import NotFoundError, WindowshopError
from db.nearest import nearest
from simulator.report.pages.writer import put

LATEST = "latest"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)


def write(root: Path, name: str, files: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write JSON files into the directory of a run or experiment."""
    check_room_for_a_run(root)
    folder = root / name
    put(
        folder,
        {file: (json.dumps(content, indent=2) + "\n").encode() for file, content in files.items()},
    )
    return folder


def point_latest(root: Path, name: str) -> None:
    """Point `latest` at a run or experiment whose report is complete."""
    check_room_for_a_run(root)
    try:
        # In a folder of its own: another command may be at the same run.
        with tempfile.TemporaryDirectory(dir=root, prefix=".latest-") as beside:
            fresh = Path(beside) / LATEST
            fresh.symlink_to(name)
            fresh.replace(root / LATEST)
    except OSError as error:
        raise _unwritable(root, error) from None


def check_writable(root: Path) -> None:
    """Raise WindowshopError before hours of work when the run directories cannot be written."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe = root / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)  # another command's, too
    except OSError as error:
        raise _unwritable(root, error) from None


def _unwritable(root: Path, error: OSError) -> WindowshopError:
    return WindowshopError(
        f"the runs folder {root} cannot be written ({error.strerror}); "
        "set WINDOWSHOP_RUNS or --runs to one that can"
    )


def check_room_for_a_run(root: Path) -> None:
    """The same, and `latest` can be pointed at a new run: what is not our link is not thrown
    away.
    """
    check_writable(root)
    latest = root / LATEST
    if latest.exists() and not latest.is_symlink():
        raise WindowshopError(
            f"{latest} is to be a link to the newest run, "
            f"found {'a folder' if latest.is_dir() else 'a file'}; "
            "move it away, or choose another folder with --runs"
        )


def read(root: Path, name: str, *, known: Iterable[str] = ()) -> dict[str, Any]:
    """The run.json of a run or experiment; NotFoundError when there is none.

    known: runs that have other names, for the error.
    """
    try:
        if not _NAME.fullmatch(name):  # a path would lead out of the folder
            raise ValueError(name)
        found: dict[str, Any] = json.loads((root / name / "run.json").read_text())
    except (OSError, ValueError):
        hint = nearest(name, [*known, *(place.parent.name for place in root.glob("*/run.json"))])
        raise NotFoundError(
            f"no run or experiment {name!r} in {root}; {hint}`windowshop status` lists the runs"
        ) from None
    return found


def timings(root: Path, name: str) -> dict[str, Any]:
    """What a directory says of how long it took; nothing when it does not exist."""
    try:
        found: dict[str, Any] = read(root, name).get("timings", {})
    except NotFoundError:
        return {}
    return found


def declared(root: Path, name: str) -> dict[str, Any] | None:
    """The comparison that was declared when an experiment was first played; None where none was."""
    try:
        found: dict[str, Any] | None = read(root, name).get("primary")
    except NotFoundError:
        return None
    return found
