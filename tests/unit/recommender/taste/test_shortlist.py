"""Who cannot win is left out before the blend scores: the slates keep their bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender import policies
from recommender.candidates import listed
from recommender.policies import Knowledge, recommend
from recommender.taste import shortlist
from recommender.taste.shortlist import PairRows, ShortlistedScore
from tests.unit.recommender.taste.test_model import CONFIG, N_ITEMS, asking, taught

WAYS = {"pairs kept whole": N_ITEMS, "item by item": 0}


@pytest.mark.parametrize("whole_rows", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("later", [None, 40])
@pytest.mark.parametrize("sure", [0.0, 1.0, 40.0])
def test_slates_are_those_of_all_candidates(
    monkeypatch: pytest.MonkeyPatch, whole_rows: int, later: int | None, sure: float
) -> None:
    """Near ties too, where all tastes are 0, and tastes so strong that chances are 0 or 1."""
    monkeypatch.setattr(shortlist, "WHOLE_ROWS", whole_rows)
    known = _sure(taught(later=later), sure)
    asked = asking(200, day=9)
    found = recommend(CONFIG, known, asked, 3)
    monkeypatch.setattr(ShortlistedScore, "shortlist", lambda _, __, marks, ___: listed(marks))
    monkeypatch.setattr(policies, "FEW", 0)

    assert found.tobytes() == recommend(CONFIG, known, asked, 3).tobytes()


@pytest.mark.parametrize("whole_rows", WAYS.values(), ids=WAYS.keys())
def test_most_candidates_are_left_out(monkeypatch: pytest.MonkeyPatch, whole_rows: int) -> None:
    """Or nothing is gained."""
    monkeypatch.setattr(shortlist, "WHOLE_ROWS", whole_rows)
    known = taught()
    marks = np.ones((200, N_ITEMS), np.bool_)
    scoring = policies.ranker_of("blend").scoring(CONFIG, known)
    assert isinstance(scoring, ShortlistedScore)

    few = scoring.shortlist(asking(200, day=9), marks, 5)

    assert 5 <= np.count_nonzero(few >= 0) / 200 < 10


def test_kept_pairs_are_of_one_generation_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was learned later is another row, and a shop with many queries keeps some of them."""
    monkeypatch.setattr(shortlist, "ROWS_KEPT", 5)
    known = taught()
    asked = asking(60, day=9)

    alone = [recommend(CONFIG, known, asked[row : row + 1], 3) for row in range(60)]

    assert 0 < len(known.pairs.rows) <= 5
    slates = recommend(CONFIG, known, asked, 3)
    assert b"".join(slate.tobytes() for slate in alone) == slates.tobytes()
    assert not known.at(
        counts=known.counts, popularity=known.popularity, learned=known.learned
    ).pairs.rows


def test_a_score_that_is_no_number_is_still_told() -> None:
    """It is not taken for a candidate that cannot win."""
    known = taught()
    assert known.taste is not None
    quality = known.taste.quality.copy()
    quality[7] = np.nan
    broken = replace(known, taste=replace(known.taste, quality=quality))

    nothing = np.full((50, 10), -1, np.int32)

    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="finite"):
        recommend(CONFIG, broken, asking(50, day=9, shown=nothing), 3)


def test_rows_of_queries_are_worked_out_once() -> None:
    """They are looked up afterwards."""
    known = taught()
    assert known.taste is not None
    query = np.array([61, 62, 61], np.int32)
    kept = PairRows()
    first = kept.of(known.taste, known.counts, query, N_ITEMS)
    before = {one: id(row) for one, row in kept.rows.items()}

    again = kept.of(known.taste, known.counts, query[::-1], N_ITEMS)

    assert again.tobytes() == first[::-1].tobytes()
    assert {one: id(row) for one, row in kept.rows.items()} == before


def _sure(known: Knowledge, times: float) -> Knowledge:
    """The same knowledge with the parts that tell items apart so many times as strong."""
    taste = known.taste
    assert taste is not None
    strong = replace(
        taste,
        style=times * taste.style,
        quality=times * taste.quality,
        wants=times * taste.wants,
        theta=taste.theta if times else np.zeros_like(taste.theta),
    )
    return replace(known, taste=strong)
