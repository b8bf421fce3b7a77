"""The primary comparison: which difference decides, and what a choice after the fact may claim."""

from __future__ import annotations

import pytest

from db.errors import NotFoundError, UsageError
from simulator.report.numbers.comparison import Comparison, compare_runs
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.primary import DEFAULT, Primary, chosen, kept
from simulator.report.text import sentences
from tests.unit.simulator.report.diary import hand_made


def test_the_usual_one_is_the_late_click_rate_of_blend_minus_visual() -> None:
    """Either way round, and in no other measure."""
    assert DEFAULT.decides("blend", "visual", "ctr_late_expected")
    assert DEFAULT.decides("visual", "blend", "ctr_late_expected")
    assert not DEFAULT.decides("blend", "visual", "ctr")
    assert not DEFAULT.decides("blend", "cf", "ctr_late_expected")


def test_a_chosen_measure_and_pair_decide_alone() -> None:
    """The size of a slate may be left out of the name."""
    primary = chosen("hit_rate", ("cf", "visual"))
    assert primary.decides("cf", "visual", "hit_rate@3")
    assert not primary.decides("blend", "visual", "hit_rate@3")
    roles = {
        (one.a, one.b, one.metric)
        for one in _compared("visual", "cf", "blend", primary=primary).differences
        if one.role == "primary"
    }
    assert roles == {("cf", "visual", "hit_rate@3")}


def test_the_headline_is_about_the_chosen_measure() -> None:
    """In its own unit, against the policy of the pair."""
    comparison = _compared("visual", "blend", primary=chosen("revenue_per_session", None))
    subjects = sentences.subjects_of(comparison)
    found = sentences.headline(comparison, subjects, 3)
    assert found.startswith("Revenue a session of blend: ")
    assert "points" not in found
    assert "visual" in found


def test_a_choice_after_the_fact_has_no_p_of_its_own() -> None:
    """It is spoken of, with a caution; what was declared may be asked for again."""
    declared = chosen("hit_rate", None)
    late = chosen("cart_rate", None).beside(declared)
    assert not late.decides("blend", "visual", "cart_rate")
    assert "after the runs were played" in _compared("visual", "blend", primary=late).caution
    assert chosen("hit_rate", None).beside(declared) == declared
    assert not declared.caution()


def test_what_is_kept_is_read_back() -> None:
    """Also from experiments that were played when nothing was declared."""
    primary = chosen("hit_rate", ("cf", "visual"))
    assert kept(primary.to_json()) == primary
    assert kept(DEFAULT.to_json()) == DEFAULT
    assert kept(None) == DEFAULT


def test_an_unknown_measure_and_a_policy_twice_are_refused() -> None:
    """Before anything is played."""
    with pytest.raises(NotFoundError, match="no measure 'hit_rat'; did you mean 'hit_rate'"):
        chosen("hit_rat", None)
    with pytest.raises(UsageError, match="found 'blend' twice"):
        chosen(None, ("blend", "blend"))
    with pytest.raises(UsageError, match="wanted to compare 'cf'"):
        chosen(None, ("cf", "visual")).require_among(["visual", "blend"])


def _compared(*policies: str, primary: Primary) -> Comparison:
    return compare_runs([lay_out(hand_made(policy)) for policy in policies], primary)
