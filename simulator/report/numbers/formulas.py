"""The formulas of the online measures of a policy's own run: one function each, in its docstring.

Sums run over slates s, their positions j, sessions v, and items i; `clicked` and `shown` are 0 or
1. Each function takes a Panel and returns an Estimate: a value with the influence of each shopper,
from which intervals and paired differences follow. A measure over nothing (a dwell time without a
click) is undefined, NaN, never 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.arrivals import Arrivals
from simulator.report.numbers.first_clicks import FirstClicks
from simulator.report.numbers.panel import Floats, Ints, Panel, Weights, sums
from simulator.report.numbers.statistics import Estimate, moved_too, ratio, undefined

_COLUMNS_AT_ONCE = 98  # of the pixels: 60,000 pictures as float64 would be 376 MB


def first_late_day(days: int) -> int:
    """The first day of the last third of the days, rounded up to whole days."""
    return days - -(-days // 3)


def hit_rate(panel: Panel) -> Estimate:
    """Slates with at least one click / slates. An empty slate is a miss."""
    hits = _clicks(panel) > 0
    return _over_slates(panel, hits, np.ones(len(hits)), is_share=True)


def category_hit_rate(panel: Panel) -> Estimate:
    """Items shown that have the query's category / items shown."""
    same = _categories(panel, panel.slates.shown) == _categories(panel, panel.slates.query)[:, None]
    return _over_slates(
        panel, (same & panel.slates.is_shown).sum(axis=1), _shown(panel), is_share=True
    )


def ctr(panel: Panel) -> Estimate:
    """Clicks / items shown."""
    return _over_slates(panel, panel.slates.is_clicked.sum(axis=1), _shown(panel), is_share=True)


def ctr_expected(panel: Panel) -> Estimate:
    """Sum of the judge's P(examined) * P(click | examined) / items shown, over the slates that the
    judge read.

    The expectation of ctr, slate by slate, given the slates that were shown: the same mean without
    the luck of the draw.
    """
    return expected_rate(panel, np.ones(len(panel.slates.day), np.bool_))


def ctr_late(panel: Panel) -> Estimate:
    """Clicks / items shown, over the last third of the days."""
    late = panel.slates.day >= first_late_day(panel.run.days)
    return _over_slates(panel, _clicks(panel) * late, _shown(panel) * late, is_share=True)


def ctr_late_expected(panel: Panel) -> Estimate:
    """The expectation of ctr_late given the slates, as ctr_expected."""
    return expected_rate(panel, panel.slates.day >= first_late_day(panel.run.days))


def session_click_rate(panel: Panel) -> Estimate:
    """Sessions with a click / sessions."""
    return _per_session(panel, panel.sessions.is_clicked, is_share=True)


def cart_rate(panel: Panel) -> Estimate:
    """Sessions that put something into the cart / sessions."""
    return _per_session(panel, panel.sessions.is_carted, is_share=True)


def conversion_rate(panel: Panel) -> Estimate:
    """Sessions with a purchase / sessions."""
    return _per_session(panel, panel.sessions.is_bought, is_share=True)


def revenue_per_session(panel: Panel) -> Estimate:
    """Sum of the prices of purchased items / sessions, in whole units of money."""
    return _per_session(panel, panel.sessions.revenue)


def sessions_per_shopper(panel: Panel) -> Estimate:
    """Sessions / shoppers, those who never came included."""
    return _per_shopper(panel, np.ones(len(panel.sessions.session)))


def revenue_per_shopper(panel: Panel) -> Estimate:
    """Sum of the prices of purchased items / shoppers, in whole units of money."""
    return _per_shopper(panel, panel.sessions.revenue)


def session_length(panel: Panel) -> Estimate:
    """Events / sessions."""
    return _per_session(panel, panel.sessions.events)


def slates_per_session(panel: Panel) -> Estimate:
    """Slates / sessions."""
    return _per_session(panel, panel.sessions.slates)


def time_to_first_click(panel: Panel) -> Estimate:
    """Mean seconds from the first event of a session to its first click, over the sessions with a
    click.
    """
    seconds = panel.sessions.until_click
    return _over_sessions(panel, np.nan_to_num(seconds), ~np.isnan(seconds))


def dwell(panel: Panel) -> Estimate:
    """Sum of the seconds spent on clicked items / clicks."""
    return _over_sessions(panel, panel.sessions.dwell, panel.sessions.clicks)


def bounce_rate(panel: Panel) -> Estimate:
    """Sessions that ended after one slate without a click / sessions."""
    bounced = (panel.sessions.slates <= 1) & ~panel.sessions.is_clicked
    return _per_session(panel, bounced, is_share=True)


def return_rate(panel: Panel) -> Estimate:
    """Sessions whose shopper came again on the next day / sessions that had a next day in the
    run.
    """
    could = panel.sessions.day < panel.run.days - 1
    return _over_sessions(panel, panel.sessions.is_back_next_day & could, could, is_share=True)


def catalogue_coverage(panel: Panel) -> Estimate:
    """Catalogue items shown at least once / catalogue items.

    influence: the delete-one jackknife. A shopper is answerable for the items that nobody else was
    shown; its variance is conservative (Efron and Stein, Annals of Statistics 9, 1981). Coverage
    grows with the length of the run: compare like with like.
    """
    exposure = _exposure(panel)
    items = panel.run.n_items
    if items == 0 or exposure.nnz == 0:
        return undefined(panel.run.n_shoppers)
    viewers = np.bincount(exposure.indices, minlength=items)
    only = np.asarray((exposure > 0).astype(np.float64) @ (viewers == 1).astype(np.float64)) / items
    seen = np.diff(exposure.indptr) > 0
    influence = np.where(seen, only - only[seen].mean(), 0.0)
    return Estimate(float((viewers > 0).mean()), influence, seen, items, is_share=True)


def exposure_gini(panel: Panel) -> Estimate:
    """Gini coefficient of the exposures x_i over the catalogue, items never shown included: 0 all
    equal, 1 one item takes all.

    G = sum_i (2 r_i - n - 1) x_i / (n * sum x), r_i the rank of x_i from the smallest; influence is
    its derivative.
    """
    exposure = _exposure(panel)
    x = np.asarray(exposure.sum(axis=0), np.float64).ravel()
    n = len(x)
    total = float(x.sum())
    if total == 0:
        return undefined(panel.run.n_shoppers)
    _, place, ties = np.unique(x, return_inverse=True, return_counts=True)
    rank = (np.cumsum(ties) - (ties - 1) / 2)[
        place
    ]  # equal exposures share the mean of their ranks
    weight = (2 * rank - n - 1) / n
    value = float(weight @ x) / total
    influence = np.asarray(exposure @ (weight - value)) / total
    return Estimate(value, influence, np.diff(exposure.indptr) > 0, round(total), is_share=True)


def novelty(panel: Panel) -> Estimate:
    """Mean over shown items of log2((N + 1) / (c_i + 1)) bits: N shoppers came, c_i of them clicked
    item i in this run.

    Self-information of popularity (Zhou et al., PNAS 107, 2010), with 1 added so that a never
    clicked item has a value. influence: beside her own slates, a shopper is answerable for the
    counts of what she clicked: without her, item i would have log2((c_i + 1) / c_i) bits more
    wherever it was shown.
    """
    shoppers = panel.slates.shopper[:, None] + np.zeros_like(panel.slates.shown)
    pairs = np.unique(
        np.stack([panel.slates.shown, shoppers], axis=-1)[panel.slates.is_clicked], axis=0
    ).reshape(-1, 2)
    clickers = np.bincount(pairs[:, 0], minlength=len(panel.run.categories))
    visitors = len(np.unique(panel.sessions.shopper))
    bits = np.log2((visitors + 1) / (clickers + 1))
    found = _over_slates(
        panel, (bits[panel.slates.shown] * panel.slates.is_shown).sum(axis=1), _shown(panel)
    )
    times = np.bincount(panel.slates.shown[panel.slates.is_shown], minlength=len(clickers))
    clicked = pairs[:, 0]
    fewer = times[clicked] * np.log2((clickers[clicked] + 1) / clickers[clicked])
    through_counts = -sums(pairs[:, 1], fewer, panel.run.n_shoppers) / max(1, times.sum())
    return moved_too(found, through_counts)


def diversity_of_pixels(panel: Panel) -> Estimate:
    """Mean over slates of the mean over pairs of shown items of 1 - cosine of their pixels; slates
    of two or more items.
    """
    flat = panel.run.pixels.reshape(len(panel.run.pixels), -1)
    shown = panel.slates.shown
    incidence = _incidence(np.arange(len(shown)), shown, (len(shown), len(flat)))
    columns = [
        slice(start, start + _COLUMNS_AT_ONCE)
        for start in range(0, flat.shape[1], _COLUMNS_AT_ONCE)
    ]
    squares = sum(
        (np.square(flat[:, part].astype(np.float64)).sum(axis=1) for part in columns),
        np.zeros(len(flat)),
    )
    scale = 1 / np.sqrt(np.maximum(squares, 1.0))
    alike = -(
        incidence @ (squares * scale**2)
    )  # a picture beside itself is no pair; 0 for a black one
    for part in columns:
        alike += np.square(incidence @ (flat[:, part] * scale[:, None])).sum(axis=1)
    alike /= 2
    return _diversity(panel, alike)


def diversity_of_categories(panel: Panel) -> Estimate:
    """Mean over slates of the share of pairs of shown items whose categories differ; slates of two
    or more items.
    """
    categories = _categories(panel, panel.slates.shown)
    alike = np.zeros(len(categories))
    for number in range(len(panel.run.class_names)):
        members = ((categories == number) & panel.slates.is_shown).sum(axis=1)
        alike += members * (members - 1) / 2
    return _diversity(panel, alike)


def cold_exposure_share(panel: Panel) -> Estimate:
    """Items shown that nobody had clicked on an earlier day of the run / items shown, last third of
    the days.

    Without a click an item has no co-interaction with any other. Counted from the events, so that
    policies that never look at behaviour are measured alike. influence: beside her own slates, a
    shopper who alone clicked an item first is answerable for what others were shown of it between
    her click and the next one's.
    """
    slates = panel.slates
    days = slates.day[:, None] + np.zeros_like(slates.shown)
    clicks = FirstClicks.of(panel)
    late = slates.day >= first_late_day(panel.run.days)
    is_late = slates.is_shown & late[:, None]
    cold = slates.is_shown & (clicks.first[slates.shown] >= days)
    found = _over_slates(panel, cold.sum(axis=1) * late, _shown(panel) * late, is_share=True)
    warmed = is_late & ~cold & (days <= clicks.second[slates.shown])
    by_her = clicks.alone[slates.shown[warmed]]
    of_others = by_her != (slates.shopper[:, None] + np.zeros_like(slates.shown))[warmed]
    known = by_her[of_others & (by_her >= 0)]
    through_first = -sums(known, np.ones(len(known)), panel.run.n_shoppers)
    return moved_too(found, through_first / max(1, int(is_late.sum())))


def new_items(panel: Panel) -> dict[str, Estimate]:
    """Of a run into which items came in mid-run: their exposure over their fair share, in all and
    by day.

    new_item_exposure: (showings of new items / showings, from their day on) / (new items / items).
    """
    arrivals = Arrivals.of(panel.run.config)
    if arrivals is None:
        return {}
    is_new = np.isin(panel.slates.shown, arrivals.items).sum(axis=1)
    weight = is_new * (panel.run.n_items / len(arrivals.items))
    days = {"new_item_exposure": panel.slates.day >= arrivals.day}
    days |= {
        f"new_item_exposure_day_{day + 1}": panel.slates.day == day for day in range(panel.run.days)
    }
    return {
        name: _over_slates(panel, weight * here, _shown(panel) * here)
        for name, here in days.items()
    }


def by_position(panel: Panel) -> dict[str, Estimate]:
    """ctr_position_1, ...: clicks at a position / items shown at it."""
    slates = panel.slates
    return {
        f"ctr_position_{j + 1}": _over_slates(
            panel, slates.is_clicked[:, j], slates.is_shown[:, j], is_share=True
        )
        for j in range(panel.k)
    }


def by_day(panel: Panel) -> dict[str, Estimate]:
    """ctr_day_1, ... and ctr_expected_day_1, ...: ctr and ctr_expected of each day alone; day 1 is
    the first.
    """
    days = [panel.slates.day == day for day in range(panel.run.days)]
    drawn = {
        f"ctr_day_{number}": _over_slates(
            panel, _clicks(panel) * day, _shown(panel) * day, is_share=True
        )
        for number, day in enumerate(days, 1)
    }
    return drawn | {
        f"ctr_expected_day_{number}": expected_rate(panel, day)
        for number, day in enumerate(days, 1)
    }


def exposures(panel: Panel) -> Ints:
    """How often each catalogue item was shown: int64 [n_items]."""
    shown = panel.slates.shown[panel.slates.is_shown]
    return np.bincount(shown[shown < panel.run.n_items], minlength=panel.run.n_items)


def expected_rate(panel: Panel, of_slates: NDArray[np.bool_]) -> Estimate:
    """The expected click rate of some slates, bool [n_slates], as ctr_expected."""
    known = panel.slates.is_shown & ~np.isnan(panel.slates.expected) & of_slates[:, None]
    clicks = np.where(known, panel.slates.expected, 0.0).sum(axis=1)
    return _over_slates(panel, clicks, known.sum(axis=1), is_share=True)


def _diversity(panel: Panel, alike: Floats) -> Estimate:
    """Mean over slates of 1 - alike / pairs; alike: float64 [n_slates], summed over pairs."""
    shown = _shown(panel)
    pairs = shown * (shown - 1) / 2
    known = pairs > 0
    return _over_slates(
        panel, np.where(known, 1 - alike / np.maximum(pairs, 1), 0.0), known, is_share=True
    )


def _over_slates(
    panel: Panel, numerator: Weights, denominator: Weights, *, is_share: bool = False
) -> Estimate:
    """The ratio of two sums over slates, both [n_slates]."""
    return _over(panel, panel.slates.shopper, numerator, denominator, is_share)


def _over_sessions(
    panel: Panel, numerator: Weights, denominator: Weights, *, is_share: bool = False
) -> Estimate:
    """The ratio of two sums over sessions, both [n_sessions]."""
    return _over(panel, panel.sessions.shopper, numerator, denominator, is_share)


def _per_session(panel: Panel, numerator: Weights, *, is_share: bool = False) -> Estimate:
    return _over_sessions(panel, numerator, np.ones(len(panel.sessions.session)), is_share=is_share)


def _per_shopper(panel: Panel, numerator: Weights) -> Estimate:
    n = panel.run.n_shoppers
    came = len(panel.sessions.session) > 0
    return ratio(sums(panel.sessions.shopper, numerator, n), np.full(n, float(came)))


def _over(
    panel: Panel, shopper: Ints, numerator: Weights, denominator: Weights, is_share: bool
) -> Estimate:
    n = panel.run.n_shoppers
    return ratio(
        sums(shopper, numerator, n),
        sums(shopper, denominator, n),
        is_share=is_share,
    )


def _clicks(panel: Panel) -> Ints:
    clicks: Ints = panel.slates.is_clicked.sum(axis=1)
    return clicks


def _shown(panel: Panel) -> Ints:
    shown: Ints = panel.slates.is_shown.sum(axis=1)
    return shown


def _categories(panel: Panel, items: Ints) -> Ints:
    """The category of each item number; -1 for padding."""
    return np.where(items >= 0, panel.run.categories[items].astype(np.int64), -1)


def _exposure(panel: Panel) -> sparse.csr_array:
    """How often each shopper was shown each catalogue item: [n_shoppers, n_items]."""
    n_items = panel.run.n_items
    shown = np.where(panel.slates.shown < n_items, panel.slates.shown, -1)
    return _incidence(panel.slates.shopper, shown, (panel.run.n_shoppers, n_items))


def _incidence(row: Ints, items: Ints, shape: tuple[int, int]) -> sparse.csr_array:
    """Counts of items [n, k] in the rows [n] they belong to, padding left out: float64 `shape`."""
    rows = (row[:, None] + np.zeros_like(items))[items >= 0]
    columns = items[items >= 0]
    matrix = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix
