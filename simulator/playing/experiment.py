"""Several runs that share world and seeds and differ in the policy, and the comparison of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.errors import UsageError
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT
from simulator.catalogues import stored as catalogues
from simulator.installation import run_folder
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.report import origin, report
from simulator.playing.side_by_side import play_all
from simulator.playing.simulate import Played, check_workforce, prepare_all, workforce_for
from simulator.report.numbers.primary import DEFAULT, Primary
from simulator.report.pages.writer import Headline
from workers.knowledge import RUNS_KEPT

DEMO_POLICIES = ("random", "visual", "cf", "blend", "oracle")
FEWEST_AT_ONCE = 2
"""Runs at once at least, so that somebody has slates to be ranked while another folds its night."""
SIZES = ("items", "queries")
"""What follows from the catalogue where nobody asks for a number."""
LEAST_ITEMS = 10
"""What a plan asks for at least: a full slate."""


@dataclass(frozen=True)
class PlayedExperiment:
    """An experiment that nobody has reported on yet. seeds: run ids by seed, then policy."""

    id: str
    seeds: dict[int, dict[str, str]]


@dataclass(frozen=True)
class Experiment(PlayedExperiment):
    """What an experiment left behind."""

    headline: Headline

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on: the runs of the first seed."""
        first = next(iter(self.seeds.values()))
        return {"experiment": self.id, "runs": first, "report": str(self.headline.path)}


def play_experiment(
    context: Context,
    plan: Plan,
    policies: Sequence[str],
    *,
    n_seeds: int = 1,
    local: bool = False,
    again: bool = False,
    fit: Collection[str] = (),
    is_strict: bool = False,
    primary: Primary = DEFAULT,
) -> PlayedExperiment:
    """Play each policy under each seed, the plan's and those after it.

    fit: those of SIZES that nobody asked for; where the catalogue has fewer, take what it has.
    is_strict: a bad answer of a guest stops the run.
    primary: the comparison that decides, declared before anything is played.
    """
    primary.require_among(policies)
    plans = [
        replace(plan, policy=policy, seed=seed)
        for seed in range(plan.seed, plan.seed + n_seeds)
        for policy in dict.fromkeys(policies)
    ]
    require(context, plan, local=local)
    if fit:
        sizes = fitted(context, plan, fit)
        plans = [replace(one, items=sizes.items, queries=sizes.queries) for one in plans]
    resolved = prepare_all(context, plans, is_strict=is_strict)
    with workforce_for(context, local=local) as workforce:
        at_once = 1 if local else min(RUNS_KEPT, max(FEWEST_AT_ONCE, context.settings.workers))
        played = play_all(context, resolved, workforce, at_once=at_once, again=again)
    seeds: dict[int, dict[str, str]] = {}
    for done in played:
        config = done.run.config
        seeds.setdefault(config["seed"], {})[config["policy"]] = done.run.id
    name = hashlib.sha256(" ".join(done.run.id for done in played).encode()).hexdigest()[:12]
    _keep(context, name, seeds, played, primary)
    return PlayedExperiment(name, seeds)


def write_comparison(
    context: Context,
    played: PlayedExperiment,
    *,
    primary: Primary = DEFAULT,
    command: str | None = None,
) -> Experiment:
    """Write the report of an experiment; it is the latest then.

    command: what plays it again, where that is more than one can tell from its runs.
    """
    context.talk.say("measuring and drawing the report")
    headline = report(context, played.id, primary=primary, command=command)
    run_folder.point_latest(context.settings.runs, played.id)
    return Experiment(played.id, played.seeds, headline)


def require(context: Context, plan: Plan, *, local: bool = False) -> None:
    """Raise before anything slow where the plan could not be played: nowhere to write, nobody to do
    the work, no such catalogue.
    """
    run_folder.check_room_for_a_run(context.settings.runs)
    check_workforce(context, local=local)
    catalogues.ensure(context, plan.catalogue)


def fitted(context: Context, plan: Plan, fit: Collection[str] = SIZES) -> Plan:
    """The plan with no more of `fit` than its catalogue has; says so when these are fewer.

    Raises UsageError when the catalogue is too small for any plan.
    """
    if not fit:
        return plan
    splits = [item.split for item in catalogues.ensure(context, plan.catalogue)]
    n_items = splits.count(CATALOGUE_SPLIT)
    n_queries = splits.count(QUERY_SPLIT)
    if n_items < LEAST_ITEMS or not n_queries:
        raise UsageError(
            f"catalogue {plan.catalogue!r} has {n_items} items and {n_queries} queries, a run needs"
            f" {LEAST_ITEMS} and 1; add more pictures with `windowshop catalogue add`"
        )
    there = {"items": n_items, "queries": n_queries}
    found = replace(plan, **{name: min(getattr(plan, name), there[name]) for name in fit})
    if found != plan:
        context.talk.say(
            f"catalogue {plan.catalogue!r} has {n_items:,} items and {n_queries:,} queries: "
            f"playing with {found.items:,} and {found.queries:,} instead of "
            f"{plan.items:,} and {plan.queries:,}"
        )
    return found


def _keep(
    context: Context,
    name: str,
    seeds: dict[int, dict[str, str]],
    played: Sequence[Played],
    primary: Primary,
) -> None:
    first = played[0].run
    root = context.settings.runs
    earlier = run_folder.declared(root, name)
    known = run_folder.timings(root, name)  # of the runs that were played before
    files = {
        "config.json": {done.run.id: done.run.config for done in played},
        "run.json": {
            "experiment": name,
            "runs": next(iter(seeds.values())),
            "seeds": {str(seed): of_seed for seed, of_seed in seeds.items()},
            "primary": earlier or primary.to_json(),
            **origin(first),
            "timings": {done.run.id: done.seconds or known.get(done.run.id, {}) for done in played},
        },
    }
    run_folder.write(root, name, files)
