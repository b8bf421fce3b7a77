"""Runs a crossover or an offline evaluation, and writes its directory: document, figures, page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from db.runs import canonical
from simulator.crossover.grid import Ask, code, play_grid
from simulator.embedders import model as models
from simulator.embedders.in_force import in_force
from simulator.installation import provenance
from simulator.installation.command_line import command_line
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.report.numbers import crossover as crossing
from simulator.report.pages import crossover as crossing_page
from simulator.report.pages import study
from simulator.world.presets import named, preset_hash


@dataclass(frozen=True)
class Crossing:
    """What the command line tells. missed: the claims that do not hold."""

    document: dict[str, Any]
    rows: list[list[str]]
    verdict: str
    missed: list[str]
    page: Path


def cross(context: Context, ask: Ask) -> Crossing:
    """Play the grid, write `crossover-<id>/` with page, figure and crossover.json."""
    grid = play_grid(context, ask)
    command = command_line(
        "crossover",
        settings=in_force(context.settings, ask.plan.catalogue),
        shares=ask.shares,
        policies=ask.policies,
        few=ask.few,
        few_seeds=ask.few_seeds,
        offline_share=ask.share,
        **_sizes(ask),
    )
    document = {**crossing.document(grid), "origin": _origin(context, ask)}
    page = crossing_page.page(grid, facts=_facts(context, ask), command=command)
    path = study.write(page, _folder(context, "crossover", ask), "crossover", document)
    found = crossing.claims(grid)
    return Crossing(
        document,
        crossing_page.text_rows(grid),
        " ".join(crossing_page.cautioned(crossing_page.verdict(found), grid)),
        [claim.cell for claim in found if not claim.holds],
        path,
    )


def measure_offline(
    context: Context, plan: Plan, policies: Sequence[str], *, seeds: int, share: float
) -> Crossing:
    """One shared log a seed; writes `offline-<id>/` with page and offline.json."""
    own = named(plan.world).hidden_share
    ask = Ask(replace(plan, world=plan.world), (own,), (), seeds=seeds, share=share, compared=tuple(policies))
    grid = play_grid(context, ask)
    log = grid.offline(own)
    found = [claim for claim in crossing.claims(grid) if "offline" in claim.cell]
    document = {
        "schema": 1,
        **log,
        "claims": [one.to_json() for one in found],
        "origin": _origin(context, ask),
    }
    command = command_line(
        "offline",
        settings=in_force(context.settings, plan.catalogue),
        policies=ask.compared,
        share=ask.share,
        **_sizes(ask),
    )
    page = crossing_page.offline_page(grid, found, facts=_facts(context, ask), command=command)
    path = study.write(page, _folder(context, "offline", ask), "offline", document)
    return Crossing(
        document,
        crossing_page.offline_rows(grid, own),
        " ".join(crossing_page.cautioned(crossing_page.verdict(found), grid)),
        [claim.cell for claim in found if not claim.holds],
        path,
    )


def _sizes(ask: Ask) -> dict[str, str | int]:
    """The options that both commands have."""
    plan = ask.plan
    names = ("seed", "world", "catalogue", "items", "queries", "shoppers", "days")
    return {"seeds": ask.seeds, **{name: getattr(plan, name) for name in names}}


def _folder(context: Context, kind: str, ask: Ask) -> Path:
    model = models.chosen(context.settings, ask.plan.catalogue).model
    asked = canonical({"ask": asdict(ask), "model": model, "code": code()})
    return context.settings.runs / f"{kind}-{sha256(asked.encode()).hexdigest()[:12]}"


def _origin(context: Context, ask: Ask) -> dict[str, Any]:
    return {
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "model": models.ensure(context, ask.plan.catalogue).key,
        "worlds": {plan.world: preset_hash(named(plan.world)) for _, plan, _ in ask.columns()},
        "seeds": [ask.plan.seed, ask.plan.seed + ask.seeds - 1],
    }


def _facts(context: Context, ask: Ask) -> list[tuple[str, str]]:
    plan = ask.plan
    return [
        ("World", f"{plan.world}, hidden share {', '.join(f'{share:g}' for share in ask.shares)}"),
        (
            "Sizes",
            f"{plan.items:,} items, {plan.queries:,} queries, {plan.shoppers:,} shoppers, {plan.days} days",
        ),
        ("Seeds", f"{plan.seed} to {plan.seed + ask.seeds - 1}"),
        ("Embedder", models.ensure(context, plan.catalogue).key),
    ]
