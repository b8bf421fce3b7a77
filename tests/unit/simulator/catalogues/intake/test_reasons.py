"""Reasons are counted together whatever they quote."""

from __future__ import annotations

import pytest

from simulator.catalogues.csv_file import Skipped
from simulator.catalogues.intake.reasons import by_reason, reason_of


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("there is no picture 'gone.jpg' in the folder", "there is no picture ... in the folder"),
        ("the id 'a' stands on line 2,000 already", "the id ... stands on line ... already"),
        (
            "wanted at most 60 million pixels, found far more; scale it down first",
            "wanted at most ... million pixels, found far more",
        ),
        ("cannot be read (Permission denied)", "cannot be read"),
        ("found a damaged one (cut (0 bytes)); save it", "found a damaged one"),
        ("the price 'x' is no number like 19.99", "the price ... is no number like 19.99"),
    ],
)
def test_a_reason_keeps_what_all_of_its_kind_share(said: str, reason: str) -> None:
    """No name, number, bracket or cure."""
    assert reason_of(Skipped("a.jpg", None, said)) == reason


def test_reasons_are_counted_the_most_frequent_first() -> None:
    """Equal ones by their text; the sum is all that was passed over."""
    said = ["no 'a'", "one", "no 'b'", "two", "no 'c'"]
    found = by_reason([Skipped("f", None, one) for one in said])
    assert list(found.items()) == [("no ...", 3), ("one", 1), ("two", 1)]
