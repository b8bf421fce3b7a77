"""Slates as bytes: what is stored reads back, also what an earlier version stored."""

from __future__ import annotations

import numpy as np

from db.slates import unpack
from recommender.ranking import SLATE


def test_slates_read_back() -> None:
    """Two slates of three items, field by field."""
    slates = np.zeros((2, 3), SLATE)
    slates["item"] = [[1, 2, 3], [4, 5, -1]]
    slates["taste"] = 0.5
    assert np.array_equal(unpack([row.tobytes() for row in slates], SLATE, 3), slates)
    assert unpack([], SLATE, 3).shape == (0, 3)


def test_what_an_earlier_version_did_not_store_is_missing() -> None:
    """Before the parts that add up there were six fields; they are read, the others are NaN."""
    older = np.dtype(
        [each for each in SLATE.descr if each[0] not in ("looks", "others", "taste", "welcome")]
    )
    assert older.itemsize == 44
    slates = np.zeros((1, 2), older)
    slates["item"] = [[7, 8]]
    slates["support"] = 12.0
    found = unpack([slates.tobytes()], SLATE, 2)
    assert found["item"].tolist() == [[7, 8]]
    assert found["support"].tolist() == [[12.0, 12.0]]
    assert np.isnan(found["taste"]).all()
