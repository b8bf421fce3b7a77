"""The sentences of long runs: who leads in which week, and who had not finished learning."""

from __future__ import annotations

import math

from recommender.registry import POLICIES, REFERENCES
from simulator.report.numbers.comparison import Comparison
from simulator.report.numbers.over_time.trend import TREND
from simulator.report.text import labels
from simulator.report.text.labels import HARD_SPACE


def weeks(comparison: Comparison, n_weeks: int) -> str:
    """The title of the weekly curves: who led first, who led last."""
    first, last = (_leader(comparison, week) for week in (1, n_weeks))
    if not first or not last:
        return "Week by week"
    if first == last:
        return f"{_capital(last)} led in the first week and in the last"
    return f"{_capital(first)} led in the first week, {last} in week {n_weeks}"


def unfinished(comparison: Comparison) -> str:
    """Which policies still rose when the run ended, beyond chance; empty where none did."""
    rising = {
        name: found
        for name in comparison.policies
        if _learns(name) and (found := comparison.interval(name, TREND)).low > 0
    }
    if not rising:
        return ""
    told = labels.joined(
        [
            f"{name} by {labels.percent(one.value)} points a week"
            f" (95{HARD_SPACE}% interval {labels.interval(one, 'share')})"
            for name, one in rising.items()
        ]
    )
    return (
        "Not finished learning: over the last third of the days the expected click rate still"
        f" rose, of {told}. More days may change the order."
    )


def _leader(comparison: Comparison, week: int) -> str:
    """The policy with the highest expected click rate of a week, references aside."""
    rates = {
        name: comparison.interval(name, f"ctr_expected_week_{week}").value
        for name in comparison.policies
        if name not in REFERENCES
    }
    known = {name: rate for name, rate in rates.items() if not math.isnan(rate)}
    return max(known, key=lambda name: known[name], default="")


def _learns(policy: str) -> bool:
    row = POLICIES.get(policy)
    return row is None or row.follows_clicks


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
