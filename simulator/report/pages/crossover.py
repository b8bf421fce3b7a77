"""The page of a crossover: the figure, the rates by world, the claims cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from recommender.registry import POLICIES
from simulator.report.figures.drawing import Chart, chart_of, colour, label_ends, percents
from simulator.report.numbers import statistics
from simulator.report.numbers.comparison import in_order
from simulator.report.numbers.crossover import BLEND, Claim, CrossoverResults, claims, share_of_lead
from simulator.report.numbers.offline import NDCG, SIDES, STRATA
from simulator.report.numbers.statistics import Interval
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table
from simulator.report.text import labels

TITLE = "From worlds where pictures are enough to worlds where only behaviour knows"
LOG_TEXT = (
    "Every policy ranks the same requests of a log that the policy logging made, half by looks and"
    " half by lot, from what earlier days of that log taught. The gain of an item is the judge's"
    " chance of a click on it. Cold, warm and hot: no, 1 to 20, and more clicks before, beside the"
    " query (profile) or on the item that was clicked next (truth)."
)


def chart(results: CrossoverResults, *, title: str = TITLE) -> Chart:
    """Late expected click rate over the hidden share, with intervals over the seeds."""
    names = _drawn(results)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name in names:
            found = [results.interval(share, name) for share in results.shares]
            value, low, high = (
                np.array([getattr(one, end) for one in found]) for end in ("value", "low", "high")
            )
            axes.fill_between(
                list(results.shares), low, high, color=colour(name), alpha=0.15, linewidth=0
            )
            axes.plot(
                list(results.shares), value, "o-", color=colour(name), linewidth=1.8, markersize=3.5
            )
        axes.set_ylim(bottom=0)
        axes.set_xlim(min(results.shares), max(results.shares))
        axes.set_xticks(list(results.shares), [f"{share:g}" for share in results.shares])
        percents(axes, "y")
        axes.set_xlabel("hidden share: style that no pixel shows")
        axes.set_ylabel("late click rate, expected")
        label_ends(
            axes,
            {
                n: np.array([results.interval(share, n).value for share in results.shares])
                for n in names
            },
        )

    return chart_of("crossover", title, draw, height=3.4)


def page(results: CrossoverResults, *, facts: Sequence[tuple[str, str]], command: str) -> Study:
    """The whole page."""
    found = claims(results)
    figures = (
        [ShownFigure(chart(results), _caption(results), is_wide=True)]
        if len(results.shares) > 1
        else []
    )
    late = ["Clicks expected per item shown, on the last third of the days."]
    sections = [
        Section("Late click rate by world", late, [rates(results), *_lead(results)], figures)
    ]
    if results.logs:
        sections.append(
            Section(
                "On one shared log",
                [LOG_TEXT],
                [_offline(results, share) for share in results.shares],
            )
        )
    sections.append(Section("Never worse than its better half", [verdict(found)], [table(found)]))
    return Study(
        eyebrow="crossover",
        headline=headline(results, found),
        lead=cautioned(verdict(found), results),
        facts=facts,
        sections=sections,
        command=command,
    )


def offline_page(
    results: CrossoverResults,
    found: Sequence[Claim],
    *,
    facts: Sequence[tuple[str, str]],
    command: str,
) -> Study:
    """The page of one shared log, of one seed or several."""
    tables = [_offline(results, share) for share in results.shares]
    more = [_measures(results, share) for share in results.shares]
    return Study(
        eyebrow="one shared log",
        headline="What each policy would have ranked first, on the same requests",
        lead=cautioned(verdict(found), results),
        facts=facts,
        sections=[
            Section("Ranking by the judge's chances", [LOG_TEXT], tables),
            Section(
                "The clicks that came next", ["What was clicked of the slate the log showed."], more
            ),
            Section("Never worse than its better half", [verdict(found)], [table(found)]),
        ],
        command=command,
    )


def offline_rows(results: CrossoverResults, share: float) -> list[list[str]]:
    """The table of measures for a terminal: the header, then a row per policy."""
    made = _measures(results, share)
    body = [
        [title, *(f"{cell.value} ({cell.ends})" if cell.ends else cell.value for cell in cells)]
        for title, _, cells in made.rows
    ]
    return [list(made.head), *body]


def headline(results: CrossoverResults, found: Sequence[Claim]) -> str:
    """The one sentence to remember."""
    del results
    cells = [claim for claim in found if claim.least < 0]
    held = sum(claim.holds for claim in cells)
    if cells and held == len(cells):
        return f"Blend is never worse than its better half, in {held} of {len(cells)} cells"
    return f"Blend keeps up with its better half in {held} of {len(cells)} cells"


def verdict(found: Sequence[Claim]) -> str:
    """How many claims hold, in words; the table says which."""
    held = sum(claim.holds for claim in found)
    if not found:
        return "Nothing was claimed: visual, cf and blend are needed."
    if held == len(found):
        return f"All {held} claims hold."
    return f"{held} of {len(found)} claims hold; the report's table of claims marks each."


def rates(results: CrossoverResults) -> Table:
    """Late click rate of each policy in each world."""
    rows = []
    for policy in in_order(results.policies):
        cells = [_share(results.interval(share, policy)) for share in results.shares]
        known, _, model = policy.partition("@")
        meaning = (POLICIES[known].label if known in POLICIES else "") + (
            f", embedder {model}" if model else ""
        )
        rows.append((policy, meaning, cells))
    head = ["policy", *(f"h = {share:g}" for share in results.shares)]
    return Table(head, rows, note="95 % intervals over seeds.")


def table(found: Sequence[Claim]) -> Table:
    """Each claim with its number, and whether it holds."""
    rows = []
    for claim in found:
        cell = Cell(*_percent(claim.gap.value, claim.gap.low, claim.gap.high))
        mark = Cell(
            "\N{CHECK MARK} holds" if claim.holds else "\N{BALLOT X} not shown", is_best=claim.holds
        )
        rows.append(
            (
                claim.cell,
                f"{BLEND} / {claim.other} - 1",
                [cell, Cell(f"{100 * claim.least:g} %"), mark],
            )
        )
    return Table(
        ["cell", "relative", "least", ""],
        rows,
        note="Lower ends of paired 95 % intervals over seeds.",
    )


def text_rows(results: CrossoverResults) -> list[list[str]]:
    """The table of rates for a terminal: the header, then a row per policy."""
    made = rates(results)
    body = [
        [title, *(f"{cell.value} ({cell.ends})" if cell.ends else cell.value for cell in cells)]
        for title, _, cells in made.rows
    ]
    return [list(made.head), *body]


def _is_far_ahead(policy: str) -> bool:
    """Whether it would squeeze the others: it stands in the table alone."""
    return policy in POLICIES and POLICIES[policy].is_far_ahead


def _lead(results: CrossoverResults) -> list[Table]:
    rows = []
    won = {share: share_of_lead(results, share) for share in results.shares}
    for policy in in_order(results.policies):
        if any(policy in of_share for of_share in won.values()):
            cells = [_share(won[share].get(policy, statistics.NOTHING)) for share in results.shares]
            rows.append((policy, "", cells))
    head = [
        "share of the oracle's lead over visual",
        *(f"h = {share:g}" for share in results.shares),
    ]
    return [Table(head, rows)] if rows else []


def _offline(results: CrossoverResults, share: float) -> Table:
    found = results.offline(share)
    metric = NDCG.format(k=results.slate_size)
    rows = []
    for policy in in_order(found["policies"]):
        levels = [
            found["policies"],
            *(found["strata"][side][one] for side in SIDES for one in STRATA),
        ]
        cells = [_plain(level[policy][metric]) for level in levels]
        rows.append((policy, "", cells))
    head = [
        f"{metric}, h = {share:g}",
        "all",
        *(f"{one} {side}" for side in SIDES for one in STRATA),
    ]
    note = (
        f"{found['requests']:,} requests, {found['empty']:,} of them without a click;"
        f" {found['intervals']}."
    )
    return Table(head, rows, note=note)


def _measures(results: CrossoverResults, share: float) -> Table:
    """All measures of all policies over all requests."""
    found = results.offline(share)
    policies = found["policies"]
    names = list(next(iter(policies.values())))
    rows = [
        (one, "", [_plain(policies[one][name]) for name in names]) for one in in_order(policies)
    ]
    note = (
        f"{found['requests']:,} requests, {found['empty']:,} of them without a click: those have a"
        " truth "
    )
    return Table(
        ["policy", *names], rows, note=f"{note}for ndcg only. 95 % intervals {found['intervals']}."
    )


def _caption(results: CrossoverResults) -> str:
    apart = [name for name in in_order(results.policies) if name not in _drawn(results)]
    beside = f" In the table alone: {labels.joined(apart)}." if apart else ""
    return f"Lines: means over up to {_n_seeds(results)} seeds; bands: 95 % intervals.{beside}"


def _drawn(results: CrossoverResults) -> list[str]:
    """The policies whose lines are in the figure: those of all worlds, near enough to each
    other.
    """
    return [
        name
        for name in in_order(results.policies)
        if not _is_far_ahead(name)
        and all((share, name) in results.late for share in results.shares)
    ]


def _n_seeds(results: CrossoverResults) -> int:
    return max(
        (len(of_seed) for of_seed in [*results.late.values(), *results.logs.values()]), default=0
    )


def cautioned(sentence: str, results: CrossoverResults) -> list[str]:
    """A sentence, and what must be said where the seeds are few."""
    return [one for one in (sentence, statistics.caution(_n_seeds(results))) if one]


def _share(found: Interval) -> Cell:
    return Cell(labels.number(found.value, "share"), labels.interval(found, "share"))


def _percent(value: float, low: float, high: float) -> tuple[str, str]:
    ends = "" if np.isnan(low) else f"{100 * low:+.1f} to {100 * high:+.1f}"
    return ("undefined" if np.isnan(value) else f"{100 * value:+.1f} %").replace(
        "-", labels.MINUS
    ), ends.replace("-", labels.MINUS)


def _plain(found: dict[str, float | None]) -> Cell:
    value, low, high = (found[name] for name in ("value", "low", "high"))
    if value is None:
        return Cell(labels.UNKNOWN)
    return Cell(f"{value:.3f}", "" if low is None or high is None else f"{low:.3f} to {high:.3f}")
