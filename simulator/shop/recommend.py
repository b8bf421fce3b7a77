"""One recommendation from the command line or Python: a visitor who asks once, by the road of the
shop.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db import heartbeats, items, runs
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError, WorkError
from db.runs import Run
from simulator.catalogues.decoder import Decoder
from simulator.installation.context import Context
from simulator.installation.named import named
from simulator.playing.desk import Desk
from simulator.playing.plan import Plan, Resolved
from simulator.playing.simulate import check_workforce, embed_missing
from simulator.shop.live.acting import Acts
from simulator.shop.live.asking import Enquiries, FrontDesk, PromptWorkforce, Ticket, Visitor
from simulator.shop.live.cards import ShownItem, cards
from simulator.shop.live.live_run import LiveRun, base_of, open_live, resolve_live
from simulator.shop.live.neighbours import KnownVectors
from simulator.shop.live.watching import SlateWatch
from simulator.shop.longer import LongList, listed
from simulator.shop.web.cookies import FIRST_VISITOR
from simulator.shop.wish import OFFERED
from workers.knowledge import LIVE
from workers.supervisor import Supervisor

CENTS = 100


@dataclass(frozen=True)
class Recommended:
    """What came of a request."""

    job: str
    """By which it can be fetched."""
    state: str
    """done, waiting, or parked."""
    query: str = ""
    """Id of the item that was asked with; empty while it waits."""
    items: tuple[ShownItem, ...] = ()
    """The best first."""
    why: str = ""
    """Of work that was given up."""

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        wanted = ("item", "score", "category", "price", "reason", "parts")
        shown = [one.to_json(one.price / CENTS) for one in self.items]
        listed = [{name: one[name] for name in wanted} for one in shown]
        return {"job": self.job, "state": self.state, "query": self.query, "items": listed}


def recommend(
    context: Context,
    what: str | Path,
    *,
    run: str | None = None,
    shopper: int | None = None,
    k: int = 10,
    wait: float = 10.0,
) -> Recommended:
    """The k best items for an item's id or a picture, by what a run has learned.

    run: a run, an experiment or `latest`; None: the newest of blend, else pictures alone. shopper:
    a simulated one, whose history counts. wait: seconds until the job alone is given back.

    Raises NotFoundError for an unknown item or run, UsageError for a run that cannot be asked, and
    DataError for a file that is no picture.
    """
    base = _base(context, run)
    policy = "blend" if base is None else str(base.config["policy"])
    if policy not in OFFERED:
        raise UsageError(
            f"run {base.id if base else ''} is of {policy!r}, whom nobody can ask; name one of"
            f" {', '.join(OFFERED)}"
        )
    resolved = resolve_live(context, policy, base, Plan())
    with _workers(context) as workforce:
        live = open_live(context, resolved)
        key = EmbedderKey(live.run.config["model"], live.run.config["runtime"])
        embed_missing(context, Desk(context.engine, live.run, workforce, k=live.k), key)
        visitor = _visitor(live, shopper)
        enquiries = _enquiries(context, live, workforce)
        ticket = _ask(enquiries, visitor, what)
        found = _fetched(enquiries, ticket, k, wait)
        if found.state == "done":
            Acts(context.engine, live).leave(visitor)
    return found


def fetch(context: Context, job: str, *, k: int = 10, wait: float = 0.0) -> Recommended:
    """What came of an earlier request.

    Raises NotFoundError for a job that nobody made.
    """
    try:
        ticket = Ticket.of(job)
    except NotFoundError:
        raise _no_job(job) from None
    with read_transaction(context.engine) as conn:
        run = runs.read(conn, ticket.run)
        if run.config.get("kind") != LIVE:
            raise _no_job(job)
        chosen = items.of_run(conn, run.number)
    n = run.config["items"] + run.config["queries"]
    live = open_live(context, Resolved(run.config, chosen[:n]))
    with _workers(context) as workforce:
        return _fetched(_enquiries(context, live, workforce), ticket, k, wait)


def _enquiries(context: Context, live: LiveRun, workforce: PromptWorkforce) -> Enquiries:
    engine = context.engine
    return Enquiries(engine, live, workforce, SlateWatch(engine), FrontDesk(engine))


def _no_job(job: str) -> NotFoundError:
    return NotFoundError(f"there is no job {job[:80]!r}; `windowshop recommend` makes one")


def _fetched(enquiries: Enquiries, ticket: Ticket, k: int, wait: float) -> Recommended:
    try:
        found = listed(enquiries, ticket, k, wait)
    except WorkError as error:
        return Recommended(str(ticket), "parked", why=str(error))
    if not found.is_whole:
        return Recommended(str(ticket), "waiting")
    return _done(enquiries, found, k)


def _done(enquiries: Enquiries, found: LongList, k: int) -> Recommended:
    live = enquiries.live
    vectors = KnownVectors(enquiries.engine, live)
    first = found.slates[0]
    query = Acts(enquiries.engine, live).item(first.query).item_id
    shown = found.items(lambda slate: cards(live, slate, vectors.cosine), k)
    return Recommended(str(first.ticket), "done", query, tuple(shown))


def _ask(enquiries: Enquiries, visitor: Visitor, what: str | Path) -> Ticket:
    number = enquiries.live.numbers.get(str(what))
    if number is not None:
        return enquiries.ask(visitor, number)
    if not Path(what).is_file():
        raise NotFoundError(
            f"{str(what)!r} is neither an item of this shop nor a picture; `windowshop catalogue"
            " list` says what there is"
        )
    with Decoder() as decoder:
        return enquiries.ask_with_picture(visitor, decoder.read(Path(what)).canonical)


def _visitor(live: LiveRun, shopper: int | None) -> Visitor:
    """Somebody who comes once, as herself or as a simulated shopper."""
    number = FIRST_VISITOR + secrets.randbits(30)
    if shopper is None:
        return Visitor(number, number)
    if not 0 <= shopper < live.known_shoppers:
        raise UsageError(
            f"there is no shopper {shopper}; this shop knows 0 to {live.known_shoppers - 1}"
            if live.known_shoppers
            else f"there is no shopper {shopper}: this shop goes on from no run; name one by --run"
        )
    return Visitor(number, shopper)


def _base(context: Context, name: str | None) -> Run | None:
    """The run that is asked; of an experiment blend's, else its first."""
    if name is None:
        return base_of(context, None)
    with read_transaction(context.engine) as conn:
        found = [runs.read(conn, one) for one in named(context, name).run_ids]
    return next((one for one in found if one.config["policy"] == "blend"), found[0])


class _Patience:
    """Rings for nobody: the relay of a running `up` or `serve` sees what waits."""

    def ring(self, work_ids: list[int]) -> None:
        """Work was written."""

    def ring_first(self, work_ids: list[int]) -> None:
        """Work was written for which a person waits."""


@contextmanager
def _workers(context: Context) -> Iterator[PromptWorkforce]:
    """Those who are there already, else workers for as long as this call."""
    with read_transaction(context.engine) as conn:
        there = [one for one in heartbeats.every(conn) if not one.is_silent]
    has_relay = any(one.kind == heartbeats.SUPERVISOR for one in there)
    if has_relay and any(one.kind == heartbeats.WORKER for one in there):
        yield _Patience()
        return
    check_workforce(context, local=False)
    with Supervisor(context.settings, context.engine) as workforce:
        yield workforce
