"""The online measures, a row each: formula, name, title, sentence, unit, and whether more is
better.

Whoever adds a measure writes its formula and a row here, nothing else: what is measured, compared
and said of it comes from the row.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from recommender.registry import POLICIES
from simulator.report.numbers import expected_outcomes, formulas
from simulator.report.numbers.measure_row import SHARE_OF_LEAD, Measure, without_luck
from simulator.report.numbers.over_time.trend import TREND, late_trend
from simulator.report.numbers.over_time.weeks import OF_A_WEEK, by_week
from simulator.report.numbers.panel import Panel
from simulator.report.numbers.statistics import Estimate

_ROWS = (
    Measure(
        "hit_rate@{k}",
        formulas.hit_rate,
        title="Slates with a click",
        unit="share",
        better="more",
        meaning="Of the lists of items shown, how many got at least one click.",
    ),
    without_luck(
        "hit_rate_expected@{k}",
        expected_outcomes.hit_rate_expected,
        title="Slates with a click",
        chance="at least one click, averaged over slates",
    ),
    Measure(
        "category_hit_rate@{k}",
        formulas.category_hit_rate,
        title="Same category as the query",
        unit="share",
        better=None,
        meaning=(
            "Of the items shown, how many are of the query's kind. High is not better by itself."
        ),
        by_class=True,
        one_run_tells="of who learns nothing",
    ),
    Measure(
        "ctr",
        formulas.ctr,
        title="Click rate",
        unit="share",
        better="more",
        meaning="Clicks per item shown, as the shoppers' luck had it.",
    ),
    Measure(
        "ctr_expected",
        formulas.ctr_expected,
        title="Click rate, expected",
        unit="share",
        better="more",
        meaning="The same without the luck: the judge's chance of each click, averaged.",
    ),
    Measure(
        "ctr_late",
        formulas.ctr_late,
        title="Late click rate",
        unit="share",
        better="more",
        meaning="Clicks per item shown over the last third of the days.",
    ),
    Measure(
        "ctr_late_expected",
        formulas.ctr_late_expected,
        title="Late click rate, expected",
        unit="share",
        better="more",
        meaning=(
            "What a policy is worth once it has learned: expected clicks per item shown, "
            "last third of the days."
        ),
    ),
    Measure(
        "session_click_rate",
        formulas.session_click_rate,
        title="Sessions with a click",
        unit="share",
        better="more",
        meaning="Of all visits, how many clicked anything.",
    ),
    without_luck(
        "session_click_rate_expected",
        expected_outcomes.session_click_rate_expected,
        title="Sessions with a click",
        chance="a first click, slate by slate",
    ),
    Measure(
        "cart_rate",
        formulas.cart_rate,
        title="Sessions with a cart",
        unit="share",
        better="more",
        meaning="Of all visits, how many put something into the cart.",
    ),
    without_luck(
        "cart_rate_expected",
        expected_outcomes.cart_rate_expected,
        title="Sessions with a cart",
        chance="a first cart, slate by slate",
    ),
    Measure(
        "conversion_rate",
        formulas.conversion_rate,
        title="Sessions with a purchase",
        unit="share",
        better="more",
        meaning="Of all visits, how many bought something (conversion).",
    ),
    without_luck(
        "conversion_rate_expected",
        expected_outcomes.conversion_rate_expected,
        title="Sessions with a purchase",
        chance="a first purchase, slate by slate",
    ),
    Measure(
        "revenue_per_session",
        formulas.revenue_per_session,
        title="Revenue a session",
        unit="money",
        better="more",
        meaning="Prices of what was bought, per visit.",
    ),
    without_luck(
        "revenue_per_session_expected",
        expected_outcomes.revenue_per_session_expected,
        title="Revenue a session",
        chance="each purchase, times its price",
        unit="money",
    ),
    Measure(
        "sessions_per_shopper",
        formulas.sessions_per_shopper,
        title="Visits a shopper",
        unit="number",
        better="more",
        meaning="How often a shopper came in all; those who never came count.",
    ),
    Measure(
        "revenue_per_shopper",
        formulas.revenue_per_shopper,
        title="Revenue a shopper",
        unit="money",
        better="more",
        meaning="Prices of what was bought, per shopper: who is pleased comes more often.",
    ),
    Measure(
        "session_length",
        formulas.session_length,
        title="Events a session",
        unit="number",
        better=None,
        meaning="Everything that happened in a visit, counted.",
    ),
    Measure(
        "slates_per_session",
        formulas.slates_per_session,
        title="Slates a session",
        unit="number",
        better=None,
        meaning="How many lists a visit looked at.",
    ),
    Measure(
        "time_to_first_click",
        formulas.time_to_first_click,
        title="Time to the first click",
        unit="seconds",
        better="less",
        meaning="Simulated seconds until the first click, over visits that clicked at all.",
    ),
    Measure(
        "dwell",
        formulas.dwell,
        title="Dwell on a clicked item",
        unit="seconds",
        better=None,
        meaning="Simulated seconds spent on each clicked item.",
    ),
    Measure(
        "bounce_rate",
        formulas.bounce_rate,
        title="Bounces",
        unit="share",
        better="less",
        meaning="Visits that saw one list, clicked nothing and left.",
    ),
    Measure(
        "return_rate",
        formulas.return_rate,
        title="Back the next day",
        unit="share",
        better="more",
        meaning="Visits whose shopper came again on the following day.",
    ),
    Measure(
        "catalogue_coverage@{k}",
        formulas.catalogue_coverage,
        title="Catalogue shown",
        unit="share",
        better="more",
        meaning="Of the catalogue, how many items were shown at least once. Grows with the run.",
        one_run_tells="of nobody",
    ),
    Measure(
        "exposure_gini",
        formulas.exposure_gini,
        title="Exposure inequality",
        unit="index",
        better="less",
        meaning=(
            "Gini coefficient of how often items were shown: 0 all equally, 1 one item takes all."
        ),
        one_run_tells="of nobody",
    ),
    Measure(
        "novelty",
        formulas.novelty,
        title="Novelty",
        unit="bits",
        better=None,
        meaning=(
            "How unexpected the items shown are: each bit halves the number of people who clicked"
            " them."
        ),
    ),
    Measure(
        "intra_list_diversity_pixels",
        formulas.diversity_of_pixels,
        title="Variety of pictures",
        unit="index",
        better=None,
        meaning="How much the pictures within one list differ: 1 minus their mean cosine.",
        one_run_tells="of who learns nothing",
    ),
    Measure(
        "intra_list_diversity_category",
        formulas.diversity_of_categories,
        title="Variety of categories",
        unit="share",
        better=None,
        meaning="Of the pairs of items within one list, how many differ in category.",
        by_class=True,
        one_run_tells="of who learns nothing",
    ),
    Measure(
        "cold_exposure_share",
        formulas.cold_exposure_share,
        title="Shown without an earlier click",
        unit="share",
        better=None,
        meaning=(
            "Of the items shown in the last third of the days, how many nobody had clicked "
            "on any day before."
        ),
    ),
    # Taken of runs into which items come, and of several runs side by side.
    Measure(
        "new_item_exposure",
        title="New items' exposure over their fair share",
        unit="index",
        better=None,
        meaning=(
            "Showings of the items that came in mid-run, from their day on, over their share "
            "of the catalogue."
        ),
    ),
    Measure(
        TREND,
        title="Late click rate's change a week",
        unit="share",
        better=None,
        meaning=(
            "By how much the expected click rate still rises or falls a week, over the last third"
            " of the days. Only of runs of two weeks and more."
        ),
        is_signed=True,
    ),
    Measure(
        SHARE_OF_LEAD,
        title="Share of the oracle's lead",
        unit="share",
        better="more",
        meaning=(
            "Of the late click rate by which the oracle leads looks alone, how much this policy"
            " won."
        ),
        is_signed=True,
    ),
)

MEASURES = MappingProxyType({row.name: row for row in _ROWS})
"""By name in metrics.json, in the order of the report."""

_BY_STEM = {row.stem: row for row in _ROWS}

_SERIES = MappingProxyType(
    {
        "ctr_position": "at position",
        "ctr_day": "on day",
        "ctr_expected_day": "expected on day",
    }
)
"""Of numbered measures: where each is taken."""


def measure(panel: Panel) -> dict[str, Estimate]:
    """Every measure by its name in metrics.json, in the order of the report; then the series by
    position, day and week.
    """
    named = {
        name.format(k=panel.k): row.formula(panel) for name, row in MEASURES.items() if row.formula
    }
    return (
        named
        | formulas.new_items(panel)
        | late_trend(panel)
        | formulas.by_position(panel)
        | formulas.by_day(panel)
        | by_week(panel)
    )


def is_compared(metric: str) -> bool:
    """The measures of a run themselves, not their series by position and day."""
    found = _BY_STEM.get(metric.partition("@")[0])
    return found is not None and found.formula is not None


def known(metric: str) -> Measure | None:
    """The row of a name in metrics.json, one of a series among them; None for what nobody
    defined.
    """
    name = metric.partition("@")[0]
    if name in _BY_STEM:
        return _BY_STEM[name]
    series, _, number = name.rpartition("_")
    if series == "new_item_exposure_day":
        return replace(_BY_STEM["new_item_exposure"], title=f"New items' exposure on day {number}")
    if series.removesuffix("_week") in OF_A_WEEK and series.endswith("_week"):
        of = _BY_STEM[series.removesuffix("_week")]
        return replace(of, title=f"{of.title} in week {number}")
    if series not in _SERIES:
        return None
    where = f"{_SERIES[series]} {number}"
    return Measure(
        metric,
        title=f"Click rate {where}",
        unit="share",
        better="more",
        meaning=f"Clicks per item shown, {where}.",
    )


def one_run_tells(policy: str, metric: str) -> bool:
    """Whether one run of a policy says what other shoppers would have given: else its measure has
    neither interval nor p. A recommender that is not ours is taken to learn.
    """
    row = POLICIES.get(policy)
    found = known(metric)
    if row is not None and not row.one_run_tells:
        return False
    if found is None or found.one_run_tells == "of all":
        return True
    learns = row is None or row.follows_clicks
    return found.one_run_tells == "of who learns nothing" and not learns
