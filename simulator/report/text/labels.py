"""Labels: what each policy and measure is called, what it means, and how its numbers are
written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from simulator.report.numbers.many import HEADLINES
from simulator.report.numbers.measure_row import Measure
from simulator.report.numbers.measures import known
from simulator.report.numbers.panel import GuestFaults
from simulator.report.numbers.statistics import Gap, Interval

HARD_SPACE = "\u00a0"
MINUS = "\u2212"
UNKNOWN = "\u2013"


FROM_CLUSTERS = "from clusters"
"""How measures by class are marked where nobody has said what the categories are."""


def title(metric: str, *, are_clusters: bool) -> str:
    """What a measure is called; marked where it goes by clusters instead of labels."""
    found = of(metric)
    return f"{found.title} ({FROM_CLUSTERS})" if are_clusters and found.by_class else found.title


def of(metric: str) -> Measure:
    """A measure by its name in metrics.json; of one that nobody knows, what its name says."""
    said = metric.replace("@", " ")
    return known(metric) or Measure(metric, title=metric, unit="number", better=None, meaning=said)


def headlines(metrics: Iterable[str]) -> list[str]:
    """The measures of the short table among these names of metrics.json, in its order."""
    names = list(dict.fromkeys(metrics))
    return [name for stem in HEADLINES for name in names if name.partition("@")[0] == stem]


def number(value: float, unit: str) -> str:
    """One number as people write it: 4.62 %, 2.30, 18.0 s; a dash where it is undefined."""
    if math.isnan(value):
        return UNKNOWN
    if unit == "share":
        return f"{percent(value)}{HARD_SPACE}%"
    if unit == "seconds":
        return _signed(f"{value:.1f}") + f"{HARD_SPACE}s"
    if unit == "index":
        return _signed(f"{value:.3f}")
    return _signed(f"{value:,.2f}")


def percent(share: float) -> str:
    """A share in per cent, without the sign: two decimals below 10, one above."""
    decimals = 2 if abs(share) < 0.0995 else 1
    return _signed(f"{100 * share:.{decimals}f}")


def interval(found: Interval | Gap, unit: str) -> str:
    """The ends of an interval: 4.50 to 4.75; empty where there is none."""
    if math.isnan(found.low) or math.isnan(found.high):
        return ""
    low, high = (
        percent(end) if unit == "share" else number(end, unit).removesuffix(f"{HARD_SPACE}s")
        for end in (found.low, found.high)
    )
    return f"{low} to {high}"


def gap(value: float, unit: str) -> str:
    """A difference with its sign; shares in points: +1.67."""
    if math.isnan(value):
        return UNKNOWN
    text = percent(value) if unit == "share" else number(value, unit)
    return text if value < 0 else f"+{text}"


def chance(p: float) -> str:
    """A p value in words."""
    if math.isnan(p):
        return UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def joined(names: list[str]) -> str:
    """A, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _signed(text: str) -> str:
    """A typographic minus; never minus nought."""
    if text.startswith("-"):
        return text[1:] if not text.strip("-0.,") else MINUS + text[1:]
    return text


def answered_badly(guests: Mapping[str, GuestFaults]) -> str:
    """What was wrong with the answers of guests; empty where nothing was."""
    return " ".join(
        f"{name} answered badly to {found.bad:,} of {found.requests:,} requests"
        f" ({joined([f'{n:,} {kind}' for kind, n in found.kinds.items()])});"
        " such places were filled by lot."
        for name, found in guests.items()
        if found.bad
    )
