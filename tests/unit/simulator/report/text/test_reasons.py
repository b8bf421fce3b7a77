"""The reason under each item of a picture grid."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.report.text.reasons import reasons
from tests.unit.simulator.report.diary import SLATE

NAN = float("nan")


@pytest.mark.parametrize(
    ("policy", "parts", "cosine", "said"),
    [
        ("visual", (0.04, NAN, 0.0, 0.0), 0.93, ["looks alike 0.93"]),
        ("visual", (0.041, NAN, 0.0, 0.0), NAN, ["by looks 4.1 %"]),
        ("blend", (0.04, NAN, 0.0, 0.0), 0.93, ["looks alike 0.93", "no evidence yet"]),
        ("blend", (0.04, 0.3, 0.8, 40.0), 0.93, ["12 of 40 clicked", "looks alike 0.93"]),
        ("blend", (0.04, 0.0, 0.2, 8.0), 0.93, ["looks alike 0.93", "0 of 8 clicked"]),
        ("cf", (NAN, 0.25, 0.5, 4.0), 0.5, ["1 of 4 clicked"]),
        ("cf", (NAN, NAN, 0.0, 0.0), 0.5, ["no evidence yet"]),
        ("random", (NAN, NAN, 0.0, 0.0), 0.5, ["by lot"]),
        ("oracle", (NAN, NAN, 0.0, 0.0), 0.5, ["the judge's choice"]),
    ],
)
def test_the_reason_names_the_stronger_part_first(
    policy: str, parts: tuple[float, float, float, float], cosine: float, said: list[str]
) -> None:
    """Looks, evidence, refusals (0 of 8) and no evidence yet are four different things."""
    entry = _entry()
    entry["visual"], entry["behavioural"], entry["evidence"], entry["support"] = parts
    assert reasons(entry, policy, cosine) == said


def test_the_strongest_part_of_a_sum_stands_first_and_the_parts_compose_the_score() -> None:
    """From 5 % on the average: odds times 1.5, 2.5 and 1.1 are 17.8 %; what adds nothing is not
    said.
    """
    entry = _entry()
    odds = 0.05 / 0.95 * 1.5 * 2.5 * 1.1
    entry["score"] = odds / (1 + odds)
    entry["looks"] = np.log(1.1)
    entry["others"] = np.log(1.5)
    entry["taste"] = np.log(2.5)
    entry["welcome"] = 0.0
    entry["visual"] = 0.04
    entry["behavioural"] = 0.25
    entry["support"] = 8.0
    assert reasons(entry, "blend", 0.9) == [
        "her taste \u00d72.5",
        "others \u00d71.5",
        "looks \u00d71.1",
        "5.0 % to 17.8 %",
    ]


def test_a_newcomer_says_so() -> None:
    """Its welcome is a reason like the others, and a part against it stands last."""
    entry = _entry()
    entry["score"] = 0.05
    entry["looks"] = -0.7
    entry["others"] = 0.0
    entry["taste"] = 0.0
    entry["welcome"] = 0.7
    said = reasons(entry, "blend")
    assert said[:2] == ["new here \u00d72", "looks \u00d70.5"]


def _entry() -> np.ndarray[tuple[()], np.dtype[np.void]]:
    """Without parts."""
    entry = np.zeros((), SLATE)
    for name in ("looks", "others", "taste", "welcome"):
        entry[name] = np.nan
    return entry
