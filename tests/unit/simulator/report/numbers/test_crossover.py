"""A claim holds only if the lower end of its paired interval says so; the page says which do
not.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.report.numbers import crossover as crossover_numbers
from simulator.report.numbers.crossover import Claim, CrossoverResults, claims
from simulator.report.pages import crossover as crossover_page
from simulator.report.pages import study

SEEDS = range(1, 6)


def results_of(**rates: dict[float, float]) -> CrossoverResults:
    """Late rates by policy and hidden share, wobbling a little from seed to seed, all policies
    alike.
    """
    late = {
        (share, policy.replace("_", "-")): {seed: rate * (1 + 0.01 * (seed - 3)) for seed in SEEDS}
        for policy, by_share in rates.items()
        for share, rate in by_share.items()
    }
    shares = tuple(sorted({share for share, _ in late}))
    return CrossoverResults(shares, tuple(name.replace("_", "-") for name in rates), late, {})


GOOD = results_of(
    visual={0.1: 0.05, 0.5: 0.04, 0.9: 0.03},
    cf={0.1: 0.03, 0.5: 0.035, 0.9: 0.05},
    blend={0.1: 0.0499, 0.5: 0.05, 0.9: 0.052},
    blend_fixed={0.1: 0.049, 0.5: 0.046, 0.9: 0.05},
    oracle={0.1: 0.12, 0.5: 0.12, 0.9: 0.11},
)


def claim_of(found: CrossoverResults, cell: str) -> Claim:
    """The claim of one cell."""
    return next(claim for claim in claims(found) if claim.cell == cell)


def test_the_better_half_is_found_world_by_world() -> None:
    """Visual where pictures are enough, cf where they are not."""
    found = [claim_of(GOOD, f"h={share:g}, online").other for share in GOOD.shares]
    assert found == ["visual", "visual", "cf"]


def test_the_blend_may_fall_behind_by_one_per_cent_and_no_more() -> None:
    """Within the slack it holds; a little beyond, it does not."""
    assert claim_of(GOOD, "h=0.1, online").holds
    worse = results_of(visual={0.1: 0.05}, cf={0.1: 0.03}, blend={0.1: 0.0494})
    assert not claim_of(worse, "h=0.1, online").holds
    assert claim_of(worse, "h=0.1, online").gap.value == pytest.approx(-0.012)


def test_in_the_middle_it_must_be_above() -> None:
    """At h = 0.5 there is a second claim without slack."""
    assert claim_of(GOOD, "h=0.5, online, above").least == 0.0
    level = results_of(visual={0.5: 0.05}, cf={0.5: 0.03}, blend={0.5: 0.0498})
    assert claim_of(level, "h=0.5, online").holds
    assert not claim_of(level, "h=0.5, online, above").holds


def test_rivals_are_met_over_all_worlds() -> None:
    """One claim a rival that was played: the mean over the worlds of the relative lead."""
    found = claim_of(GOOD, "all h, online")
    assert found.other == "blend-fixed"
    assert found.gap.value == pytest.approx((0.0499 / 0.049 + 0.05 / 0.046 + 0.052 / 0.05) / 3 - 1)
    assert found.holds


def test_one_seed_claims_nothing_online() -> None:
    """Without an interval no claim holds."""
    single = CrossoverResults(
        GOOD.shares, GOOD.policies, {key: {1: of[1]} for key, of in GOOD.late.items()}, {}
    )
    assert not any(claim.holds for claim in claims(single))
    assert crossover_numbers.document(single)["claims"][0]["low"] is None


def test_the_share_of_the_oracles_lead_is_by_seed() -> None:
    """(policy - visual) / (oracle - visual); visual and oracle themselves have none."""
    won = crossover_numbers.share_of_lead(GOOD, 0.5)
    assert set(won) == {"cf", "blend", "blend-fixed"}
    assert won["blend"].value == pytest.approx((0.05 - 0.04) / (0.12 - 0.04))


def test_the_caption_names_the_policies_that_were_played() -> None:
    """And what is in the table alone, if anything is."""
    rates = {0.1: 0.05, 0.9: 0.03}
    plain = results_of(visual=rates, cf=rates, blend=rates)
    (figure,) = crossover_page.page(plain, facts=[], command="").sections[0].figures
    assert "oracle" not in figure.caption.lower()
    assert "table alone" not in figure.caption
    both = results_of(visual=rates, oracle=rates)
    (figure,) = crossover_page.page(both, facts=[], command="").sections[0].figures
    assert figure.caption.endswith("In the table alone: oracle.")


def test_the_page_says_what_does_not_hold(tmp_path: Any) -> None:
    """The headline and the verdict count, the table names the cell; all is written."""
    worse = results_of(
        visual={0.1: 0.05, 0.9: 0.03}, cf={0.1: 0.03, 0.9: 0.05}, blend={0.1: 0.051, 0.9: 0.04}
    )
    page = crossover_page.page(worse, facts=[("World", "mixed")], command="windowshop crossover")
    assert page.headline == "Blend keeps up with its better half in 1 of 2 cells"
    assert "1 of 2 claims hold; the report's table of claims marks each." in page.lead[0]
    path = study.write(page, tmp_path, "crossover", crossover_numbers.document(worse))
    assert "h=0.9, online" in path.read_text()
    assert (tmp_path / "figures" / "crossover.svg").read_text().startswith("<?xml")
    good = crossover_page.page(GOOD, facts=[], command="windowshop crossover")
    assert good.headline == "Blend is never worse than its better half, in 3 of 3 cells"
    assert "All 5 claims hold." in good.lead[0]
