"""The sentences of the report, computed from the numbers: what was found, and what each figure says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from recommender.registry import POLICIES, REFERENCES
from simulator.report.numbers.comparison import Comparison
from simulator.report.numbers.formulas import first_late_day
from simulator.report.numbers.measures import SHARE_OF_LEAD
from simulator.report.numbers.statistics import Gap
from simulator.report.text import labels as words
from simulator.report.text.labels import HARD_SPACE

LATE = "ctr_late_expected"
_TO = f"{HARD_SPACE}to{HARD_SPACE}"


@dataclass(frozen=True)
class Cast:
    """Who the story is about. focus: the policy; reference: what it is held against, None when there is only
    one.
    """

    focus: str
    reference: str | None


def cast(comparison: Comparison, compare: tuple[str, str] | None = None) -> Cast:
    """The pair that was asked for, else blend against visual, else the two best that are not the oracle."""
    if compare is not None:
        return Cast(*compare)
    names = list(comparison.policies)
    able = [name for name in names if name not in REFERENCES] or names
    ranked = sorted(able, key=lambda name: -_or_least(comparison.interval(name, LATE).value))
    focus = "blend" if "blend" in able else ranked[0]
    others = [name for name in ranked if name != focus] or [name for name in names if name != focus]
    reference = "visual" if "visual" in others else next(iter(others), None)
    return Cast(focus, reference)


def headline(comparison: Comparison, who: Cast, days: int) -> str:
    """The one sentence to remember: what the focus got late in the run, and how far that is from the
    reference.
    """
    late = "ctr_late" if math.isnan(comparison.interval(who.focus, LATE).value) else LATE
    found = comparison.interval(who.focus, late)
    if math.isnan(found.value):
        return f"{_capital(who.focus)} was shown to nobody in these runs: there is nothing to measure."
    start = (
        f"{_capital(late_days(days))}, {who.focus} was clicked on {words.number(found.value, 'share')} "
        "of the items it showed"
    )
    if who.reference is None:
        return f"{start}{_bracket(words.interval(found, 'share'), ' %')}."
    return (
        f"{start}, {_compared(comparison.gap(who.focus, who.reference, late), _introduced(who.reference))}."
    )


def beside(comparison: Comparison, who: Cast) -> list[str]:
    """The sentences under the headline: visits, purchases, and what is still to be won."""
    return [*_drawn(comparison, who), *_visits(comparison, who), *_room(comparison, who)]


def policies(comparison: Comparison, who: Cast) -> str:
    """The title of the comparison: who leads, who comes last."""
    ranked = [name for name in _ranked(comparison, LATE) if name not in REFERENCES]
    if len(ranked) < 2:
        return f"What {who.focus} was clicked on, late in the run"
    first = ranked[0]
    level = [name for name in ranked[1:] if not comparison.gap(first, name, LATE).low > 0]
    if level:
        title = f"{_capital(words.joined([first, *level]))} were too close to call late in the run"
    else:
        title = f"{_capital(first)} was clicked the most late in the run, {ranked[-1]} the least"
    return f"{title}; the oracle shows the room above" if "oracle" in comparison.policies else title


def differences(comparison: Comparison, who: Cast) -> str:
    """The title of the differences: who is ahead of the reference for sure."""
    names = [name for name in comparison.policies if name not in (who.reference, *REFERENCES)]
    sure = [name for name in names if comparison.gap(name, str(who.reference), LATE).low > 0]
    behind = [name for name in names if comparison.gap(name, str(who.reference), LATE).high < 0]
    if sure:
        return f"Ahead of {who.reference} beyond chance: {words.joined(sure)}"
    if behind:
        return f"Nothing is ahead of {who.reference} beyond chance; {words.joined(behind)} fell behind"
    return f"Nothing here can be told apart from {who.reference}"


def learning(comparison: Comparison, who: Cast, days: int) -> str:
    """The title of the learning curve: rose or fell only if the intervals of first and last day are apart."""
    first, last = (comparison.interval(who.focus, f"ctr_expected_day_{day}") for day in (1, max(days, 1)))
    if days < 2 or math.isnan(first.value) or math.isnan(last.value):
        return "Click rate by day"
    start, end = (words.number(one.value, "share") for one in (first, last))
    if last.low > first.high or last.high < first.low:
        verb = "rose" if last.value > first.value else "fell"
        return f"{_capital(who.focus)} {verb} from {start} on the first day to {end} on the last"
    return f"{_capital(who.focus)} stayed level: {start} on the first day, {end} on the last"


def positions(comparison: Comparison, who: Cast, k: int) -> str:
    """The title of the click rate by position: how much the first place is worth."""
    first, last = (comparison.interval(who.focus, f"ctr_position_{place}").value for place in (1, k))
    if math.isnan(first) or math.isnan(last) or last <= 0 or k < 2:
        return "Click rate by position"
    return f"For {who.focus}, the first place drew {first / last:.1f} times the clicks of the last"


def funnel(comparison: Comparison, who: Cast) -> str:
    """The title of the funnel: of 100 visits, how many got how far."""
    clicked, carted, bought = (
        comparison.interval(who.focus, metric).value
        for metric in ("session_click_rate", "cart_rate", "conversion_rate")
    )
    if math.isnan(clicked):
        return "How far the visits got"
    return (
        f"Of 100 visits to {who.focus}, {_hundred(clicked)} clicked, {_hundred(carted)} filled a cart, "
        f"{_hundred(bought)} bought"
    )


def exposure(comparison: Comparison, who: Cast) -> str:
    """The title of the exposure curves: how much of the catalogue was ever shown."""
    metric = next(
        (name for name in comparison.policies[who.focus] if name.startswith("catalogue_coverage")), ""
    )
    share = comparison.interval(who.focus, metric).value
    if math.isnan(share):
        return "How evenly the catalogue was shown"
    return f"{_capital(who.focus)} showed {words.number(share, 'share')} of the catalogue at least once"


def late_days(days: int) -> str:
    """The last third of the days in words."""
    late = days - first_late_day(days)
    return "on the last day" if late == 1 else f"on the last {late} days"


def _drawn(comparison: Comparison, who: Cast) -> Iterable[str]:
    """What the expectation of the headline became when the clicks were drawn."""
    found = comparison.interval(who.focus, "ctr_late")
    if not math.isnan(comparison.interval(who.focus, LATE).value) and not math.isnan(found.value):
        yield (
            "That is what the judge expects of the slates that were shown; the clicks as they fell came to "
            f"{words.number(found.value, 'share')}."
        )


def _visits(comparison: Comparison, who: Cast) -> Iterable[str]:
    clicked, bought, revenue = (
        comparison.interval(who.focus, metric).value
        for metric in ("session_click_rate", "conversion_rate", "revenue_per_session")
    )
    if math.isnan(clicked):
        return
    text = (
        f"Of 100 visits to {who.focus}, {_hundred(clicked)} clicked and {_hundred(bought)} bought; "
        f"revenue was {words.number(revenue, 'money')} a visit"
    )
    if who.reference is None:
        yield f"{text}."
        return
    gap = comparison.gap(who.focus, who.reference, "conversion_rate")
    yield f"{text}. Visits with a purchase: {_compared(gap, who.reference)}."


def _room(comparison: Comparison, who: Cast) -> Iterable[str]:
    won = comparison.interval(who.focus, SHARE_OF_LEAD)
    if not math.isnan(won.value):
        yield (
            f"The oracle, which ranks by the judge's own chances, shows the room above: {who.focus} won "
            f"{words.number(won.value, 'share')} of its lead over visual"
            f"{_bracket(words.interval(won, 'share'), ' %')}."
        )


def _compared(gap: Gap, reference: str) -> str:
    """0.9 points more than visual (95 % interval 0.7 to 1.1); or that they cannot be told apart."""
    ends = words.interval(gap, "share")
    if not ends:
        return f"{words.gap(gap.value, 'share')} points against {reference}"
    if gap.low <= 0 <= gap.high:
        return (
            f"not to be told apart from {reference}: {words.gap(gap.value, 'share')} points, "
            f"95{HARD_SPACE}% interval {ends}"
        )
    more = "more" if gap.value > 0 else "fewer"
    return f"{words.percent(abs(gap.value))} points {more} than {reference}{_bracket(_unsigned(gap), '')}"


def _introduced(policy: str) -> str:
    """A policy with what it goes by, the first time that it is named."""
    return f"{policy}, which {POLICIES[policy].clause}" if policy in POLICIES else policy


def _unsigned(gap: Gap) -> str:
    """The interval of the size of a difference."""
    size = gap if gap.value > 0 else Gap(-gap.value, -gap.high, -gap.low, gap.p)
    return words.interval(size, "share")


def _bracket(ends: str, sign: str) -> str:
    return f" (95{HARD_SPACE}% interval {ends}{sign})".replace(" to ", _TO) if ends else ""


def _ranked(comparison: Comparison, metric: str) -> list[str]:
    values = {name: comparison.interval(name, metric).value for name in comparison.policies}
    return sorted((name for name in values if not math.isnan(values[name])), key=lambda name: -values[name])


def _hundred(share: float) -> str:
    """A share of 100, whole where whole numbers tell enough."""
    return f"{100 * share:.0f}" if share >= 0.095 else f"{100 * share:.1f}"


def _or_least(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
