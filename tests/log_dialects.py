"""Writes one log in many dialects: separators, encodings, packings, times, names and orders."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays import log_lines
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions, options


class Row(NamedTuple):
    """One event. time: whole seconds."""

    shopper: str
    session: str
    time: int
    item: str
    kind: str


KINDS = {
    "view": ("view", "View", "product viewed", "detail"),
    "click": ("click", "clicks", "CLICK"),
    "cart": ("cart", "addtocart", "add_to_cart", "Product Added"),
    "purchase": ("purchase", "transaction", "buy", "Order Completed"),
}
NULLS = ("", "NULL", "null", "NaN", "None", "\\N", "N/A", "<NA>")
TIMES = ("seconds", "float", "milliseconds", "microseconds", "iso", "iso z", "iso utc", "iso zone")
PACKINGS = ("none", "gz", "zip", "zst", "bz2", "xz", "folder")
NAMES = {
    "own": ("shopper", "session", "time", "item", "kind"),
    "rees46": ("user_id", "user_session", "event_time", "product_id", "event_type"),
    "columns": ("who", "Visit No", "when?", "thing", "did"),
}


def rows(seed: int, n_sessions: int = 40) -> list[Row]:
    """A log with ties, anonymous shoppers and numbers as items, in the order of time."""
    rng = np.random.default_rng([seed, 15])
    found = []
    for session in range(n_sessions):
        time = 1_443_000_000 + int(rng.integers(0, 90_000))
        shopper = f"v{rng.integers(0, 12)}" if rng.random() < 0.8 else ""
        for _ in range(int(rng.integers(1, 7))):
            time += int(rng.integers(0, 3)) * 40
            kind = list(KINDS)[int(rng.integers(0, 4))]
            found.append(Row(shopper, f"s{session}", time, str(rng.integers(100, 130)), kind))
    return sorted(set(found), key=lambda row: row.time)


def written(log: Sequence[Row], seed: int, folder: Path) -> tuple[Path, ReadOptions, str]:
    """A file or folder with that log in a dialect of this seed, how to read it, and what it is."""
    rng = np.random.default_rng([seed, 16])
    shape = _one(rng, ("csv", "csv", "csv", "csv", "json", "parquet"))
    names = _one(rng, tuple(NAMES))
    lines = [log[place] for place in rng.permutation(len(log))]
    lines += [lines[place] for place in rng.integers(0, len(lines), int(rng.integers(0, 5)))]
    time = _one(rng, TIMES)
    null = _one(rng, NULLS)
    table = [_spelled(row, rng, time, null) for row in lines]
    if rng.random() < 0.3 and shape != "parquet":
        table = [[*row[:3], f"{row[3]}.0", row[4]] for row in table]
    how = options(columns=_mapping(names) if names == "columns" else None)
    packing = _one(rng, PACKINGS)
    parts = [table[::2], table[1::2]] if packing == "folder" else [table]
    told = f"{shape} {names} {time} {packing} {null!r}"
    contents = []
    for part in parts:
        if shape == "csv":
            dialect = _Dialect(rng)
            contents.append(dialect.written(NAMES[names], part))
            told += f" {dialect}"
        else:
            writer = _json if shape == "json" else _parquet
            contents.append(writer(NAMES[names], part))
    return _packed(contents, packing, folder), how, told


class _Dialect:
    """How one CSV is written."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.separator = _one(rng, (",", ";", "\t", "|"))
        self.end = _one(rng, ("\n", "\r\n", "\r"))
        self.encoding = _one(rng, ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"))
        self.quoting = _one(rng, (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        self.has_text = rng.random() < 0.5
        self.has_last_end = rng.random() < 0.7
        self.has_blanks = rng.random() < 0.3
        self.order = rng.permutation(6 if self.has_text else 5)
        self.rng = rng

    def __str__(self) -> str:
        found = (self.separator, self.end, self.encoding, self.quoting, self.has_text)
        return " ".join(repr(one) for one in found)

    def written(self, names: Sequence[str], table: Sequence[Sequence[str]]) -> bytes:
        """The bytes."""
        texts = ("plain", 'a "big" one', f"two{self.end}lines", f'x{self.end}{self.end}"y"', "é;,|")
        content = io.StringIO(newline="")
        writer = csv.writer(
            content, delimiter=self.separator, lineterminator=self.end, quoting=self.quoting
        )
        for number, row in enumerate([list(names), *table]):
            cells = [*row, _one(self.rng, texts) if number else "note"][: len(self.order)]
            writer.writerow([cells[place] for place in self.order])
            if self.has_blanks and self.rng.random() < 0.1:
                content.write(self.end)
        text = content.getvalue()
        return (text if self.has_last_end else text.removesuffix(self.end)).encode(self.encoding)


def _spelled(row: Row, rng: np.random.Generator, time: str, null: str) -> list[str]:
    kind = _one(rng, KINDS[row.kind])
    return [row.shopper or null, row.session, _time(row.time, time), row.item, kind]


def _time(seconds: int, how: str) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    there = moment.astimezone(timezone(timedelta(hours=2)))
    return {
        "seconds": str(seconds),
        "float": f"{seconds}.0",
        "milliseconds": str(seconds * 1000),
        "microseconds": str(seconds * 1_000_000),
        "iso": moment.strftime("%Y-%m-%d %H:%M:%S"),
        "iso z": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "iso utc": moment.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "iso zone": there.isoformat(),
    }[how]


def _json(names: Sequence[str], table: Sequence[Sequence[str]]) -> bytes:
    lines = (json.dumps(dict(zip(names, row, strict=True))) for row in table)
    return "".join(f"{line}\n" for line in lines).encode()


def _parquet(names: Sequence[str], table: Sequence[Sequence[str]]) -> bytes:
    content = io.BytesIO()
    columns = {name: [row[place] for row in table] for place, name in enumerate(names)}
    parquet.write_table(pa.table(columns), content, row_group_size=50)
    return content.getvalue()


def _packed(contents: Sequence[bytes], packing: str, folder: Path) -> Path:
    path = folder / f"log.{packing}"
    content = contents[0]
    if packing == "folder":
        path.mkdir()
        for number, part in enumerate(contents):
            (path / f"part-{number}").write_bytes(part)
        (path / "_SUCCESS").touch()
    elif packing == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("__MACOSX/._log.csv", b"\x00\x05")
            archive.writestr("log.csv", content)
    elif packing == "zst":
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            out.write(content)
    else:
        pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(packing, bytes)
        path.write_bytes(pack(content))
    return path


def _mapping(names: str) -> str:
    return ",".join(
        f"{ours}={theirs}" for ours, theirs in zip(Row._fields, NAMES[names], strict=True)
    )


def _one(rng: np.random.Generator, those: Sequence[Any]) -> Any:
    return those[int(rng.integers(0, len(those)))]


def read(text: str | bytes, **how: Any) -> tuple[list[tuple[Any, ...]], Notes]:
    """Events of a text as (kind, shopper, session, time, item), and its account; how: as
    `options` takes it.
    """
    notes = Notes("log")
    content = text if isinstance(text, bytes) else text.encode()
    found = reading.given(content, notes, options(**how))
    return [
        (one.kind.name.lower(), one.shopper, one.session, one.time, one.item)
        for one in log_lines.of(found)
    ], notes
