"""A report knows every registered policy: words, colour, place, and how its slates are
explained.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from recommender.registry import BY_EVIDENCE, POLICIES, POLICY_NAMES, REFERENCES
from simulator.playing.references import KINDS
from simulator.report.figures import drawing
from simulator.report.figures.slate_grids import slate_grids
from simulator.report.numbers.comparison import compare_runs, in_order
from simulator.report.numbers.crossover import CrossoverResults
from simulator.report.numbers.panel import lay_out
from simulator.report.pages import crossover as crossover_page
from simulator.report.pages.runs import TEMPLATES, draw, render
from simulator.report.text import sentences
from simulator.report.text.reasons import reasons
from tests.unit.simulator.report.diary import SLATE, hand_made

every_policy = pytest.mark.parametrize("policy", POLICY_NAMES)
LEAST_CONTRAST = 4.5
"""WCAG 2, of text."""


@every_policy
def test_a_page_names_describes_and_colours_it(policy: str) -> None:
    """Against random, or against visual: its label stands in the table, its colours on both
    grounds.
    """
    other = "random" if policy != "random" else "visual"
    panels = [lay_out(hand_made(name)) for name in (policy, other)]
    comparison = compare_runs(panels)
    subjects = sentences.Subjects(other, policy)
    html = render(
        comparison,
        draw(comparison, panels, subjects),
        slate_grids(panels, focus=other, reference=policy),
        runs=[panel.run for panel in panels],
        subjects=subjects,
    )
    row = POLICIES[policy]
    assert f"<small>{row.label}</small>".replace("'", "&#39;") in html
    assert f"{policy}, which {row.clause}".replace("'", "&#39;") in html
    for shade in (row.colour, row.on_dark):
        assert f"{drawing.variable(row.colour)}: {shade};" in html


@every_policy
def test_an_item_without_parts_is_explained_as_its_row_says(policy: str) -> None:
    """No evidence yet is said by those alone who go by evidence."""
    entry = np.zeros((), SLATE)
    for name in ("visual", "behavioural", "looks", "others", "taste", "welcome"):
        entry[name] = np.nan
    row = POLICIES[policy]
    said = "no evidence yet" if row.unexplained is BY_EVIDENCE else row.unexplained
    assert reasons(entry, policy) == [said]


def test_nothing_is_claimed_of_a_policy_that_nobody_knows() -> None:
    """A run of another version may have one: its looks are said, its evidence is not guessed."""
    entry = np.zeros((), SLATE)
    for name in ("visual", "behavioural", "looks", "others", "taste", "welcome"):
        entry[name] = np.nan
    assert reasons(entry, "of tomorrow") == []
    entry["visual"] = 0.04
    assert reasons(entry, "of tomorrow", 0.9) == ["looks alike 0.90"]


@every_policy
def test_a_crossover_describes_it(policy: str) -> None:
    """By itself, and with another embedder."""
    both = (policy, f"{policy}@pca-64")
    grid = CrossoverResults((0.5,), both, {(0.5, name): {1: 0.04} for name in both}, {})
    said = {name: meaning for name, meaning, _ in crossover_page.rates(grid).rows}
    assert said == {
        both[0]: POLICIES[policy].label,
        both[1]: f"{POLICIES[policy].label}, embedder pca-64",
    }


def test_policies_stand_in_the_order_of_their_rows() -> None:
    """One that nobody knows stands before the last."""
    assert in_order(reversed(POLICY_NAMES)) == list(POLICY_NAMES)
    assert in_order([*POLICY_NAMES, "of tomorrow"])[-2] == "of tomorrow"


def test_every_reference_is_answered_for() -> None:
    """Those that the registry leaves to the simulator, and no other."""
    assert set(KINDS) == set(REFERENCES)


def test_colours_tell_policies_apart_and_can_be_read() -> None:
    """As text on the white and the dark page."""
    template = (TEMPLATES / "report.html.j2").read_text()
    dark = re.search(r"prefers-color-scheme: dark\) { :root { --page: (#\w+)", template)
    assert dark is not None
    for shades, ground in (
        ([one.colour for one in POLICIES.values()], "#ffffff"),
        ([one.on_dark for one in POLICIES.values()], dark[1]),
    ):
        assert len(set(shades)) == len(POLICIES)
        assert min(contrast(shade, ground) for shade in shades) >= LEAST_CONTRAST


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    low, high = sorted(_luminance(shade) for shade in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(shade: str) -> float:
    parts = np.array([int(shade[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))
