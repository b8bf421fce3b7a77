"""Two policies in one list, and nobody sees whose item is whose: team-draft interleaving."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from simulator.shop.live.asking import Ticket

MOST_PLAYERS = 1000
"""So many visitors' comparisons are in memory; the oldest is forgotten first."""
SURE = 0.05


class Pick(NamedTuple):
    """One place of the mixed list: whose it is (0 or 1), and which item."""

    team: int
    item: int


@dataclass
class Blind:
    """One visitor's comparison of two policies."""

    policies: tuple[str, str]
    searches: int = 0
    clicked: set[tuple[str, int]] = field(default_factory=set)
    """(ticket, position): a second click on one place says nothing new."""
    clicks: list[int] = field(default_factory=lambda: [0, 0])

    def click(self, ticket: Ticket, position: int, team: int) -> bool:
        """Credit a click to whose item it was; False when it had been."""
        key = (str(ticket), position)
        if key in self.clicked:
            return False
        self.clicked.add(key)
        self.clicks[team] += 1
        return True

    @property
    def p(self) -> float:
        """How often two policies alike would differ so much: the sign test."""
        n = sum(self.clicks)
        return float(binomtest(self.clicks[0], n).pvalue) if n else 1.0

    @property
    def preferred(self) -> str | None:
        """The policy that is preferred beyond chance."""
        if self.p >= SURE:
            return None
        return self.policies[int(self.clicks[1] > self.clicks[0])]


def team_draft(first: Sequence[int], second: Sequence[int], k: int, address: str) -> list[Pick]:
    """The mixed list (Radlinski, Kurup, Joachims 2008): whoever has picked less picks next, by
    lot where both have picked alike; each picks its best item that is not there yet. The lot is
    addressed by the two searches, so that the same list comes out again.
    """
    wishes = ([one for one in first if one >= 0], [one for one in second if one >= 0])
    picks: list[Pick] = []
    taken: set[int] = set()
    counts = [0, 0]
    while len(picks) < k:
        left = [[one for one in wish if one not in taken] for wish in wishes]
        able = [team for team in (0, 1) if left[team]]
        if not able:
            break
        fewest = [team for team in able if counts[team] == min(counts[one] for one in able)]
        team = fewest[0] if len(fewest) == 1 else _lot(address, len(picks))
        item = left[team][0]
        picks.append(Pick(team, item))
        taken.add(item)
        counts[team] += 1
    return picks


def arrangement(picks: Sequence[Pick], team: int, k: int) -> NDArray[np.int32]:
    """What one policy has shown: its items at their places in the mixed list, int32 [k], -1
    elsewhere.
    """
    found = np.full(k, -1, np.int32)
    for place, pick in enumerate(picks):
        if pick.team == team:
            found[place] = pick.item
    return found


def _lot(address: str, place: int) -> int:
    return hashlib.sha256(f"{address} {place}".encode()).digest()[0] & 1
