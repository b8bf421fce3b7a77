"""Finds the bytes of a log: a file, a pipe, a folder of parts, an archive, packed or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from db import bounded
from db.errors import DataError, UsageError
from simulator.logs.reading.notes import Notes

PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
FIRST = "orders.csv"
LINES = "order_products"
"""Instacart's orders come before their lines, in a folder and beside a file of lines."""
DEEPEST = 4
"""Packed within packed."""
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class LogPart:
    """One file of a log. name: "" where there is only one."""

    name: str
    file: BinaryIO
    is_parquet: bool = False


class _Watched(io.RawIOBase):
    """Reads through: counts, digests, and stops what does not end."""

    def __init__(self, file: BinaryIO, notes: Notes, digest: Any, *, most: int | None) -> None:
        super().__init__()
        self._file = file
        self._notes = notes
        self._digest = digest
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._digest.update(content)
        self._notes.size += len(content)
        if self._most is not None and self._notes.size > self._most:
            raise DataError(
                f"{self._notes.place}: wanted at most {self._most:,} bytes from what is no regular"
                " file"
            )
        return len(content)


def parts(path: Path, notes: Notes) -> Iterator[LogPart]:
    """The files of a log, one after the other, unpacked; the notes' digest is there at the end.

    Raises UsageError when there is nothing to open, DataError for what is damaged or has no end.
    """
    digest = sha256()
    names = _files(path)
    for name in names:
        notes.part = "" if len(names) == 1 else str(name)
        yield from _opened(name, notes, digest)
    notes.part = ""
    notes.digest = digest.hexdigest()


def given(content: bytes, notes: Notes) -> Iterator[LogPart]:
    """The same of bytes that are here already."""
    notes.digest = sha256(content).hexdigest()
    notes.size += len(content)
    file = io.BufferedReader(cast(io.RawIOBase, io.BytesIO(content)), _BLOCK)
    with broken(notes):
        yield from _unpacked(cast(BinaryIO, file), notes, "", None, depth=0)


def size(path: Path) -> int:
    """Bytes on disk, 0 where nobody knows."""
    try:
        return sum(one.stat().st_size for one in _files(path))
    except (OSError, UsageError):
        return 0


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        beside = path.with_name(FIRST)
        return [beside, path] if path.name.startswith(LINES) and beside.is_file() else [path]
    found = sorted(
        (
            one
            for one in path.rglob("*")
            if one.is_file() and not any(part[0] in "._" for part in one.relative_to(path).parts)
        ),
        key=lambda one: (one.name != FIRST, one),
    )
    if not found:
        raise UsageError(f"{path}: wanted a log to read, found none (Is a directory without files)")
    return found


def _opened(path: Path, notes: Notes, digest: Any) -> Iterator[LogPart]:
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise UsageError(f"{path}: wanted a log to read, found none ({error.strerror})") from None
    with file:
        is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        most = None if is_regular else bounded.LARGEST_STREAM
        raw = _Watched(cast(BinaryIO, file), notes, digest, most=most)
        with broken(notes):
            yield from _unpacked(io.BufferedReader(raw, _BLOCK), notes, notes.part, path, depth=0)
            while raw.readinto(bytearray(_BLOCK)):  # what an archive did not read is digested, too
                pass


def _unpacked(
    file: BinaryIO, notes: Notes, name: str, path: Path | None, *, depth: int
) -> Iterator[LogPart]:
    head = cast(io.BufferedReader, file).peek(8)[:8]
    packing = next((kind for magic, kind in PACKED.items() if head.startswith(magic)), None)
    if depth > DEEPEST:
        raise DataError(f"{notes.place}: wanted a log, found archives in archives")
    if packing is not None:
        inner = io.BufferedReader(cast(io.RawIOBase, _opener(packing, file)), _BLOCK)
        yield from _unpacked(cast(BinaryIO, inner), notes, name, None, depth=depth + 1)
    elif head.startswith((ZIP, PARQUET)):
        with _seekable(file, path) as whole:
            if head.startswith(PARQUET):
                yield LogPart(name, whole, is_parquet=True)
            else:
                yield from _members(whole, notes, depth=depth)
    else:
        yield LogPart(name, file)


def _opener(packing: str, file: BinaryIO) -> Any:
    if packing == "zstd":
        return _Arrow(pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))
    if packing == "gzip":
        return gzip.GzipFile(fileobj=file)
    return {"bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}[packing](cast(Any, file))


class _Arrow(io.RawIOBase):
    """A stream of Arrow's as Python reads files."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _members(file: BinaryIO, notes: Notes, *, depth: int) -> Iterator[LogPart]:
    """The files of a zip in the order of their names."""
    outside = notes.place
    with zipfile.ZipFile(file) as archive:
        infos = [
            one
            for one in sorted(archive.infolist(), key=_order)
            if not one.is_dir()
            and not any(part[:1] in {".", "_"} for part in one.filename.split("/"))
        ]
        if not infos:
            raise DataError(f"{outside}: wanted a log, found an archive without files")
        for info in infos:
            notes.part = outside if len(infos) == 1 else f"{outside}/{info.filename}"
            with archive.open(info) as member:
                inner = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, member), _BLOCK))
                name = "" if len(infos) == 1 else info.filename
                yield from _unpacked(inner, notes, name, None, depth=depth + 1)
        notes.part = outside


def _order(info: zipfile.ZipInfo) -> tuple[bool, str]:
    return info.filename.rsplit("/", 1)[-1] != FIRST, info.filename


@contextmanager
def _seekable(file: BinaryIO, path: Path | None) -> Iterator[BinaryIO]:
    """The same bytes where one can go back: the file itself, or a copy of a pipe."""
    if path is not None and path.is_file():
        with path.open("rb") as again:
            yield again
        return
    with tempfile.TemporaryFile(prefix="windowshop-log-") as copy:
        written = 0
        while block := file.read(_BLOCK):
            written += len(block)
            if written > bounded.LARGEST_STREAM:
                raise DataError("wanted a log, found an archive that does not end")
            copy.write(block)
        copy.seek(0)
        yield cast(BinaryIO, copy)


@contextmanager
def broken(notes: Notes) -> Iterator[None]:
    """DataError for what cannot be unpacked or read to its end."""
    try:
        yield
    except BROKEN as error:
        if isinstance(error, IsADirectoryError):
            raise UsageError(
                f"{notes.place}: wanted a log to read, found none (Is a directory)"
            ) from None
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{notes.place}: wanted a log that can be read to its end, found it damaged ({said})"
        ) from None
