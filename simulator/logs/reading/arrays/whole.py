"""Makes one log of its cleaned batches: units of time, ids, text queries, sessions, doubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from db.events import Kind
from simulator.logs.reading.arrays import times
from simulator.logs.reading.arrays.cleaning import CleanBatch
from simulator.logs.reading.arrays.events import ABSENT, LogEvents, Names
from simulator.logs.reading.arrays.mixing import mixed
from simulator.logs.reading.arrays.sessions import cut, owners
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import GAP, ReadOptions

Flags = NDArray[np.bool_]
Longs = NDArray[np.int64]
_FLOAT = r"^-?\d+\.0+$"
_WHOLE = r"^-?\d+(\.0+)?$"


def joined(parts: Sequence[CleanBatch], options: ReadOptions, notes: Notes) -> LogEvents:
    """All events that count, in the order of the file; notes.read says how many they are."""
    sizes = np.array([len(one.line) for one in parts])
    first = np.concatenate([[0], np.cumsum(sizes)])
    line = np.concatenate([one.line for one in parts])
    kind = np.concatenate([one.kind for one in parts])
    is_export = np.repeat([one.is_export for one in parts], sizes)
    part = np.repeat(np.arange(len(parts)), sizes)
    time = _seconds(parts, is_export, notes)
    names = {
        role: _whole_numbers(_names([getattr(one, role) for one in parts]), role, notes)
        for role in ("shopper", "session", "item")
    }
    stays = _near(time, line, [one.part for one in parts], part, notes)
    names["item"] = _without_texts(names["item"], kind, is_export, notes)
    session = _sessions(names["shopper"], names["session"], time, options, notes)
    slates = [
        (int(first[number]) + row, item)
        for number, one in enumerate(parts)
        for row, shown in one.slates.items()
        for item in shown
    ]
    has_slate = np.zeros(len(line), dtype=np.bool_)
    has_slate[[row for row, _ in slates]] = True
    owner = owners(names["shopper"], session)
    is_double = stays & ~has_slate & _doubles(owner, time, names["item"].codes, kind)
    notes.duplicates += int(is_double.sum())
    stays &= ~is_double
    _tell_order(owner[stays], time[stays], line[stays], notes)
    notes.read = int(stays.sum())
    place = np.cumsum(stays) - 1
    kept = [(int(place[row]), item) for row, item in slates if stays[row]]
    row = np.flatnonzero(stays)
    return LogEvents(
        line=line[row],
        kind=kind[row],
        time=time[row],
        shopper=Names(names["shopper"].codes[row], names["shopper"].words),
        session=Names(session.codes[row], session.words),
        item=Names(names["item"].codes[row], names["item"].words),
        slate_row=np.array([one for one, _ in kept], dtype=np.int64),
        slate_item=[item for _, item in kept],
        texts=_texts(parts, first, stays, place),
    )


def _texts(parts: Sequence[CleanBatch], first: Longs, stays: Flags, place: Longs) -> dict[int, str]:
    """Row of what is kept to its line, where lines were kept."""
    return {
        int(place[first[number] + row]): one.texts[line]
        for number, one in enumerate(parts)
        if one.texts
        for row, line in enumerate(one.line.tolist())
        if stays[first[number] + row]
    }


def _names(columns: Sequence[Any]) -> Names:
    """One set of words for all parts."""
    whole = pa.chunked_array(columns).unify_dictionaries()
    codes = [np.asarray(pc.fill_null(one.indices, ABSENT), np.int32) for one in whole.chunks]
    return Names(np.concatenate(codes), whole.chunk(0).dictionary)


def _seconds(parts: Sequence[CleanBatch], is_export: Flags, notes: Notes) -> NDArray[np.float64]:
    """The times in seconds; a number's unit follows from the middle of the log."""
    time = np.concatenate([one.time for one in parts])
    is_number = ~np.concatenate([one.is_date for one in parts]) & ~is_export
    n_a_second, name = times.unit(time[is_number])
    if n_a_second != 1:
        time[is_number] /= n_a_second
        notes.remark(f"its times are read as {name}")
    return time


def _near(
    time: NDArray[np.float64], line: Longs, files: Sequence[str], part: Longs, notes: Notes
) -> Flags:
    """Which times can be kept; the others are named."""
    stays = np.isfinite(time) & (np.abs(time) <= times.FURTHEST)
    for row in np.flatnonzero(~stays).tolist():
        notes.part = files[part[row]]
        said = f"the time {time[row]:.15g} is no number of seconds that can be kept"
        notes.skip(int(line[row]), said, "no time")
    notes.part = ""
    if not stays.all():
        notes.skipped.sort(key=lambda one: (one.file, one.line or 0))
    return stays


def _whole_numbers(names: Names, role: str, notes: Notes) -> Names:
    """Ids of a float column: 355908.0 is 355908, where all are such numbers."""
    words = names.words
    is_float = pc.any(pc.match_substring_regex(words, _FLOAT)).as_py()
    if not is_float or not pc.all(pc.match_substring_regex(words, _WHOLE)).as_py():
        return names
    once = pc.replace_substring_regex(words, r"\.0+$", "").dictionary_encode()
    notes.remark(f"the {role} is a column of whole numbers kept as floats; 7.0 is 7")
    places = np.append(np.asarray(once.indices, np.int32), np.int32(ABSENT))
    return Names(places[names.codes], once.dictionary)


def _without_texts(names: Names, kind: NDArray[np.int8], is_export: Flags, notes: Notes) -> Names:
    """What was typed into a search is no item: only what other events name is one.

    Our own export says of each search which item it was made with.
    """
    is_search = (kind == Kind.SEARCH) & (names.codes >= 0) & ~is_export
    if not is_search.any():
        return names
    is_item = np.zeros(len(names.words) + 1, dtype=np.bool_)
    is_item[names.codes[kind != Kind.SEARCH]] = True
    is_text = is_search & ~is_item[names.codes]
    if is_text.any():
        notes.remark(
            f"{int(is_text.sum()):,} searches name what no other event names: texts, not items"
        )
    return Names(np.where(is_text, np.int32(ABSENT), names.codes), names.words)


def _sessions(
    shopper: Names, session: Names, time: NDArray[np.float64], options: ReadOptions, notes: Notes
) -> Names:
    is_given = bool((session.codes >= 0).any())
    if is_given and options.session_gap is None:
        return session
    gap = GAP if options.session_gap is None else options.session_gap
    found = cut(
        shopper, session if is_given else Names(session.codes, session.words[:0]), time, gap
    )
    minutes = f"{gap / 60:g} minutes"
    notes.remark(f"sessions end after {minutes} without an event; --session-gap says otherwise")
    return found


def _doubles(
    owner: Longs, time: NDArray[np.float64], item: NDArray[np.int32], kind: NDArray[np.int8]
) -> Flags:
    """Events that equal an earlier one: bool [n]."""
    key = mixed(owner.view(np.uint64), (time + 0.0).view(np.uint64))
    key = mixed(key, (item.astype(np.int64) * 16 + kind).view(np.uint64))
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    later = order[1:][same]
    earlier = order[:-1][same]
    equal = (
        (owner[later] == owner[earlier])
        & (time[later] == time[earlier])
        & (item[later] == item[earlier])
        & (kind[later] == kind[earlier])
    )
    found = np.zeros(len(owner), dtype=np.bool_)
    found[later[equal]] = True
    return found


def _tell_order(owner: Longs, time: NDArray[np.float64], line: Longs, notes: Notes) -> None:
    """Say where the file is not in the order of time."""
    order = np.argsort(owner, kind="stable")
    is_late = (owner[order][1:] == owner[order][:-1]) & (np.diff(time[order]) < 0)
    if not is_late.any():
        return
    later = order[1:][is_late]
    earlier = order[:-1][is_late]
    first = int(np.argmin(later))
    more = f"; so do {len(later) - 1:,} more" if len(later) > 1 else ""
    notes.doubt(
        int(line[later[first]]),
        f"the time {time[later[first]]:.15g} lies before {time[earlier[first]]:.15g} on line"
        f" {line[earlier[first]]} of the same session{more}; events are sorted by time",
    )
