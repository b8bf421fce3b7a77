"""The sentences of the report, computed from the numbers: what was found, and what each figure
says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from recommender.registry import POLICIES, REFERENCES
from simulator.report.numbers.comparison import Comparison
from simulator.report.numbers.formulas import first_late_day
from simulator.report.numbers.measure_row import SHARE_OF_LEAD
from simulator.report.numbers.statistics import Gap
from simulator.report.text import labels
from simulator.report.text.labels import HARD_SPACE

LATE = "ctr_late_expected"
_TO = f"{HARD_SPACE}to{HARD_SPACE}"


@dataclass(frozen=True)
class Subjects:
    """The policies that the sentences are about."""

    focus: str
    """The policy that the report is about."""
    reference: str | None
    """What the focus is held against; None when there is only one policy."""


def subjects_of(comparison: Comparison, compare: tuple[str, str] | None = None) -> Subjects:
    """The pair that was asked for, else a guest against blend, else blend against visual, else the
    two best that are not the oracle.
    """
    if compare is not None:
        return Subjects(*compare)
    names = list(comparison.policies)
    able = [name for name in names if name not in REFERENCES] or names
    ranked = sorted(able, key=lambda name: -_or_least(comparison.interval(name, LATE).value))
    strangers = [name for name in ranked if name in comparison.guests]
    focus = next(iter(strangers), "blend" if "blend" in able else ranked[0])
    others = [name for name in ranked if name != focus] or [name for name in names if name != focus]
    usual = ("blend", "visual") if strangers else ("visual",)
    reference = next((name for name in (*usual, *others) if name in others), None)
    return Subjects(focus, reference)


def headline(comparison: Comparison, subjects: Subjects, days: int) -> str:
    """The one sentence to remember: what the focus got late in the run, and how far that is from
    the reference.
    """
    if comparison.primary.measure != LATE:
        return _chosen(comparison, subjects)
    late = "ctr_late" if math.isnan(comparison.interval(subjects.focus, LATE).value) else LATE
    found = comparison.interval(subjects.focus, late)
    if math.isnan(found.value):
        return (
            f"{_capital(subjects.focus)} was shown to nobody in these runs: there is nothing to"
            " measure."
        )
    start = (
        f"{_capital(late_days(days))}, {subjects.focus} was clicked on"
        f" {labels.number(found.value, 'share')} of the items it showed"
    )
    if subjects.reference is None:
        return f"{start}{_bracket(labels.interval(found, 'share'), ' %', comparison.over)}."
    gap = comparison.gap(subjects.focus, subjects.reference, late)
    return f"{start}, {_compared(gap, _introduced(subjects.reference), comparison.over)}."


def _chosen(comparison: Comparison, subjects: Subjects) -> str:
    """The headline of a primary measure that somebody chose."""
    name = comparison.name_of(comparison.primary.measure, subjects.focus)
    measure = labels.of(name)
    found = comparison.interval(subjects.focus, name)
    if math.isnan(found.value):
        return f"{measure.title} is not defined for {subjects.focus} in these runs."
    start = f"{measure.title} of {subjects.focus}: {labels.number(found.value, measure.unit)}"
    if subjects.reference is None:
        sign = " %" if measure.unit == "share" else ""
        return f"{start}{_bracket(labels.interval(found, measure.unit), sign, comparison.over)}."
    gap = comparison.gap(subjects.focus, subjects.reference, name)
    introduced = _introduced(subjects.reference)
    return f"{start}, {_compared(gap, introduced, comparison.over, measure.unit)}."


def claim(comparison: Comparison, subjects: Subjects) -> str:
    """The same in one short breath, without its interval."""
    late = "ctr_late" if math.isnan(comparison.interval(subjects.focus, LATE).value) else LATE
    found = comparison.interval(subjects.focus, late).value
    if math.isnan(found):
        return f"{_capital(subjects.focus)} was shown to nobody in these runs."
    rate = labels.number(found, "share")
    start = f"{_capital(subjects.focus)} was clicked on {rate} of what it showed"
    if subjects.reference is None:
        return f"{start}."
    other = comparison.interval(subjects.reference, late).value
    return f"{start}, {subjects.reference} on {labels.number(other, 'share')}."


def beside(comparison: Comparison, subjects: Subjects) -> list[str]:
    """The sentences under the headline: visits, purchases, and what is still to be won."""
    return [
        *_drawn(comparison, subjects),
        *_visits(comparison, subjects),
        *_room(comparison, subjects),
    ]


def policies(comparison: Comparison, subjects: Subjects) -> str:
    """The title of the comparison: who leads, who comes last. Whom one run tells nothing of is not
    spoken of.
    """
    ranked = [
        name
        for name in _ranked(comparison, LATE)
        if name not in REFERENCES and not math.isnan(comparison.interval(name, LATE).low)
    ]
    if len(ranked) < 2:
        return f"What {subjects.focus} was clicked on, late in the run"
    first = ranked[0]
    level = [name for name in ranked[1:] if not comparison.gap(first, name, LATE).low > 0]
    if level:
        title = f"{_capital(labels.joined([first, *level]))} were too close to call late in the run"
    else:
        title = f"{_capital(first)} was clicked the most late in the run, {ranked[-1]} the least"
    return f"{title}; the oracle shows the room above" if "oracle" in comparison.policies else title


def differences(comparison: Comparison, subjects: Subjects) -> str:
    """The title of the differences: who is ahead of the reference for sure."""
    names = [name for name in comparison.policies if name not in (subjects.reference, *REFERENCES)]
    sure = [name for name in names if comparison.gap(name, str(subjects.reference), LATE).low > 0]
    behind = [
        name for name in names if comparison.gap(name, str(subjects.reference), LATE).high < 0
    ]
    if sure:
        return f"Ahead of {subjects.reference} beyond chance: {labels.joined(sure)}"
    if behind:
        return (
            f"Nothing is ahead of {subjects.reference} beyond chance; {labels.joined(behind)} fell"
            " behind"
        )
    return f"Nothing here can be told apart from {subjects.reference}"


def learning(comparison: Comparison, subjects: Subjects, days: int) -> str:
    """The title of the learning curve: rose or fell only if the intervals of first and last day are
    apart.
    """
    first, last = (
        comparison.interval(subjects.focus, f"ctr_expected_day_{day}") for day in (1, max(days, 1))
    )
    if days < 2 or math.isnan(first.value) or math.isnan(last.value):
        return "Click rate by day"
    start, end = (labels.number(one.value, "share") for one in (first, last))
    if last.low > first.high or last.high < first.low:
        verb = "rose" if last.value > first.value else "fell"
        return (
            f"{_capital(subjects.focus)} {verb} from {start} on the first day to {end} on the last"
        )
    return f"{_capital(subjects.focus)} stayed level: {start} on the first day, {end} on the last"


def positions(comparison: Comparison, subjects: Subjects, k: int) -> str:
    """The title of the click rate by position: how much the first place is worth."""
    first, last = (
        comparison.interval(subjects.focus, f"ctr_position_{place}").value for place in (1, k)
    )
    if math.isnan(first) or math.isnan(last) or last <= 0 or k < 2:
        return "Click rate by position"
    return (
        f"For {subjects.focus}, the first place drew {first / last:.1f} times the clicks of the"
        " last"
    )


def funnel(comparison: Comparison, subjects: Subjects) -> str:
    """The title of the funnel: of 100 visits, how many got how far."""
    clicked, carted, bought = (
        comparison.interval(subjects.focus, metric).value
        for metric in ("session_click_rate", "cart_rate", "conversion_rate")
    )
    if math.isnan(clicked):
        return "How far the visits got"
    return (
        f"Of 100 visits to {subjects.focus}, {_hundred(clicked)} clicked, {_hundred(carted)} filled"
        f" a cart, {_hundred(bought)} bought"
    )


def exposure(comparison: Comparison, subjects: Subjects) -> str:
    """The title of the exposure curves: how much of the catalogue was ever shown."""
    metric = next(
        (
            name
            for name in comparison.policies[subjects.focus]
            if name.startswith("catalogue_coverage")
        ),
        "",
    )
    share = comparison.interval(subjects.focus, metric).value
    if math.isnan(share):
        return "How evenly the catalogue was shown"
    return (
        f"{_capital(subjects.focus)} showed {labels.number(share, 'share')} of the catalogue at"
        " least once"
    )


def late_days(days: int) -> str:
    """The last third of the days in words."""
    late = days - first_late_day(days)
    return "on the last day" if late == 1 else f"on the last {late} days"


def _drawn(comparison: Comparison, subjects: Subjects) -> Iterable[str]:
    """What the expectation of the headline became when the clicks were drawn."""
    found = comparison.interval(subjects.focus, "ctr_late")
    if not math.isnan(comparison.interval(subjects.focus, LATE).value) and not math.isnan(
        found.value
    ):
        yield (
            "That is what the judge expects of the slates that were shown; the clicks as they fell"
            f" came to {labels.number(found.value, 'share')}."
        )


def _visits(comparison: Comparison, subjects: Subjects) -> Iterable[str]:
    clicked, bought, revenue = (
        comparison.interval(subjects.focus, metric).value
        for metric in ("session_click_rate", "conversion_rate", "revenue_per_session")
    )
    if math.isnan(clicked):
        return
    text = (
        f"Of 100 visits to {subjects.focus}, {_hundred(clicked)} clicked and {_hundred(bought)}"
        f" bought; revenue was {labels.number(revenue, 'money')} a visit"
    )
    if subjects.reference is None:
        yield f"{text}."
        return
    gap = comparison.gap(subjects.focus, subjects.reference, "conversion_rate")
    yield f"{text}. Visits with a purchase: {_compared(gap, subjects.reference)}."


def _room(comparison: Comparison, subjects: Subjects) -> Iterable[str]:
    won = comparison.interval(subjects.focus, SHARE_OF_LEAD)
    if not math.isnan(won.value):
        yield (
            "The oracle, which ranks by the judge's own chances, shows the room above:"
            f" {subjects.focus} won {labels.number(won.value, 'share')} of its lead over"
            f" visual{_bracket(labels.interval(won, 'share'), ' %')}."
        )


def _compared(gap: Gap, reference: str, over: str = "", unit: str = "share") -> str:
    """0.9 points more than visual (95 % interval 0.7 to 1.1); or that they cannot be told apart.

    over: what the interval is over, where that is to be said.
    """
    ends = labels.interval(gap, unit)
    points = " points" if unit == "share" else ""
    if not ends:
        return f"{labels.gap(gap.value, unit)}{points} against {reference}"
    if gap.low <= 0 <= gap.high:
        return (
            f"not to be told apart from {reference}: {labels.gap(gap.value, unit)}{points}, "
            f"95{HARD_SPACE}% interval {ends}{_besides(over)}"
        )
    fewer = "fewer" if points else "less"
    size = labels.gap(abs(gap.value), unit).removeprefix("+")
    return (
        f"{size}{points} {'more' if gap.value > 0 else fewer} than"
        f" {reference}{_bracket(_unsigned(gap, unit), '', over)}"
    )


def _introduced(policy: str) -> str:
    """A policy with what it goes by, the first time that it is named."""
    return f"{policy}, which {POLICIES[policy].clause}" if policy in POLICIES else policy


def _unsigned(gap: Gap, unit: str) -> str:
    """The interval of the size of a difference."""
    size = gap if gap.value > 0 else Gap(-gap.value, -gap.high, -gap.low, gap.p)
    return labels.interval(size, unit)


def _bracket(ends: str, sign: str, over: str = "") -> str:
    if not ends:
        return ""
    return f" (95{HARD_SPACE}% interval {ends.replace(' to ', _TO)}{sign}{_besides(over)})"


def _besides(over: str) -> str:
    return f", {over}" if over else ""


def _ranked(comparison: Comparison, metric: str) -> list[str]:
    values = {name: comparison.interval(name, metric).value for name in comparison.policies}
    return sorted(
        (name for name in values if not math.isnan(values[name])), key=lambda name: -values[name]
    )


def _hundred(share: float) -> str:
    """A share of 100, whole where whole numbers tell enough."""
    return f"{100 * share:.0f}" if share >= 0.095 else f"{100 * share:.1f}"


def _or_least(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
