"""Takes a catalogue out of the database, with the pictures that nothing else shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from db import intakes, items
from db.engine import write_transaction
from db.errors import UsageError
from simulator.catalogues import stored as catalogues
from simulator.installation.context import Context

NAMED = 3
"""Runs that are named at most."""


@dataclass(frozen=True)
class Removed:
    """What went."""

    catalogue: str
    items: int
    pictures: int

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        return vars(self)

    def text(self) -> str:
        """The same for people."""
        return (
            f"catalogue {self.catalogue} is removed: {self.items:,} items, and {self.pictures:,}"
            " pictures that no other catalogue has"
        )


def remove(context: Context, name: str) -> Removed:
    """All items of a catalogue, in one transaction.

    Raises NotFoundError for a catalogue that nobody added, UsageError for Fashion-MNIST and for one
    that runs were played with: they could not be verified or reported without it.
    """
    if name == catalogues.FASHION_MNIST:
        raise UsageError(f"{name} comes with Windowshop and stays; name a catalogue of your own")
    catalogues.ensure(context, name)
    with write_transaction(context.engine) as conn:
        items.one_at_a_time(conn)
        if used := items.runs_on(conn, name):
            more = f" and {len(used) - NAMED:,} more" if len(used) > NAMED else ""
            those = f"{', '.join(used[:NAMED])}{more}"
            raise UsageError(
                f"catalogue {name!r} stays: runs were played with it ({those}) and need its"
                " pictures; `windowshop catalogue list` shows the others"
            )
        intakes.forget(conn, name)
        return Removed(name, *items.remove(conn, name))
