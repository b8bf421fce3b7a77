"""What a catalogue holds, where it came from, what was passed over, and which runs need it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db import intakes, items
from db.engine import read_transaction
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from simulator.catalogues import listing
from simulator.catalogues import stored as catalogues
from simulator.catalogues.intake.added import reason_lines
from simulator.installation.context import Context

NAMED = 5
"""Runs that are named to people at most; all are counted, and named in the JSON."""


@dataclass(frozen=True)
class CatalogueContents:
    """A catalogue as it stands."""

    catalogue: str
    stored: Sequence[Item]
    intakes: list[dict[str, Any]]
    """What was taken in, in order; empty where nothing was kept of it."""
    runs: list[str]

    @property
    def formats(self) -> dict[str, int]:
        """How many pictures came in each format, the most frequent first."""
        found: Counter[str] = Counter()
        for one in self.intakes:
            found.update(one["formats"])
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on; prices as they are given, null: none is."""
        prices = [row.price / 100 for row in self.stored if row.price is not None]
        splits = [row.split for row in self.stored]
        return {
            "catalogue": self.catalogue,
            "items": splits.count(CATALOGUE_SPLIT),
            "queries": splits.count(QUERY_SPLIT),
            "pictures": len({row.image for row in self.stored}),
            "formats": self.formats,
            "categories": listing.by_category(self.stored),
            "prices": {
                "given": len(prices),
                "lowest": min(prices, default=None),
                "highest": max(prices, default=None),
            },
            "intakes": self.intakes,
            "runs": self.runs,
        }

    def text(self, categories: str) -> str:
        """The same for people; categories: their table."""
        told = self.to_json()
        formats = ", ".join(f"{n:,} {name or 'unknown'}" for name, n in self.formats.items())
        sizes = (
            f"{told['items']:,} items to sell, {told['queries']:,} query items,"
            f" {told['pictures']:,} pictures"
        )
        return "\n".join(
            [
                f"catalogue {self.catalogue}: {sizes}",
                f"formats   {formats or 'nothing is kept of them'}",
                f"prices    {_prices(told['prices'], len(self.stored))}",
                *(line for one in self.intakes for line in _intake_lines(one)),
                f"runs      {_runs(self.runs)}",
                categories,
            ]
        )


def show(context: Context, name: str) -> CatalogueContents:
    """A catalogue of this database; NotFoundError for one that nobody added."""
    stored = catalogues.ensure(context, name)
    with read_transaction(context.engine) as conn:
        return CatalogueContents(name, stored, intakes.of(conn, name), items.runs_on(conn, name))


def _prices(told: dict[str, Any], n_items: int) -> str:
    if not told["given"]:
        return "drawn by the world"
    given = f"{told['lowest']:.2f} to {told['highest']:.2f}"
    drawn = n_items - told["given"]
    return given if not drawn else f"{given} for {told['given']:,}; {drawn:,} drawn by the world"


def _intake_lines(one: dict[str, Any]) -> list[str]:
    """Where one intake came from, and what was left out of it."""
    place = one["place"] if one["csv"] is None else f"{one['place']} by {one['csv']}"
    feed = "" if one["feed"] is None else f" ({one['feed']})"
    head = (
        f"intake {one['number']}  {place}{feed}: {one['new']:,} new, {one['known']:,} known before,"
        f" {one['left_out']:,} left out"
    )
    if "changed" in one:
        head += f"; {one['changed']:,} changed, {one['gone']:,} gone"
    return [head, *reason_lines(one["reasons"])]


def _runs(runs: Sequence[str]) -> str:
    if not runs:
        return "none"
    more = f" and {len(runs) - NAMED:,} more" if len(runs) > NAMED else ""
    return f"{len(runs):,}: {', '.join(runs[:NAMED])}{more}"
