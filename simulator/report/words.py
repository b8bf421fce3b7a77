"""Plain words: what each policy and measure is called, what it means, and how its numbers are written."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulator.report.statistics import Gap, Interval

HARD_SPACE = "\u00a0"
MINUS = "\u2212"
UNKNOWN = "\u2013"


@dataclass(frozen=True)
class Words:
    """A measure in words. unit: share, money, seconds, bits or number."""

    title: str
    unit: str
    meaning: str


MEASURES = {
    "hit_rate": Words(
        "Slates with a click", "share", "Of the lists of items shown, how many got at least one click."
    ),
    "category_hit_rate": Words(
        "Same category as the query",
        "share",
        "Of the items shown, how many are of the query's kind. High is not better by itself.",
    ),
    "ctr": Words("Click rate", "share", "Clicks per item shown, as the shoppers' luck had it."),
    "ctr_expected": Words(
        "Click rate, expected",
        "share",
        "The same without the luck: the judge's chance of each click, averaged.",
    ),
    "ctr_late": Words("Late click rate", "share", "Clicks per item shown over the last third of the days."),
    "ctr_late_expected": Words(
        "Late click rate, expected",
        "share",
        "What a policy is worth once it has learned: expected clicks per item shown, last third of the days.",
    ),
    "session_click_rate": Words(
        "Sessions with a click", "share", "Of all visits, how many clicked anything."
    ),
    "cart_rate": Words(
        "Sessions with a cart", "share", "Of all visits, how many put something into the cart."
    ),
    "conversion_rate": Words(
        "Sessions with a purchase", "share", "Of all visits, how many bought something (conversion)."
    ),
    "revenue_per_session": Words("Revenue a session", "money", "Prices of what was bought, per visit."),
    "session_length": Words("Events a session", "number", "Everything that happened in a visit, counted."),
    "slates_per_session": Words("Slates a session", "number", "How many lists a visit looked at."),
    "time_to_first_click": Words(
        "Time to the first click",
        "seconds",
        "Simulated seconds until the first click, over visits that clicked at all.",
    ),
    "dwell": Words("Dwell on a clicked item", "seconds", "Simulated seconds spent on each clicked item."),
    "bounce_rate": Words("Bounces", "share", "Visits that saw one list, clicked nothing and left."),
    "return_rate": Words(
        "Back the next day", "share", "Visits whose shopper came again on the following day."
    ),
    "catalogue_coverage": Words(
        "Catalogue shown",
        "share",
        "Of the catalogue, how many items were shown at least once. Grows with the run.",
    ),
    "exposure_gini": Words(
        "Exposure inequality",
        "index",
        "Gini coefficient of how often items were shown: 0 all equally, 1 one item takes all.",
    ),
    "novelty": Words(
        "Novelty",
        "bits",
        "How unexpected the items shown are: each bit halves the number of people who clicked them.",
    ),
    "intra_list_diversity_pixels": Words(
        "Variety of pictures",
        "index",
        "How much the pictures within one list differ: 1 minus their mean cosine.",
    ),
    "intra_list_diversity_category": Words(
        "Variety of categories",
        "share",
        "Of the pairs of items within one list, how many differ in category.",
    ),
    "cold_exposure_share": Words(
        "Shown without an earlier click",
        "share",
        "Of the items shown in the last third of the days, how many nobody had clicked on any day before.",
    ),
    "new_item_exposure": Words(
        "New items' exposure over their fair share",
        "index",
        "Showings of the items that came in mid-run, from their day on, over their share of the catalogue.",
    ),
    "share_of_oracle_lead": Words(
        "Share of the oracle's lead",
        "share",
        "Of the late click rate by which the oracle leads looks alone, how much this policy won.",
    ),
}

HEADLINES = (
    "ctr_late_expected",
    "hit_rate",
    "session_click_rate",
    "cart_rate",
    "conversion_rate",
    "revenue_per_session",
)
"""The measures of the short table, here and on the command line."""


BY_CLASS = ("category_hit_rate", "intra_list_diversity_category")
"""The measures that go by the items' categories."""

FROM_CLUSTERS = "from clusters"
"""How these are marked where nobody has said what the categories are."""


def title(metric: str, *, are_clusters: bool) -> str:
    """What a measure is called; marked where it goes by clusters instead of labels."""
    is_marked = are_clusters and metric.partition("@")[0] in BY_CLASS
    return f"{of(metric).title} ({FROM_CLUSTERS})" if is_marked else of(metric).title


def of(metric: str) -> Words:
    """A measure in words, by its name in metrics.json."""
    name, _, k = metric.partition("@")
    if name in MEASURES:
        return MEASURES[name]
    series, _, number = name.rpartition("_")
    if series == "new_item_exposure_day":
        return replace(MEASURES["new_item_exposure"], title=f"New items' exposure on day {number}")
    where = {"ctr_position": "at position", "ctr_day": "on day", "ctr_expected_day": "expected on day"}
    if series in where:
        return Words(
            f"Click rate {where[series]} {number}",
            "share",
            f"Clicks per item shown, {where[series]} {number}.",
        )
    return Words(metric, "number", f"{metric} {k}".strip())


def headlines(metrics: Iterable[str]) -> list[str]:
    """The measures of the short table among these names of metrics.json, in its order."""
    known = list(dict.fromkeys(metrics))
    return [name for stem in HEADLINES for name in known if name.partition("@")[0] == stem]


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
