"""The page of a leaderboard: who leads, the standings with their intervals, and each pair."""

from __future__ import annotations

from matplotlib.figure import Figure

from simulator.leaderboard.board import Board, Standing
from simulator.leaderboard.contest import Contest
from simulator.report.figures.drawing import (
    Chart,
    chart_of,
    colour,
    dot,
    name_rows,
    percents,
)
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table
from simulator.report.text import labels

HOW = "A rank is one more than the number of policies that are better beyond chance."
UNRANKED = "Without a rank: references, and policies of which one run tells nothing."
CORRECTED = "p: Holm's, among all pairs of this board."


def rows(board: Board) -> list[list[str]]:
    """The table of the terminal: the header, then a row a policy."""
    unit = labels.of(board.metric).unit
    found = [["rank", "policy", board.metric]]
    for one in board.standings:
        ends = labels.interval(one.value, unit)
        value = labels.number(one.value.value, unit) + (f" ({ends})" if ends else "")
        found.append([_rank(one), one.name, value])
    return found


def sentence(board: Board) -> str:
    """Who leads, and whether it can be told."""
    ranked = [one for one in board.standings if one.rank is not None]
    first = [one.name for one in ranked if one.rank == 1]
    if not first:
        return "Nobody can be ranked: there are references alone."
    title = labels.of(board.metric).title
    if len(first) == 1:
        return f"{first[0]} leads in “{title}”, ahead of everybody else beyond chance."
    if len(first) == len(ranked):
        return f"{labels.joined(first)} cannot be told apart in “{title}”."
    return f"{labels.joined(first)} share the first rank in “{title}” and cannot be told apart."


def page(board: Board, contest: Contest, *, command: str) -> Study:
    """The whole page."""
    over = (
        f"Intervals of 95 % over {len(contest.seeds)} shops."
        if board.is_over_shops
        else "Intervals of 95 % over the shoppers of this one shop. Play five seeds to speak of"
        " others."
    )
    left_out = [
        f"{one.name} has played {len(one.runs)} of {len(contest.seeds)} seeds, so it is left out."
        for one in contest.incomplete
    ]
    return Study(
        eyebrow="leaderboard",
        headline=sentence(board),
        lead=[HOW, " ".join([over, *left_out])],
        facts=_facts(contest),
        sections=[
            Section(
                labels.of(board.metric).title,
                [labels.of(board.metric).meaning],
                [_places(board)],
                [ShownFigure(chart(board), "Each policy with its interval.", is_wide=True)],
            ),
            Section("Pair by pair", [CORRECTED], [_duels(board)]),
        ],
        command=command,
    )


def chart(board: Board) -> Chart:
    """Each policy's value with its interval, the best on top."""
    unit = labels.of(board.metric).unit

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, one in enumerate(board.standings):
            dot(axes, row, (one.value.value, one.value.low, one.value.high), colour(one.name))
        name_rows(axes, [f"{_rank(one)}  {one.name}" for one in board.standings])
        if unit == "share":
            percents(axes, "x")
        axes.set_xlabel(labels.of(board.metric).title.lower())

    return chart_of(
        "standings", labels.of(board.metric).title, draw, height=0.6 + 0.32 * len(board.standings)
    )


def _rank(one: Standing) -> str:
    return labels.UNKNOWN if one.rank is None else str(one.rank)


def _places(board: Board) -> Table:
    unit = labels.of(board.metric).unit
    body = [
        (
            one.name,
            "",
            [
                Cell(_rank(one)),
                Cell(
                    labels.number(one.value.value, unit),
                    labels.interval(one.value, unit),
                    is_best=one.rank == 1,
                ),
            ],
        )
        for one in board.standings
    ]
    return Table(
        ["policy", "rank", labels.of(board.metric).title], body, "Without a rank: a reference."
    )


def _duels(board: Board) -> Table:
    unit = labels.of(board.metric).unit
    body = [
        (
            f"{one.a} {labels.MINUS} {one.b}",
            "",
            [
                Cell(labels.gap(one.gap.value, unit), labels.interval(one.gap, unit)),
                Cell(labels.chance(one.p_adjusted), is_best=one.is_decided),
            ],
        )
        for one in board.duels
    ]
    return Table(["pair", "difference", "p"], body)


def _facts(contest: Contest) -> list[tuple[str, str]]:
    config = contest.config
    sizes = (
        f"{config['items']:,} items, {config['queries']:,} queries, {config['shoppers']:,}"
        f" shoppers, {config['days']} days"
    )
    return [
        ("World", str(config["world"]["preset"])),
        ("Catalogue", str(config["catalogue"])),
        ("Sizes", sizes),
        ("Seeds", ", ".join(map(str, contest.seeds))),
    ]
