"""Lists longer than a slate: the same search goes on, a further slate for each ten."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.shop.live.asking import Answer, Enquiries, Ticket
from simulator.shop.live.cards import ShownItem


@dataclass(frozen=True)
class LongList:
    """The slates that a list is made of, the first one first. is_whole: nothing more is awaited."""

    slates: list[Answer]
    is_whole: bool

    def items(self, cards: Callable[[Answer], list[ShownItem]], k: int) -> list[ShownItem]:
        """Its first k items by position, which is counted on from slate to slate. cards: the items
        of one slate.
        """
        found: list[ShownItem] = []
        before = 0
        for slate in self.slates:
            found += [replace(one, position=before + one.position) for one in cards(slate)]
            before += len(slate.entries)
        return found[:k]


def listed(enquiries: Enquiries, ticket: Ticket, k: int, wait: float = 0.0) -> LongList:
    """The first k items for a search, as far as they come within `wait` seconds.

    What a slate leaves over is asked for once that slate was shown, so that nothing comes twice,
    and each ten are events and work of their own. A list is shorter where there is no more.

    Raises NotFoundError for a request that nobody made, WorkError when work was given up.
    """
    deadline = time.monotonic() + wait
    slates: list[Answer] = []
    size = enquiries.live.k
    while True:
        lacking = k - size * len(slates)
        left = max(0.0, deadline - time.monotonic())
        answer = enquiries.answer(ticket, left, most=lacking)
        if answer is None:
            return LongList(slates, is_whole=False)
        slates.append(answer)
        is_full = bool((answer.entries["item"] >= 0).all())
        further = enquiries.ask_further(ticket) if is_full and lacking > size else None
        if further is None:
            return LongList(slates, is_whole=True)
        ticket = further
