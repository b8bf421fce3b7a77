"""Runs a crossover or an offline evaluation, and writes its directory: document, figures, page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from db.runs import canonical
from simulator.crossover.grid import CrossoverPlan, code, play_grid
from simulator.embedders import model as models
from simulator.embedders.in_force import in_force
from simulator.installation import provenance
from simulator.installation.command_line import command_line
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.report.numbers import crossover as crossover_numbers
from simulator.report.pages import crossover as crossover_page
from simulator.report.pages import study
from simulator.world.presets import named, preset_hash


@dataclass(frozen=True)
class CrossoverReport:
    """What the command line prints."""

    document: dict[str, Any]
    rows: list[list[str]]
    verdict: str
    missed: list[str]  # where a claim does not hold
    page: Path


def write_crossover(context: Context, crossover: CrossoverPlan) -> CrossoverReport:
    """Play the grid, write `crossover-<id>/` with page, figure and crossover.json."""
    results = play_grid(context, crossover)
    command = command_line(
        "crossover",
        settings=in_force(context.settings, crossover.plan.catalogue),
        shares=crossover.shares,
        policies=crossover.policies,
        few=crossover.few,
        few_seeds=crossover.few_seeds,
        offline_share=crossover.share,
        **_sizes(crossover),
    )
    document = {**crossover_numbers.document(results), "origin": _origin(context, crossover)}
    page = crossover_page.page(results, facts=_facts(context, crossover), command=command)
    path = study.write(page, _folder(context, "crossover", crossover), "crossover", document)
    found = crossover_numbers.claims(results)
    return CrossoverReport(
        document,
        crossover_page.text_rows(results),
        " ".join(crossover_page.cautioned(crossover_page.verdict(found), results)),
        [claim.cell for claim in found if not claim.holds],
        path,
    )


def measure_offline(
    context: Context, plan: Plan, policies: Sequence[str], *, seeds: int, share: float
) -> CrossoverReport:
    """One shared log a seed; writes `offline-<id>/` with page and offline.json."""
    own = named(plan.world).hidden_share
    crossover = CrossoverPlan(
        replace(plan, world=plan.world),
        (own,),
        (),
        seeds=seeds,
        share=share,
        compared=tuple(policies),
    )
    results = play_grid(context, crossover)
    log = results.offline(own)
    found = [claim for claim in crossover_numbers.claims(results) if "offline" in claim.cell]
    document = {
        "schema": 1,
        **log,
        "claims": [one.to_json() for one in found],
        "origin": _origin(context, crossover),
    }
    command = command_line(
        "offline",
        settings=in_force(context.settings, plan.catalogue),
        policies=crossover.compared,
        share=crossover.share,
        **_sizes(crossover),
    )
    page = crossover_page.offline_page(
        results, found, facts=_facts(context, crossover), command=command
    )
    path = study.write(page, _folder(context, "offline", crossover), "offline", document)
    return CrossoverReport(
        document,
        crossover_page.offline_rows(results, own),
        " ".join(crossover_page.cautioned(crossover_page.verdict(found), results)),
        [claim.cell for claim in found if not claim.holds],
        path,
    )


def _sizes(crossover: CrossoverPlan) -> dict[str, str | int]:
    """The options that both commands have."""
    plan = crossover.plan
    names = ("seed", "world", "catalogue", "items", "queries", "shoppers", "days")
    return {"seeds": crossover.seeds, **{name: getattr(plan, name) for name in names}}


def _folder(context: Context, kind: str, crossover: CrossoverPlan) -> Path:
    model = models.chosen(context.settings, crossover.plan.catalogue).model
    asked = canonical({"crossover": asdict(crossover), "model": model, "code": code()})
    return context.settings.runs / f"{kind}-{sha256(asked.encode()).hexdigest()[:12]}"


def _origin(context: Context, crossover: CrossoverPlan) -> dict[str, Any]:
    return {
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "model": models.ensure(context, crossover.plan.catalogue).key,
        "worlds": {
            plan.world: preset_hash(named(plan.world)) for _, plan, _ in crossover.columns()
        },
        "seeds": [crossover.plan.seed, crossover.plan.seed + crossover.seeds - 1],
    }


def _facts(context: Context, crossover: CrossoverPlan) -> list[tuple[str, str]]:
    plan = crossover.plan
    return [
        (
            "World",
            f"{plan.world}, hidden share {', '.join(f'{share:g}' for share in crossover.shares)}",
        ),
        (
            "Sizes",
            (
                f"{plan.items:,} items, {plan.queries:,} queries, {plan.shoppers:,} shoppers,"
                f" {plan.days} days"
            ),
        ),
        ("Seeds", f"{plan.seed} to {plan.seed + crossover.seeds - 1}"),
        ("Embedder", models.ensure(context, plan.catalogue).key),
    ]
