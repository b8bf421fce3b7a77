"""When an experiment that was played could have stopped: `windowshop peek`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.errors import UsageError
from simulator.comparing.pilot import Formula, first_days, measure_named
from simulator.installation.context import Context
from simulator.installation.named import Named, named
from simulator.playing.report import load
from simulator.report.numbers.comparison import in_order
from simulator.report.numbers.measure_row import Measure
from simulator.report.numbers.measures import one_run_tells
from simulator.report.numbers.panel import lay_out
from simulator.report.numbers.sequential import looks
from simulator.report.numbers.sequential.looks import Look, SeenSoFar

DAYS = "days"
SEEDS = "seeds"


@dataclass(frozen=True)
class Peeked:
    """Every look at a - b, and the first that was clear."""

    name: str
    a: str
    b: str
    measure: Measure
    looks_at: str
    """DAYS of one shop, or SEEDS."""
    until: int | None
    """The last look where it was known, in days or seeds."""
    looks: Sequence[Look]

    @property
    def clear(self) -> Look | None:
        """Where one could have stopped."""
        return looks.first_clear(self.looks)

    def to_json(self) -> dict[str, Any]:
        """The answer that other programs rely on; a look without an interval has null for its
        ends.
        """
        return {
            "a": self.a,
            "b": self.b,
            "measure": self.measure.stem,
            "looks_at": self.looks_at,
            "until": self.until,
            "clear_at": self.clear.at if self.clear else None,
            "looks": [
                {
                    "at": one.at,
                    "value": one.value,
                    "low": None if math.isnan(one.low) else one.low,
                    "high": None if math.isnan(one.high) else one.high,
                }
                for one in self.looks
            ],
        }


def peek(
    context: Context,
    name: str,
    measure: str,
    *,
    pair: tuple[str, str] | None = None,
    until: int | None = None,
) -> Peeked:
    """Look at an experiment day by day, or seed by seed where it has several.

    until: the last look that was planned; left out, there may be any number of looks. Raises
    NotFoundError for an unknown name or measure, UsageError where looks cannot tell anything.
    """
    if until is not None and until < 1:
        raise UsageError(f"--until must be at least 1, found {until}")
    row = measure_named(measure)
    found = named(context, name)
    a, b = pair or _pair(found)
    _require(found, (a, b))
    over_seeds = len(found.seeds) > 1
    seen = (
        _by_seeds(context, found, row, (a, b))
        if over_seeds
        else _by_day(context, next(iter(found.seeds.values())), row, (a, b))
    )
    judged = (
        looks.open_ended(seen, over_seeds=over_seeds) if until is None else looks.until(seen, until)
    )
    if not judged:
        raise UsageError(
            f"nothing in {found.id} varies in {row.stem}; play it with more shoppers or days"
        )
    return Peeked(found.id, a, b, row, SEEDS if over_seeds else DAYS, until, judged)


def _by_seeds(
    context: Context, found: Named, row: Measure, pair: tuple[str, str]
) -> list[SeenSoFar]:
    formula = _formula(row)
    differences = []
    for _, of_seed in sorted(found.seeds.items()):
        a, b = (formula(lay_out(load(context, of_seed[policy]))).value for policy in pair)
        differences.append(a - b)
    return looks.by_seeds(differences)


def _by_day(
    context: Context, of_seed: dict[str, str], row: Measure, pair: tuple[str, str]
) -> list[SeenSoFar]:
    _require_days(row, pair)
    formula = _formula(row)
    a, b = (load(context, of_seed[policy]) for policy in pair)
    return [
        looks.by_day(
            day, formula(lay_out(first_days(a, day))), formula(lay_out(first_days(b, day)))
        )
        for day in range(1, a.days + 1)
    ]


def _formula(row: Measure) -> Formula:
    assert row.formula is not None  # noqa: S101 - measure_named gives no other
    return row.formula


def _require_days(row: Measure, pair: tuple[str, str]) -> None:
    if row.stem.startswith("ctr_late"):
        raise UsageError(
            f"{row.stem} is over the last days only; look day by day at --measure ctr or"
            " ctr_expected"
        )
    for policy in pair:
        if not one_run_tells(policy, row.stem):
            raise UsageError(
                f"one run of {policy} tells nothing of {row.stem}; play several seeds, as"
                " `windowshop experiment --seeds 5` does"
            )


def _pair(found: Named) -> tuple[str, str]:
    """The blend and visual where they are, else the two most knowing."""
    policies = in_order({policy for of_seed in found.seeds.values() for policy in of_seed})
    if len(policies) < 2:
        raise UsageError(
            f"{found.id} has one policy; looks compare two, as `windowshop experiment --policies"
            " visual,blend` plays them"
        )
    return (
        ("blend", "visual")
        if {"visual", "blend"} <= set(policies)
        else (
            policies[-1],
            policies[-2],
        )
    )


def _require(found: Named, pair: tuple[str, str]) -> None:
    for policy in pair:
        if any(policy not in of_seed for of_seed in found.seeds.values()):
            played = ", ".join(dict.fromkeys(p for one in found.seeds.values() for p in one))
            raise UsageError(f"{found.id} has no runs of {policy!r}; found runs of {played}")
