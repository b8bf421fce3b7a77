"""Cleans a batch: absent values, kinds, times; what cannot be kept is named and left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from db.events import Kind
from simulator.catalogues.csv_file import LONGEST
from simulator.logs.reading.arrays import times
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes import kinds
from simulator.logs.reading.shapes.formats import LogFormat
from simulator.logs.reading.tables.batches import Batch

Flags = NDArray[np.bool_]
NULLS = (
    *("", "null", "none", "nan", "na", "n/a", "#n/a", "nil", "nat", "undefined", "<na>", "<null>"),
    *("(null)", "(none)", "(not set)", "\\n", "-", "--"),
)
"""How an absent value is spelled, in small letters; \\N is what databases write."""
UNKNOWN = -1
NO_ITEM_NEEDED = (Kind.LEAVE, Kind.SEARCH)


@dataclass(frozen=True)
class CleanBatch:
    """Events that can be kept. line int64, kind int8, time float64, is_date bool [n]; shopper,
    session, item: dictionary arrays [n], null where absent.
    """

    part: str
    line: NDArray[np.int64]
    kind: NDArray[np.int8]
    time: NDArray[np.float64]
    is_date: Flags
    shopper: Any
    session: Any
    item: Any
    is_export: bool
    slates: dict[int, list[str]] = field(default_factory=dict)
    """Row to the items shown."""
    texts: dict[int, str] = field(default_factory=dict)


class _Sieve:
    """Which rows of a batch stay."""

    def __init__(self, batch: Batch, notes: Notes) -> None:
        self.line = batch.line
        self.notes = notes
        self.stays = np.ones(len(batch), dtype=np.bool_)
        self._found: list[tuple[int, str, str]] = []
        self._bad = batch.bad

    def drop(self, is_bad: Flags, reason: Callable[[int], str], kind: str) -> None:
        """Leave rows out, for the first reason that comes."""
        for row in np.flatnonzero(is_bad & self.stays).tolist():
            self._found.append((row, reason(row), kind))
        self.stays &= ~is_bad

    def close(self) -> None:
        """Name them in the order of the file."""
        self.notes.read += int(self.stays.sum())
        found = [(int(self.line[row]), reason, kind) for row, reason, kind in self._found]
        for line, reason, kind in sorted([*found, *self._bad]):
            self.notes.skip(line, reason, kind)


def clean(batch: Batch, how: LogFormat, own: Mapping[str, int], notes: Notes) -> CleanBatch:
    """own: what the user says of kinds. Lines left out and set aside go into the notes."""
    n = len(batch)
    sieve = _Sieve(batch, notes)
    kind = _kinds(batch, how, own, sieve)
    time, is_date = times.read(batch.time)
    if batch.offset is not None:
        time, is_date = _after(time, is_date, batch.offset)
    sieve.drop(np.isnan(time), lambda row: _no_time(batch.time[row].as_py()), "no time")
    names = {
        role: words(getattr(batch, role) if getattr(batch, role) is not None else _absent(n))
        for role in ("shopper", "session", "item")
    }
    owner = "shopper" if batch.session is None else "session"
    if batch.session is not None or batch.shopper is not None:
        is_ownerless = _is_absent(names[owner])
        if owner == "session" and is_ownerless.all():
            owner = "shopper"  # no session is given at all: they are cut
            is_ownerless = _is_absent(names[owner])
        sieve.drop(is_ownerless, lambda _: f"this line names no {owner}", f"no {owner}")
    needs = ~np.isin(kind, NO_ITEM_NEEDED)
    if batch.is_export:
        needs[list(batch.without_item)] = False
    sieve.drop(
        _is_absent(names["item"]) & needs,
        lambda row: f"this {Kind(kind[row]).name.lower()} names no item",
        "no item",
    )
    for role, column in names.items():
        _too_long(role, column, sieve)
    sieve.close()
    found = CleanBatch(
        part=notes.part,
        line=batch.line,
        kind=kind,
        time=time,
        is_date=is_date,
        is_export=batch.is_export,
        slates=batch.slates,
        texts=batch.texts,
        **names,
    )
    return _narrowed(batch, found, sieve.stays)


def _narrowed(batch: Batch, found: CleanBatch, stays: Flags) -> CleanBatch:
    """Only the rows that stay."""
    if stays.all():
        return found
    row = np.flatnonzero(stays)
    rows = pa.array(row)
    place = {old: new for new, old in enumerate(row.tolist())} if batch.slates else {}
    return replace(
        found,
        line=found.line[row],
        kind=found.kind[row],
        time=found.time[row],
        is_date=found.is_date[row],
        shopper=found.shopper.take(rows),
        session=found.session.take(rows),
        item=found.item.take(rows),
        slates={place[old]: slate for old, slate in batch.slates.items() if old in place},
    )


def _kinds(batch: Batch, how: LogFormat, own: Mapping[str, int], sieve: _Sieve) -> NDArray[np.int8]:
    """The kind of each row, int8 [n]; rows of others are set aside."""
    default = own.get("", kinds.ALIASES.get(how.kind or "view", Kind.VIEW))
    if batch.kind is None:
        return np.full(len(batch), default, dtype=np.int8)
    once = words(batch.kind)
    spelled = once.dictionary.to_pylist()
    known = {**kinds.ALIASES, **own}
    other = kinds.ASIDE if how.others_aside else UNKNOWN
    if how.others_aside and kinds.PAGES not in own:
        known[kinds.PAGES] = kinds.ASIDE
    numbers = np.array([known.get(kinds.plain(one), other) for one in spelled], dtype=np.int64)
    absent = default if how.kind or "" in own else UNKNOWN
    codes = _codes(once)
    kind = np.append(numbers, absent)[codes]
    aside = np.flatnonzero((kind == kinds.ASIDE) & sieve.stays)
    counts = np.bincount(codes[aside], minlength=len(spelled))
    for code in np.flatnonzero(counts).tolist():
        sieve.notes.set_aside[spelled[code]] += int(counts[code])
    sieve.stays &= kind != kinds.ASIDE
    sieve.drop(
        kind == UNKNOWN,
        lambda row: kinds.unknown(spelled[codes[row]] if codes[row] >= 0 else ""),
        "unknown kind",
    )
    return np.asarray(np.maximum(kind, 0), dtype=np.int8)


def words(column: Any) -> Any:
    """A dictionary array of names without space around them, null where they are absent."""
    once = column.dictionary_encode() if not pa.types.is_dictionary(column.type) else column
    trimmed = pc.utf8_trim_whitespace(once.dictionary)
    is_null = pc.is_in(pc.utf8_lower(trimmed), pa.array(NULLS))
    if trimmed.equals(once.dictionary) and not pc.any(is_null).as_py():
        return once
    again = pc.if_else(is_null, pa.scalar(None, pa.string()), trimmed).dictionary_encode()
    indices = again.indices.take(once.indices)
    return pa.DictionaryArray.from_arrays(indices, again.dictionary)


def _codes(column: Any) -> NDArray[np.int64]:
    """Numbers of the names, -1 where absent."""
    return np.asarray(pc.fill_null(column.indices, -1).to_numpy(), dtype=np.int64)


def _is_absent(column: Any) -> Flags:
    return _codes(column) < 0


def _absent(n: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.nulls(n, pa.int32()), pa.array([], pa.string()))


def _too_long(role: str, column: Any, sieve: _Sieve) -> None:
    lengths = np.append(
        np.asarray(pc.utf8_length(column.dictionary).to_numpy(zero_copy_only=False), np.int64), 0
    )
    if lengths.max() > LONGEST:
        length = lengths[_codes(column)]
        sieve.drop(
            length > LONGEST,
            lambda row: f"the {role} has {length[row]} characters, at most {LONGEST} are kept",
            "too long",
        )


def _after(
    time: NDArray[np.float64], is_date: Flags, offset: Any
) -> tuple[NDArray[np.float64], Flags]:
    """Diginetica: a date, and milliseconds within the session."""
    later, _ = times.read(offset)
    return time + np.nan_to_num(later) / 1000, is_date


def _no_time(word: Any) -> str:
    if word is None or isinstance(word, float):
        word = "" if word is None else word
    said = f"the time {str(word)[:40]!r} is no number of seconds"
    try:
        float(word)
    except (TypeError, ValueError):
        return f"{said} and no date"
    return f"{said} that can be kept"
