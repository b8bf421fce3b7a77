"""The score: a click rate expected from the picture that gives way, pair by pair, to the click rate
seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.profile import Profiles
from recommender.scoring.cointeraction import EXAMINATION, Counts
from recommender.search.similarity import Vectors, pair_cosines

Rates = NDArray[np.float64]
Items = NDArray[np.int32]
Rows = slice | NDArray[np.int64]


@dataclass(frozen=True)
class Learned:
    """What the generations before taught, and the whole-number tallies it was computed from."""

    generation: int
    kappa: float
    """Examinations at which a pair's own evidence weighs half."""
    base: float
    """Clicks per examination."""
    knots: tuple[float, ...]
    """Cosines, rising."""
    rates: tuple[float, ...]
    """Clicks per examination expected at the knots."""
    examination: tuple[int, ...]
    """Weight of each position, in 1/1024."""
    examined: tuple[int, ...]
    """Tally by knot."""
    acted: tuple[int, ...]
    """Tally by knot."""
    predicted: tuple[int, ...]
    """Tally by position."""
    clicked: tuple[int, ...]
    """Tally by position."""
    likelihood: tuple[int, ...]
    """By kappa of the grid."""

    def rate(self, cosine: NDArray[np.floating]) -> Rates:
        """m: the click rate per examination expected at a cosine, any shape; float64."""
        return np.asarray(np.interp(cosine, self.knots, self.rates), dtype=np.float64)

    @property
    def weights(self) -> NDArray[np.int64]:
        """Examination by position as int64 [k], in 1/1024."""
        return np.asarray(self.examination, dtype=np.int64)

    def to_json(self) -> str:
        """Canonical JSON; Python writes floats so that they read back to the same bits."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Learned:
        """The inverse of to_json; raises ValueError for other fields."""
        stored: dict[str, Any] = json.loads(text)
        names = [each.name for each in fields(cls)]
        if set(stored) != set(names):
            raise ValueError(
                f"what was learned needs {', '.join(names)}, found {', '.join(stored)}"
            )
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class Parts:
    """Scores and their reasons, float64 [n_requests, n_candidates]; NaN where nothing is given.

    The fields are those of ranking.SLATE.
    """

    score: Rates
    """What is ranked by."""
    visual: Rates
    """Expected from the pictures."""
    behavioural: Rates
    """Expected from what was clicked."""
    evidence: Rates
    """Weight of the behaviour, from 0 to 1."""
    support: Rates
    """Examinations behind it."""
    looks: Rates | float = np.nan
    """Part of the score due to how the item looks."""
    others: Rates | float = np.nan
    """Part due to shoppers who acted on the same items."""
    taste: Rates | float = np.nan
    """Part due to this shopper's taste."""
    welcome: Rates | float = np.nan
    """Part due to its being new."""


@dataclass(frozen=True)
class Trust:
    """How far a pair's own click rate is believed: s / (s + kappa), or a fixed share."""

    kappa: float = 0.0
    fixed: float | None = None

    def of(self, shown: Rates) -> Rates:
        """The evidence weight b of pairs shown so often; 0 for a pair never shown, unless it is
        fixed.
        """
        if self.fixed is not None:
            return np.full(shown.shape, self.fixed)
        return shown / (shown + self.kappa)


@dataclass(frozen=True)
class PairScore:
    """Sum over the profile of w_i * [(1 - b_ij) * m_ij + b_ij * c_ij / s_ij].

    Terms are added in the order of the profile, so that a row has the same bits in any batch.
    """

    learned: Learned
    embeddings: Vectors | None
    """Rounded float32 [n, dim] to expect m(cosine) of a pair; None: the base rate of every pair."""
    counts: Counts
    """s and c."""
    trust: Trust
    """b."""

    def score(self, profiles: Profiles, candidates: Items) -> Rates:
        """Scores float64 of candidates int32 [n_requests, n_candidates]; of padding (-1) without
        meaning.
        """
        score = np.zeros(candidates.shape)
        for rows, term in self._terms(profiles, candidates):
            score[rows] += term.weight * term.rate
        return score

    def parts(self, profiles: Profiles, candidates: Items) -> Parts:
        """The same scores with their reasons."""
        score, visual, seen, trusted, support = (np.zeros(candidates.shape) for _ in range(5))
        for rows, term in self._terms(profiles, candidates):
            score[rows] += term.weight * term.rate
            visual[rows] += term.weight * term.expected
            seen[rows] += term.weight * (term.trusted * term.seen)
            trusted[rows] += term.weight * term.trusted
            support[rows] += term.shown
        if self.embeddings is None:
            visual = np.full(candidates.shape, np.nan)
        behavioural = np.full(candidates.shape, np.nan)
        np.divide(seen, trusted, out=behavioural, where=(trusted > 0) & (support > 0))
        return Parts(score, visual, behavioural, trusted, support)

    def by_kappa(
        self, profiles: Profiles, candidates: Items, cosine: Vectors
    ) -> tuple[Rates, Callable[[float], Rates]]:
        """Support, and the scores as they would be under a kappa: the pairs are looked up once for
        all.

        cosine: of the profiles' items beside the candidates, as `profile_cosines` gives them.
        """
        terms = list(self._terms(profiles, candidates, cosine))
        support = np.zeros(candidates.shape)
        for rows, term in terms:
            support[rows] += term.shown
        return support, lambda kappa: _scored(terms, Trust(kappa), candidates.shape)

    def _terms(
        self, profiles: Profiles, candidates: Items, cosine: Vectors | None = None
    ) -> Iterator[tuple[Rows, _Term]]:
        """For each place of the profile: the requests that have an item there, and their term."""
        beside = np.maximum(candidates, 0)
        if self.embeddings is not None and cosine is None:
            cosine = profile_cosines(self.embeddings, profiles, candidates)
        for place in range(_used(profiles)):
            is_there = profiles.items[:, place] >= 0
            rows = slice(None) if is_there.all() else np.flatnonzero(is_there)
            items = profiles.items[rows, place]
            weight = profiles.weights[rows, place][:, None]
            if cosine is None:
                expected = np.full((len(items), candidates.shape[1]), self.learned.base)
            else:
                expected = self.learned.rate(cosine[rows, place])
            yield rows, _term(weight, expected, _seen(self.counts, items, beside[rows]), self.trust)


def profile_cosines(embeddings: Vectors, profiles: Profiles, candidates: Items) -> Vectors:
    """Cosines float32 [n, used, n_candidates]: used, the places of the profiles that any of them
    fills.
    """
    return pair_cosines(embeddings, profiles.items[:, : _used(profiles)], np.maximum(candidates, 0))


def _used(profiles: Profiles) -> int:
    return int((profiles.items >= 0).any(axis=0).sum())


@dataclass(frozen=True)
class _Term:
    """One place of the profiles; float64 [n_rows, n_candidates], weight [n_rows, 1]."""

    weight: Rates
    expected: Rates
    seen: Rates
    shown: Rates
    trusted: Rates
    rate: Rates


def _scored(terms: Sequence[tuple[Rows, _Term]], trust: Trust, shape: tuple[int, ...]) -> Rates:
    """The score of terms under another trust; the same bits as if they had been made with it."""
    score = np.zeros(shape)
    for rows, term in terms:
        trusted = trust.of(term.shown)
        score[rows] += term.weight * ((1.0 - trusted) * term.expected + trusted * term.seen)
    return score


def _term(
    weight: Rates, expected: Rates, counted: tuple[Rates, Rates] | None, trust: Trust
) -> _Term:
    if counted is None:
        nothing = np.zeros(expected.shape)
        trusted = trust.of(nothing)
        return _Term(weight, expected, nothing, nothing, trusted, (1.0 - trusted) * expected)
    shown, acted = counted
    # 1/1024 of an examination is the least that counts, so the floor only avoids 0 / 0 where acted
    # is 0, too.
    seen = acted / np.maximum(shown, 1 / EXAMINATION)
    trusted = trust.of(shown)
    return _Term(
        weight, expected, seen, shown, trusted, (1.0 - trusted) * expected + trusted * seen
    )


def _seen(counts: Counts, items: Items, beside: Items) -> tuple[Rates, Rates] | None:
    """Examinations and clicks of each candidate beside its row's item, float64; None: no counts."""
    if not len(counts):
        return None
    shown, acted = counts.lookup(items[:, None], beside)
    return shown / EXAMINATION, acted.astype(np.float64)
