"""The score: the picture where nothing was seen, what was seen where enough was, pair by pair."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.profile import Profiles
from recommender.scoring.calibration import LearningConfig, start
from recommender.scoring.cointeraction import Counts
from recommender.scoring.pair_score import Learned, PairScore, Trust
from tests import twins
from tests.unit.recommender.shop import embeddings, profiles

N = 12
LEARNED = start(LearningConfig(), 10)


def counts(cells: dict[tuple[int, int], tuple[float, int]]) -> Counts:
    """Counts of (i, j): (examinations, clicks)."""
    rows = sorted((i * N + j, round(s * 1024), c) for (i, j), (s, c) in cells.items())
    return Counts(N, *(np.array(column, np.int64) for column in zip(*rows, strict=True)))


def asking(*items: int) -> Profiles:
    """One profile with equal weights."""
    padded = np.full((1, 8), -1, np.int32)
    padded[0, : len(items)] = items
    return Profiles(
        session=np.array([1]), step=np.array([0], np.int16), query=padded[:, 0], items=padded,
        weights=np.where(padded >= 0, 1 / len(items), 0.0), shown=np.zeros((1, 0), np.int32),
    )  # fmt: skip


EVERYTHING = np.arange(N, dtype=np.int32)[None, :]


def test_a_pair_never_shown_has_its_visual_score_to_the_bit() -> None:
    """With b = 0 the formula is m exactly; behaviour is missing, not zero."""
    seen = counts({(3, 5): (10.0, 4)})
    blend = PairScore(LEARNED, embeddings(N), seen, Trust(32.0)).parts(asking(3), EVERYTHING)
    visual = PairScore(LEARNED, embeddings(N), Counts.empty(N), Trust(32.0)).parts(
        asking(3), EVERYTHING
    )
    others = EVERYTHING[0] != 5
    assert blend.score[0, others].tobytes() == visual.score[0, others].tobytes()
    assert np.isnan(blend.behavioural[0, others]).all()
    assert (blend.evidence[0, others] == 0).all()
    assert (blend.support[0, others] == 0).all()


def test_evidence_is_directed_and_moves_the_score_toward_the_rate_seen() -> None:
    """(3, 5) with 32 examinations, 16 clicks: half the way at kappa 32; nothing for 5 looking
    at 3.
    """
    scoring = PairScore(LEARNED, embeddings(N), counts({(3, 5): (32.0, 16)}), Trust(32.0))
    there = scoring.parts(asking(3), EVERYTHING)
    back = scoring.parts(asking(5), EVERYTHING)
    assert there.evidence[0, 5] == 0.5
    assert there.behavioural[0, 5] == 0.5
    assert there.support[0, 5] == 32.0
    assert there.score[0, 5] == 0.5 * there.visual[0, 5] + 0.25
    assert back.evidence[0, 3] == 0.0


def test_shown_and_refused_is_zero_but_never_shown_is_missing() -> None:
    """Refusal lowers the score below what the picture lets expect; absence does not."""
    scoring = PairScore(LEARNED, embeddings(N), counts({(3, 5): (64.0, 0)}), Trust(32.0))
    parts = scoring.parts(asking(3), EVERYTHING)
    assert parts.behavioural[0, 5] == 0.0
    assert parts.score[0, 5] == pytest.approx(parts.visual[0, 5] / 3)


def test_without_pictures_every_pair_is_expected_at_the_base_rate() -> None:
    """cf: never shown ranks at the base, between refused and clicked; visual is missing."""
    seen = counts({(3, 5): (64.0, 0), (3, 6): (64.0, 32)})
    parts = PairScore(LEARNED, None, seen, Trust(32.0)).parts(asking(3), EVERYTHING)
    assert parts.score[0, 5] < parts.score[0, 7] == LEARNED.base < parts.score[0, 6]
    assert np.isnan(parts.visual).all()


def test_a_fixed_share_counts_a_pair_never_shown_as_refused() -> None:
    """The control: half the visual score is lost where nothing is known."""
    parts = PairScore(LEARNED, embeddings(N), counts({(3, 5): (1.0, 1)}), Trust(fixed=0.5)).parts(
        asking(3), EVERYTHING
    )
    assert parts.score[0, 7] == 0.5 * parts.visual[0, 7]
    assert parts.score[0, 5] == 0.5 * parts.visual[0, 5] + 0.5


CELLS = st.dictionaries(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)),
    st.tuples(st.integers(1, 9999), st.integers(0, 9)),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(cells=CELLS, kappa=st.sampled_from([0.5, 8.0, 300.0]), seed=st.integers(0, 99))
def test_scores_equal_their_twin_and_parts_add_up(
    cells: dict[tuple[int, int], tuple[int, int]], kappa: float, seed: int
) -> None:
    """The damped form is the blend; score = what the picture keeps + evidence * behavioural."""
    seen = (
        counts({pair: (s / 1024, c) for pair, (s, c) in cells.items()})
        if cells
        else Counts.empty(N)
    )
    asked = profiles(5, n_items=N, n_all=N, seed=seed)
    index = embeddings(N)
    candidates = np.tile(EVERYTHING, (5, 1))
    scoring = PairScore(LEARNED, index, seen, Trust(kappa))
    parts = scoring.parts(asked, candidates)
    rate = LEARNED.rate(index @ index.T)
    expected = {(i, j): float(rate[i, j]) for i in range(N) for j in range(N)}
    assert scoring.score(asked, candidates).tobytes() == parts.score.tobytes()
    for row in range(5):
        members = [place for place in range(8) if asked.items[row, place] >= 0]
        weights = {
            int(asked.items[row, place]): float(asked.weights[row, place]) for place in members
        }
        for j in range(N):
            twin = twins.blend_score(weights, j, expected=expected, counts=cells, kappa=kappa)
            assert parts.score[row, j] == pytest.approx(twin, abs=1e-12)
    behaviour = np.nan_to_num(parts.behavioural) * parts.evidence
    assert (parts.score >= behaviour - 1e-12).all()
    assert ((parts.evidence >= 0) & (parts.evidence < 1)).all()


def test_what_was_learned_reads_back_to_the_same_bits() -> None:
    """JSON keeps every digit; another set of fields is refused."""
    odd = replace(
        LEARNED,
        kappa=1 / 3,
        base=0.1 + 0.2,
        rates=tuple(np.random.default_rng(1).random(65).tolist()),
    )
    assert Learned.from_json(odd.to_json()) == odd
    with pytest.raises(ValueError, match="kappa"):
        Learned.from_json(json.dumps({"kappa": 1}))
