"""The run of a guest as a log: what it showed, and the propensities that it said with its slates.

The guest is not asked again, for it may have changed or be gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db import slates
from db.engine import read_transaction
from db.errors import UsageError, WorkError
from db.events import Events
from db.runs import Run
from recommender.profile import Profiles
from recommender.ranking import SLATE
from simulator.counterfactual.chances import Floats
from simulator.installation.context import Context
from simulator.operations.propensities import of_run
from workers.run_recommender import RunRecommender

MORE_THAN_CERTAIN = 1 + 1e-6
"""Rounding may leave a sum of probabilities a little above 1."""


@dataclass(frozen=True)
class ToldSlates:
    """Stands where the guest stood when the run was played."""

    run: str
    at: dict[tuple[int, int], int]
    """(session, step) to the row."""
    entries: NDArray[Any]
    """SLATE [n, k]"""
    propensities: Floats
    """[n, k]; NaN for padding and where a place was filled for the guest."""

    def slates(self, profiles: Profiles, events: Events, known: RunRecommender) -> NDArray[Any]:
        """SLATE [n, k] of requests of one step, as they were shown."""
        del events, known
        return self.entries[self._rows(profiles)]

    def end_day(self, events: Events, generation: int) -> None:
        """Nothing is learned from a day."""

    def by_place(self, profiles: Profiles) -> Floats:
        """[n, k items, k places]: NaN but where an item stood, for nothing else was said."""
        own = self.propensities[self._rows(profiles)]
        places = np.arange(own.shape[1])
        chances = np.full((*own.shape, len(places)), np.nan)
        chances[:, places, places] = own
        return chances

    def _rows(self, profiles: Profiles) -> NDArray[np.int64]:
        keys = zip(profiles.session.tolist(), profiles.step.tolist(), strict=True)
        try:
            return np.array([self.at[key] for key in keys], np.int64)
        except KeyError:
            raise WorkError(
                f"{self.run}, played again, asks for slates that are not stored;"
                f" `windowshop verify {self.run}` looks for the cause"
            ) from None


def told_slates(context: Context, run: Run) -> ToldSlates:
    """Of a guest's stored run.

    Raises UsageError where it said no propensities, or numbers that are none.
    """
    said = of_run(context, run.id)
    k = run.config["recommender"]["slate_size"]
    with read_transaction(context.engine) as conn:
        session, step, _, entries = slates.of_run(conn, run.number, dtype=SLATE, k=k)
    keys = list(zip(session.tolist(), step.tolist(), strict=True))
    nothing: list[float | None] = [None] * k
    own = np.array([_padded(said.get(key, nothing), k) for key in keys], np.float64)
    own = own.reshape(-1, k)
    own[entries["item"] < 0] = np.nan
    off = own[~np.isnan(own) & ~((own > 0) & (own <= MORE_THAN_CERTAIN))]
    if len(off):
        raise UsageError(
            f"{run.config['policy']} said the probability {off[0]:g} of an item that it showed;"
            " it must be above 0 and at most 1: `windowshop check` counts what it shows"
        )
    return ToldSlates(run.id, {key: row for row, key in enumerate(keys)}, entries, own)


def _padded(said: list[float | None], k: int) -> list[float | None]:
    return [*said, *[None] * (k - len(said))]
