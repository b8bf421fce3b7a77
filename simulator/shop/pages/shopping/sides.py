"""Who answers a visitor: one policy, or two beside each other, each in its own live run."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from db.errors import NotFoundError
from simulator.shop.live.acting import Acts
from simulator.shop.live.asking import Enquiries, Ticket, Visitor
from simulator.shop.live.live_run import LiveRun
from simulator.shop.opening import Premises
from simulator.shop.pages.render import beside_of, policy_of
from simulator.shop.web.cookies import recognised, shopper_of


@dataclass(frozen=True)
class Side:
    """One policy as a visitor meets it."""

    shop: Premises
    live: LiveRun
    visitor: Visitor

    @property
    def enquiries(self) -> Enquiries:
        """Where she asks."""
        return self.shop.enquiries(self.live)

    @property
    def acts(self) -> Acts:
        """What she does."""
        return self.shop.acts(self.live)

    def number(self, item: str) -> int:
        """The number of an item that can be asked for; NotFoundError when there is none."""
        if item not in self.live.numbers:
            raise NotFoundError(f"no item {item[:80]!r} in this shop")
        return self.live.numbers[item]


def shop_of(request: Request) -> Premises:
    """The shop of this process."""
    found: Premises = request.app.state.shop
    return found


def sides_of(request: Request) -> list[Side]:
    """The visitor at the policy that she chose, and at the one beside it if she chose one.

    It is the same visitor in both: the page that is drawn for a new one brings her cookie.
    """
    shop = shop_of(request)
    live = shop.live(policy_of(request, shop))
    found = [Side(shop, live, recognised(request, Response(), live))]
    beside = beside_of(request, shop)
    if beside:
        found.append(at(found[0], shop.live(beside), request))
    return found


def at(side: Side, live: LiveRun, request: Request) -> Side:
    """The same visitor at another live run, where other simulated shoppers may be known."""
    number = side.visitor.number
    return Side(side.shop, live, Visitor(number, shopper_of(request, live, number)))


def side_of(request: Request, ticket: str) -> tuple[Side, Ticket]:
    """The visitor at the live run of an earlier search; NotFoundError for a search of none."""
    asked = Ticket.of(ticket)
    shop = shop_of(request)
    live = shop.live_of(asked.run)
    return Side(shop, live, recognised(request, Response(), live)), asked
