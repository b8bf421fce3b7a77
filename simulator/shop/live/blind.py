"""Two policies in one list, and nobody sees whose item is whose: team-draft interleaving."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from simulator.comparing.team_draft import NOBODY
from simulator.comparing.team_draft import team_draft as draft
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
    """The mixed list, as `windowshop interleave` drafts it. The lot is addressed by the two
    searches, so that the same list comes out again.
    """
    lists = [np.array([[*one, NOBODY]], np.int64) for one in (first, second)]
    lots = np.array([[_lot(address, place) for place in range(k)]], np.bool_)
    drafted = draft(lists[0], lists[1], lots)
    found = zip(drafted.team[0].tolist(), drafted.items[0].tolist(), strict=True)
    return [Pick(team, item) for team, item in found if team != NOBODY]


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
