"""One run from the command line: plays it, keeps its directory, and writes its report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from simulator.installation import run_folder
from simulator.installation.context import Context
from simulator.playing.experiment import fitted
from simulator.playing.plan import Plan
from simulator.playing.report import origin, report
from simulator.playing.simulate import check_workforce, prepare, simulate, workforce_for
from simulator.report.pages.writer import Headline


@dataclass(frozen=True)
class Done:
    """A finished run with its report."""

    id: str
    events: int
    seconds: dict[str, float]
    headline: Headline

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        return {
            "run": self.id,
            "events": self.events,
            "seconds": self.seconds,
            "report": str(self.headline.path),
        }


def run(
    context: Context,
    plan: Plan,
    *,
    fit: Collection[str] = (),
    local: bool = False,
    again: bool = False,
    is_strict: bool = False,
) -> Done:
    """Play a plan to its end, or take it up where it stopped, or give back what is finished.

    fit: sizes that nobody asked for; where the catalogue has fewer, take what it has. is_strict: a
    bad answer of a guest stops the run.
    """
    run_folder.check_room_for_a_run(context.settings.runs)
    check_workforce(context, local=local)
    resolved = prepare(context, fitted(context, plan, fit), is_strict=is_strict)
    with workforce_for(context, local=local) as workforce:
        played = simulate(context, resolved, workforce, again=again)
    if played.was_stored:
        context.talk.say(f"run {played.run.id} was finished before; --again plays it anew")
    root = context.settings.runs
    name = played.run.id
    timings = played.seconds or run_folder.timings(root, name)  # of the time it was played
    document = {"run": name, **origin(played.run), "timings": timings}
    run_folder.write(root, name, {"config.json": played.run.config, "run.json": document})
    headline = report(context, played.run.id)
    run_folder.point_latest(root, name)
    return Done(played.run.id, played.events, played.seconds, headline)
