"""What `catalogue add` answers: the catalogue as it is now, what came, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.catalogues.csv_file import Skipped
from simulator.catalogues.intake.reasons import by_reason

SHOWN = 20
"""Of what was left out, so many are named to people; all are counted, and named in the JSON."""

EMBEDDER_NOTE = (
    "note: our own networks see them in 28 x 28 grey levels, shape and shade, not colour; to train"
    " one that sees colour: windowshop train --backbone mobilenet --catalogue {name}"
)


@dataclass(frozen=True)
class Added:
    """A catalogue after pictures were added to it."""

    catalogue: str
    items: int
    """For sale, all it has now."""
    queries: int
    """Query items, all it has now."""
    new: int
    """Pictures that came."""
    known: int
    changed: int
    skipped: list[Skipped]

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        return {
            "catalogue": self.catalogue,
            "items": self.items,
            "queries": self.queries,
            "skipped": [one._asdict() for one in self.skipped],
            "passed_over": by_reason(self.skipped),
        }

    def text(self) -> str:
        """The same for people."""
        lines = left_out_lines(self.skipped)
        lines.append(
            f"catalogue {self.catalogue}: {self.items:,} items to sell, {self.queries:,} query"
            f" items; {self.new:,} new, {self.known:,} known before, {len(self.skipped):,} left out"
        )
        if self.changed:
            lines.append(
                f"{self.changed:,} known items have another category or price in the CSV now; they"
                " stay as they were. Another --name makes a new catalogue"
            )
        note = EMBEDDER_NOTE.format(name=self.catalogue)
        return "\n".join(
            [*lines, note, f"shop in it: windowshop demo --catalogue {self.catalogue}"]
        )


def left_out_lines(skipped: list[Skipped]) -> list[str]:
    """What was left out, a line each; where there are many, the first ones, and all by reason."""
    lines = [f"left out  {one.text()}" for one in skipped[:SHOWN]]
    if len(skipped) > SHOWN:
        lines.append(f"left out  {len(skipped) - SHOWN:,} more; all of them by reason:")
        lines += reason_lines(by_reason(skipped))
    return lines


def reason_lines(reasons: dict[str, int]) -> list[str]:
    """A line for each reason, with its number."""
    width = max((len(f"{n:,}") for n in reasons.values()), default=0)
    return [f"  {n:>{width},}  {reason}" for reason, n in reasons.items()]
