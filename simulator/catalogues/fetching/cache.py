"""Fetched pictures on disk: by the sha256 of their address, held to the sha256 of their bytes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from db.errors import DependencyError


class PictureCache:
    """A folder of pictures as they came; who finds one damaged finds none."""

    def __init__(self, folder: Path) -> None:
        """folder: made when the first picture is kept."""
        self._folder = folder

    def find(self, address: str) -> Path | None:
        """The file of a picture; None where there is none, or not the bytes that were kept."""
        path = self._path(address)
        try:
            wanted = _digest_of(path).read_text("ascii").strip()
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError):
            return None
        return path if found == wanted else None

    def keep(self, address: str, content: bytes) -> Path:
        """Keep a picture; DependencyError where the folder cannot be written."""
        path = self._path(address)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
            _write(_digest_of(path), hashlib.sha256(content).hexdigest().encode())
        except OSError as error:
            raise DependencyError(
                f"{self._folder}: pictures cannot be kept there ({error.strerror}); make room, or"
                " name another folder by WINDOWSHOP_CACHE"
            ) from None
        return path

    def forget(self, address: str) -> None:
        """It is fetched again the next time: what came was no picture."""
        path = self._path(address)
        for one in (_digest_of(path), path):
            with suppress(OSError):
                one.unlink(missing_ok=True)

    def _path(self, address: str) -> Path:
        name = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / name[:2] / name


def _digest_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _write(path: Path, content: bytes) -> None:
    """In one step, so that nobody sees half a file."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
