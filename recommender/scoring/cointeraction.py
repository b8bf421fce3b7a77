"""Co-interaction counts: how often j was shown, and clicked, to sessions with i in the profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Items = NDArray[np.int32]

EXAMINATION = 1024
"""Examinations are counted in 1/1024, so that sums are exact in any order."""

BLOCK = 500_000
"""Slates sorted at once: memory follows it; results do not depend on it."""

SOME = 10_000
"""Slates looked at at once: what is in hand then stays in the cache of the processor."""


@dataclass(frozen=True)
class Counts:
    """Counts of pairs (profile item i, shown item j), sorted by i, then j.

    n: how many item numbers there are. key int64 [n_pairs] = i * n + j, strictly increasing; shown
    int64 [n_pairs] in 1/1024 examinations; acted int64 [n_pairs] clicks, carts or purchases, at
    most one a showing.
    """

    n: int
    key: Longs
    shown: Longs
    acted: Longs

    @classmethod
    def empty(cls, n: int) -> Counts:
        """No evidence."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(n, nothing, nothing, nothing)

    def __len__(self) -> int:
        return len(self.key)

    def plus(self, other: Counts) -> Counts:
        """The sum; raises ValueError if the two do not number the same items."""
        if self.n != other.n:
            raise ValueError(f"counts over {self.n} items cannot be added to counts over {other.n}")
        if not len(other):
            return self
        parts = [
            np.concatenate(pair) for pair in ((self.key, other.key), (self.shown, other.shown))
        ]
        return _summed(self.n, parts[0], parts[1], np.concatenate([self.acted, other.acted]))

    def lookup(self, i: NDArray[np.integer], j: NDArray[np.integer]) -> tuple[Longs, Longs]:
        """Shown and acted of pairs, i and j of shapes that broadcast; 0 where j was never shown
        beside i.
        """
        wanted = np.asarray(i, dtype=np.int64) * self.n + j
        if not len(self):
            return np.zeros(wanted.shape, dtype=np.int64), np.zeros(wanted.shape, dtype=np.int64)
        place = np.searchsorted(self.key, wanted)
        np.minimum(place, len(self) - 1, out=place)
        is_known = self.key[place] == wanted
        return self.shown[place] * is_known, self.acted[place] * is_known

    def neighbours(self, i: int) -> tuple[Items, Longs, Longs]:
        """Shown items j int32, shown, acted of one profile item, by j."""
        low, high = np.searchsorted(self.key, [i * self.n, (i + 1) * self.n])
        return (
            (self.key[low:high] - i * self.n).astype(np.int32),
            self.shown[low:high],
            self.acted[low:high],
        )

    @cached_property
    def acted_key(self) -> Longs:
        """The keys of pairs that were acted on at least once."""
        return self.key[self.acted > 0]

    def pack(self) -> list[tuple[int, bytes]]:
        """One (i, bytes) a profile item: columns j int32, shown int64, acted int32, all
        little-endian.
        """
        i = self.key // max(1, self.n)
        owners, starts = np.unique(i, return_index=True)
        ends = np.append(starts[1:], len(i))[: len(owners)]
        j = (self.key - i * self.n).astype("<i4")
        shown = self.shown.astype("<i8")
        acted = self.acted.astype("<i4")
        return [
            (int(owner), j[a:b].tobytes() + shown[a:b].tobytes() + acted[a:b].tobytes())
            for owner, a, b in zip(owners, starts, ends, strict=True)
        ]

    @classmethod
    def unpack(cls, n: int, rows: Iterable[tuple[int, bytes]]) -> Counts:
        """The counts of packed rows in any order; rows of the same item (several generations) are
        summed.
        """
        keys = []
        shown = []
        acted = []
        for i, packed in rows:
            n_pairs, rest = divmod(len(packed), 16)
            if rest:
                raise ValueError(
                    f"packed counts of item {i} have {len(packed)} bytes, not a multiple of 16"
                )
            keys.append(np.frombuffer(packed, "<i4", n_pairs).astype(np.int64) + i * n)
            shown.append(np.frombuffer(packed, "<i8", n_pairs, 4 * n_pairs))
            acted.append(np.frombuffer(packed, "<i4", n_pairs, 12 * n_pairs).astype(np.int64))
        if not keys:
            return cls.empty(n)
        return _summed(
            n, np.concatenate(keys), np.concatenate(shown).astype(np.int64), np.concatenate(acted)
        )

    def digest(self) -> str:
        """sha256 hex of the sorted dump: n, then key, shown, acted as little-endian int64."""
        dump = sha256(np.int64(self.n).astype("<i8").tobytes())
        for column in (self.key, self.shown, self.acted):
            dump.update(column.astype("<i8").tobytes())
        return dump.hexdigest()


@dataclass(frozen=True)
class Popularity:
    """Per item number: shown int64 [n] in 1/1024 examinations, acted int64 [n]."""

    shown: Longs
    acted: Longs

    @classmethod
    def empty(cls, n: int) -> Popularity:
        """Nothing was shown yet."""
        return cls(np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))

    def plus(self, other: Popularity) -> Popularity:
        """The sum."""
        return Popularity(self.shown + other.shown, self.acted + other.acted)

    def pack(self) -> bytes:
        """All shown, then all acted, as little-endian int64."""
        return self.shown.astype("<i8").tobytes() + self.acted.astype("<i8").tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> Popularity:
        """The inverse of pack; raises ValueError for a length that cannot be."""
        columns = np.frombuffer(packed, "<i8")
        if len(columns) % 2:
            raise ValueError("packed popularity must hold two columns of equal length")
        shown, acted = columns.astype(np.int64).reshape(2, -1)
        return cls(shown, acted)


def increments(
    items: Items,
    shown: Items,
    acted: NDArray[np.bool_],
    examination: NDArray[np.integer],
    *,
    n: int,
) -> Counts:
    """The counts that slates add: every profile item i of a slate with every item j shown on it, j
    != i.

    items: int32 [n_slates, n_profile]; shown: int32 [n_slates, k], -1 = padding in both; acted:
    bool [n_slates, k]; examination: whole numbers [k], the weight of each position in 1/1024.
    """
    _require_slates(shown, acted, examination, n)
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(shown), BLOCK)]
    parts = [
        _of_block(items[block], shown[block], acted[block], examination, n) for block in blocks
    ]
    if len(parts) < 2:
        return parts[0] if parts else Counts.empty(n)
    columns = [
        [part.key for part in parts],
        [part.shown for part in parts],
        [part.acted for part in parts],
    ]
    return _summed(n, *(np.concatenate(column) for column in columns))


def _of_block(
    items: Items, shown: Items, acted: NDArray[np.bool_], examination: NDArray[np.integer], n: int
) -> Counts:
    """Pair, weight and click of a showing in one number sort several times as fast as three
    columns; numbers too large for that take the long way.
    """
    bits = int(examination.max(initial=0)).bit_length() + 1
    low = (examination.astype(np.int64) << 1) + acted
    is_small = examination.min(initial=0) >= 0 and (n * n).bit_length() + bits <= 63
    if is_small and bits + BLOCK.bit_length() <= 31:
        parts = [
            ((key << bits) + low[slate])[counts] for slate, key, counts in _pairs(items, shown, n)
        ]
        return _summed_packed(n, np.concatenate([np.zeros(0, np.int64), *parts]), bits)
    found = [(key[counts], low[slate][counts]) for slate, key, counts in _pairs(items, shown, n)]
    nothing = np.zeros(0, np.int64)
    key, weight = (
        np.concatenate(column) for column in zip(*found, (nothing, nothing), strict=True)
    )
    return _summed(n, key, weight >> 1, weight & 1)


def _pairs(items: Items, shown: Items, n: int) -> Iterator[tuple[Longs, Longs, NDArray[np.bool_]]]:
    """Some slates, the keys of one of their profile's items beside all that was shown, [n_some, k],
    and which of them count.
    """
    for begin in range(0, len(items), SOME):
        for place in range(items.shape[1]):
            slate = begin + np.flatnonzero(items[begin : begin + SOME, place] >= 0)
            i = items[slate, place][:, None]
            j = shown[slate]
            yield slate, i.astype(np.int64) * n + j, (j >= 0) & (j != i)


def item_totals(
    shown: Items, acted: NDArray[np.bool_], examination: NDArray[np.integer], *, n: int
) -> Popularity:
    """What slates add to the popularity of each item; arguments as for `increments`."""
    _require_slates(shown, acted, examination, n)
    slate, position = np.nonzero(shown >= 0)
    item = shown[slate, position]
    totals = Popularity.empty(n)
    np.add.at(totals.shown, item, examination.astype(np.int64)[position])
    np.add.at(totals.acted, item, acted[slate, position].astype(np.int64))
    return totals


def _require_slates(
    shown: Items, acted: NDArray[np.bool_], examination: NDArray[np.integer], n: int
) -> None:
    if shown.shape != acted.shape or shown.shape[1:] != examination.shape:
        raise ValueError(
            f"slates {shown.shape}, clicks {acted.shape}, examination {examination.shape} do"
            " not fit"
        )
    if not np.issubdtype(examination.dtype, np.integer):
        raise TypeError(
            "examination must be whole numbers of 1/1024, or sums depend on their order"
        )
    if shown.max(initial=-1) >= n:
        raise ValueError(f"item {shown.max()} was shown, but there are {n} items")


def _summed_packed(n: int, packed: Longs, bits: int) -> Counts:
    """Equal keys added up, sorted: of single showings key << bits | weight << 1 | was it acted
    on.
    """
    if not len(packed):
        return Counts.empty(n)
    packed.sort()
    key = packed >> bits
    is_first = np.ones(len(key), np.bool_)
    np.not_equal(key[1:], key[:-1], out=is_first[1:])
    first = np.flatnonzero(is_first)
    # Both sums at once: of a block's slates neither reaches 2^31.
    clicked = packed & 1
    packed &= (1 << bits) - 2
    packed <<= 31
    packed |= clicked
    sums = np.add.reduceat(packed, first)
    return Counts(n, key[first], sums >> 32, sums & 0xFFFFFFFF)


def _summed(n: int, key: Longs, shown: Longs, acted: Longs) -> Counts:
    """Equal keys added up, sorted."""
    if not len(key):
        return Counts.empty(n)
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return Counts(
        n, key[first], np.add.reduceat(shown[order], first), np.add.reduceat(acted[order], first)
    )
