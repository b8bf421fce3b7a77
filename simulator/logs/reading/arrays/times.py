"""Reads times: seconds, milliseconds and the like, ISO 8601 with and without zone, dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FURTHEST = 9e12
"""Seconds to either side that a time may lie: milliseconds must fit into the database."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_UTC = r"(?i)\s*(UTC|GMT|Z)$"
_ZONE = r":\d\d(\.\d+)?\s*[+-]\d\d:?\d\d$"
UNITS = ((1e17, 1e9, "nanoseconds"), (1e14, 1e6, "microseconds"), (1e11, 1e3, "milliseconds"))
"""From which median on a number counts what, and how many of them a second has."""


def read(column: Any) -> tuple[Floats, NDArray[np.bool_]]:
    """Seconds or a number of an unknown unit, float64 [n], NaN where it is no time; and where it
    is a date, whose unit is known, bool [n].
    """
    if pa.types.is_temporal(column.type):
        return _seconds(column.cast(pa.timestamp("us"))), np.ones(len(column), dtype=np.bool_)
    if pa.types.is_floating(column.type):
        return _floats(column), np.zeros(len(column), dtype=np.bool_)
    text = pc.utf8_trim_whitespace(column)
    try:
        return _floats(text.cast(pa.float64())), np.zeros(len(text), dtype=np.bool_)
    except pa.ArrowInvalid:
        is_number = pc.fill_null(pc.match_substring_regex(text, _NUMBER), fill_value=False)
    found = _floats(pc.if_else(is_number, text, pa.scalar(None, pa.string())).cast(pa.float64()))
    is_date = ~is_number.to_numpy(zero_copy_only=False)
    place = np.flatnonzero(is_date)
    found[place] = _dates(text.take(pa.array(place)))
    return found, is_date


def unit(numbers: Floats) -> tuple[float, str]:
    """How many of these numbers a second has, by their median, and what they are then."""
    finite = np.abs(numbers[np.isfinite(numbers)])
    median = float(np.median(finite)) if len(finite) else 0.0
    return next(((n, name) for least, n, name in UNITS if median >= least), (1.0, "seconds"))


def _floats(column: Any) -> Floats:
    return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _seconds(stamps: Any) -> Floats:
    if stamps.type.tz is not None:
        stamps = stamps.cast(pa.timestamp("us", stamps.type.tz)).cast(pa.timestamp("us"))
    whole = stamps.cast(pa.int64())
    return _floats(whole.cast(pa.float64(), safe=False)) / 1e6


def _dates(text: Any) -> Floats:
    """ISO 8601; a time without a zone is one of UTC."""
    plain = pc.replace_substring_regex(text, _UTC, "")
    try:
        has_zone = pc.any(pc.match_substring_regex(plain, _ZONE)).as_py()
        zone = "UTC" if has_zone else None
        return _seconds(plain.cast(pa.timestamp("us", zone)))
    except pa.ArrowInvalid:
        once = plain.dictionary_encode()
        known = np.array([_date(one) for one in once.dictionary.to_pylist()], dtype=np.float64)
        codes = once.indices.to_numpy(zero_copy_only=False)
        missing = np.isnan(codes) if codes.dtype.kind == "f" else np.zeros(len(codes), np.bool_)
        found = np.append(known, np.nan)[np.where(missing, len(known), codes).astype(np.int64)]
        return np.asarray(found, dtype=np.float64)


def _date(text: str | None) -> float:
    """One date the slow way, NaN where it is none."""
    try:
        found = datetime.fromisoformat((text or "").replace(",", "."))
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.timestamp()
    except (ValueError, OverflowError):
        return np.nan
