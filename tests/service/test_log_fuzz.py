"""Logs with random damage: no traceback, no endless loop, and no line lost without a word."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from db.errors import DataError, UsageError
from simulator.logs import log_arrays
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from tests import log_dialects
from tests.tiers import first_of

pytestmark = pytest.mark.service

HEADER = "shopper,session,time,item,kind"
SPECIAL = [b'"', b"\n", b"}", b"\r", b"\0", b",", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe9",
           b"{", b"[", b"\\", b"1e400", b"-", b"nan", b"\xed\xa0\x80", b"PK\x03\x04", b"\x1f\x8b",
           b" ", b'"\n"', b"NULL", b"9" * 30, b'""', b"a" * 200,
           b"\xe2\x80\xa8"]  # fmt: skip


def originals() -> dict[str, bytes]:
    """One small log in every shape."""
    log = log_dialects.rows(1, n_sessions=6)
    lines = [",".join(map(str, row)) for row in log]
    plain = "\n".join([HEADER, *lines]).encode()
    quoted = "\r\n".join(
        [f"{HEADER},name", *(f'{line},"a ""big""\r\none"' for line in lines)]
    ).encode()
    own = [
        {"event_id": f"e{n}", "run": "r", "kind": row.kind, "shopper": row.shopper,
         "session": row.session, "step": 0, "at": row.time,
         ("query" if row.kind == "view" else "item"): row.item}
        for n, row in enumerate(log)
    ]  # fmt: skip
    slate = {"kind": "impression", "session": "s1", "at": 5, "items": ["1", "2"]}
    otto = [{"session": n, "events": [{"aid": n, "ts": 1661200010000, "type": "clicks"}]}
            for n in range(9)]  # fmt: skip
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("log.csv", plain)
    table = io.BytesIO()
    names = log_dialects.Row._fields
    columns = {name: [str(row[n]) for row in log] for n, name in enumerate(names)}
    parquet.write_table(pa.table(columns), table)
    return {
        "plain": plain,
        "quoted": quoted,
        "utf-16": plain.decode().encode("utf-16"),
        "own": _json_lines([*own, slate]),
        "otto": _json_lines(otto),
        "gz": gzip.compress(plain, mtime=0),
        "zip": archive.getvalue(),
        "zst": pa.compress(plain, "zstd", asbytes=True),
        "parquet": table.getvalue(),
    }


def _json_lines(objects: list[dict[str, object]]) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in objects).encode()


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes: bytes flipped, cut, doubled, moved, or put in."""
    for _ in range(int(rng.integers(1, 5))):
        first, last = sorted(rng.integers(0, len(content) + 1, 2).tolist())
        last = min(last, first + int(rng.integers(1, 60)))
        part = content[first:last]
        way = int(rng.integers(0, 6))
        if way == 0:
            flipped = bytes(one ^ (1 << int(rng.integers(0, 8))) for one in part[:3])
            content = content[:first] + flipped + content[first + len(flipped) :]
        elif way == 1:
            content = content[:first] + content[last:]
        elif way == 2:
            content = content[:last] + part + content[last:]
        elif way == 3:
            content = content[:first] if rng.random() < 0.3 else content[first:] + content[:first]
        else:
            special = SPECIAL[int(rng.integers(0, len(SPECIAL)))]
            content = content[:first] + special + content[first:]
    return content


@pytest.mark.parametrize("first", first_of(range(0, 5_000, 500)))
def test_a_damaged_log_is_read_or_refused_in_one_line(first: int) -> None:
    """Every line of a plain one is kept, double, left out or set aside."""
    kinds = originals()
    outcomes = {"read": 0, "refused": 0}
    for seed in range(first, first + 500):
        rng = np.random.default_rng([seed, 17])
        name = list(kinds)[seed % len(kinds)]
        content = mutated(kinds[name], rng)
        notes = Notes("log")
        try:
            found = reading.given(content, notes)
            log_arrays.gathered(found, notes)
            outcomes["read"] += 1
        except (DataError, UsageError) as error:
            outcomes["refused"] += 1 if "\n" not in str(error) else -9_999
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}, {name}: {content!r}") from error
        assert len(found) == notes.read
        if name in {"plain", "own"} and is_plain(content):
            told = notes.n_events + notes.set_aside.total()
            assert told == n_lines(content), (seed, name, content)
    assert min(outcomes.values()) > 50


def is_plain(content: bytes) -> bool:
    """Its lines are its events: no quotes, nothing packed, no other encoding."""
    packed = (b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return (is_json or b'"' not in content) and not content.startswith(packed)


def n_lines(content: bytes) -> int:
    """Lines that are not blank, without the header of a CSV."""
    lines = re.split(rb"\r\n|\r|\n", content.removeprefix(b"\xef\xbb\xbf"))
    filled = [one for one in lines if one.strip()]
    return len(filled) - (0 if filled[0].lstrip().startswith(b"{") else 1)
