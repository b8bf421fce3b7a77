"""Measures everybody in a contest, and writes the page and JSON of the board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import NotFoundError, UsageError
from db.nearest import nearest
from simulator.installation import run_folder
from simulator.installation.command_line import command_line
from simulator.installation.context import Context
from simulator.leaderboard import page
from simulator.leaderboard.board import rank
from simulator.leaderboard.contest import Contest, Contestant, contest_of
from simulator.playing.report import load
from simulator.report.numbers.measures import MEASURES, is_compared, measure
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.statistics import Estimate
from simulator.report.pages import study


@dataclass(frozen=True)
class Leaderboard:
    """What the command line tells of a board. rows: the header first, then a row a policy."""

    document: dict[str, Any]
    rows: list[list[str]]
    sentence: str
    path: Path


def leaderboard(context: Context, name: str, metric: str) -> Leaderboard:
    """Rank all that was played in the shops of a run or experiment, and write `leaderboard-<id>/`.

    metric: its name, or what stands before the @ of it. Raises NotFoundError for an unknown name
    or measure, UsageError where there is nothing to rank.
    """
    stem = _stem(metric)
    contest = contest_of(context, name)
    run_folder.check_writable(context.settings.runs)
    measured = _measured(context, contest)
    of_first = next(iter(measured.values()))[0]
    chosen = next(one for one in of_first if one.partition("@")[0] == stem)
    board = rank(
        chosen,
        {who: [of_seed[chosen] for of_seed in found] for who, found in measured.items()},
        {one.name: one.policy for one in contest.contestants},
        {one.name for one in contest.contestants if one.is_reference},
    )
    document = {**board.to_json(), **_origin(contest)}
    command = command_line("leaderboard", name, settings={}, measure=chosen)
    written = study.write(
        page.page(board, contest, command=command),
        context.settings.runs / f"leaderboard-{contest.id}-{stem}",
        "leaderboard",
        document,
    )
    return Leaderboard(document, page.rows(board), page.sentence(board), written)


def _measured(context: Context, contest: Contest) -> dict[str, list[dict[str, Estimate]]]:
    """Of each contestant, its measures seed by seed; one run is held at a time."""
    found: dict[str, list[dict[str, Estimate]]] = {}
    n = len(contest.contestants) * len(contest.seeds)
    with context.talk.progress("measuring", n) as step:
        for one in contest.contestants:
            for seed in contest.seeds:
                estimates = measure(lay_out(load(context, one.runs[seed])))
                found.setdefault(one.name, []).append(estimates)
                step()
    return found


def _stem(metric: str) -> str:
    """The measure that is meant, without the size of a slate; NotFoundError where there is none,
    UsageError where neither end of it is better.
    """
    stem = metric.partition("@")[0]
    names = [one.stem for one in MEASURES.values() if one.formula is not None and one.better]
    if stem in names:
        return stem
    if is_compared(stem):
        raise UsageError(
            f"{stem} is not better for being higher or lower, so nobody is first in it; rank by"
            " ctr_late_expected, for instance"
        )
    raise NotFoundError(
        f"no measure {metric!r}; {nearest(metric, names)}choose one of {', '.join(names)}"
    )


def _origin(contest: Contest) -> dict[str, Any]:
    return {
        "seeds": list(contest.seeds),
        "runs": {one.name: _by_seed(one) for one in contest.contestants},
        "left_out": {one.name: _by_seed(one) for one in contest.incomplete},
    }


def _by_seed(one: Contestant) -> dict[str, str]:
    return {str(seed): run for seed, run in sorted(one.runs.items())}
