"""`windowshop verify` finds every kind of tampering, by name, and nothing where nothing was
touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from db import schema
from db.engine import open_engine, write_transaction
from db.events import Kind
from db.tables import (
    cointeraction,
    embedding,
    ended_session,
    event,
    generation,
    run,
    slate,
    slate_outcome,
    work,
)
from recommender.ranking import SLATE
from simulator.operations.checks import Check, judged
from simulator.operations.verify import verify
from tests import factories
from tests.databases import KINDS, POSTGRES, copied, fresh_postgres
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

LAST = factories.TOY_PLAN.days - 1
"""The last generation, which no slate reads."""


@pytest.fixture(scope="module", params=KINDS)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """The address of a database with a finished run, and the run's id."""
    address = f"sqlite:///{tmp_path_factory.mktemp('verify') / 'shop.db'}"
    if request.param == POSTGRES:
        address = fresh_postgres(request.getfixturevalue("postgres"))
    engine = open_engine(address)
    schema.ensure(engine)
    played = factories.play(engine, LocalWorkforce(engine)).run.id
    engine.dispose()
    return address, played


def checks_after(
    played: tuple[str, str], folder: Path, spoil: Callable[[Connection], None]
) -> list[Check]:
    """What verify says of a copy of the database in which something was changed."""
    engine = open_engine(copied(played[0], folder))
    with write_transaction(engine) as conn:
        spoil(conn)
    found = verify(factories.context_of(engine), played[1])
    engine.dispose()
    return found


def nothing(_: Connection) -> None:
    """Leave everything as it is."""


def a_count(conn: Connection) -> None:
    """The last byte of one row of counts of the last generation."""
    row = conn.execute(select(cointeraction).where(cointeraction.c.generation == LAST)).first()
    assert row is not None
    spoilt = row.increments[:-1] + bytes([row.increments[-1] ^ 1])
    here = (cointeraction.c.generation == LAST) & (cointeraction.c.item == row.item)
    conn.execute(update(cointeraction).where(here).values(increments=spoilt))


def a_count_that_was_read(conn: Connection) -> None:
    """All counts of the first generation: later slates come from them."""
    conn.execute(delete(cointeraction).where(cointeraction.c.generation == 0))


def what_was_learned(conn: Connection) -> None:
    """A number of the last generation, which no slate reads."""
    text = conn.execute(
        select(generation.c.learned).where(generation.c.number == LAST)
    ).scalar_one()
    assert '"kappa":' in text
    spoilt = text.replace('"kappa":', '"kappa":1')
    conn.execute(update(generation).where(generation.c.number == LAST).values(learned=spoilt))


def popularity(conn: Connection) -> None:
    """How often items were shown, in the last generation."""
    conn.execute(update(generation).where(generation.c.number == LAST).values(popularity=b""))


def a_score(conn: Connection) -> None:
    """One number of one slate, the items left as they are."""
    change_slate(conn, "score", 0.5)


def an_item_on_a_slate(conn: Connection) -> None:
    """One item of one slate: it is no longer what the shopper saw."""
    change_slate(conn, "item", 0)


def change_slate(conn: Connection, name: str, value: float) -> None:
    """Another value in the first place of the first slate."""
    row = conn.execute(select(slate).order_by(slate.c.session, slate.c.step)).first()
    assert row is not None
    entries = np.frombuffer(row.entries, SLATE).copy()
    assert entries[name][0] != value
    entries[name][0] = value
    here = (slate.c.session == row.session) & (slate.c.step == row.step)
    conn.execute(update(slate).where(here).values(entries=entries.tobytes()))


def a_missing_slate(conn: Connection) -> None:
    """One request without its slate."""
    last = conn.execute(select(func.max(slate.c.session))).scalar_one()
    conn.execute(delete(slate).where(slate.c.session == last, slate.c.step == 0))


def a_missing_leave(conn: Connection) -> None:
    """The last event of one session: the ordinals before it have no gap."""
    drop_first(conn, Kind.LEAVE)


def a_missing_click(conn: Connection) -> None:
    """An event in the middle of a session, which counts and slates follow from."""
    drop_first(conn, Kind.CLICK)


def drop_first(conn: Connection, kind: Kind) -> None:
    """The first event of a kind."""
    first = select(event.c.session, event.c.ordinal).where(event.c.kind == kind)
    row = conn.execute(first.order_by(event.c.session, event.c.ordinal)).first()
    assert row is not None
    conn.execute(
        delete(event).where(event.c.session == row.session, event.c.ordinal == row.ordinal)
    )


def a_step_back_in_time(conn: Connection) -> None:
    """A session that ends before it began."""
    conn.execute(update(event).where(event.c.kind == Kind.LEAVE).values(at=0))


def a_session_folded_that_nobody_had(conn: Connection) -> None:
    """One more session in the last generation."""
    number = conn.execute(select(run.c.number)).scalar_one()
    conn.execute(insert(ended_session).values(run=number, session=10**9, generation=LAST))


def a_session_never_folded(conn: Connection) -> None:
    """One session less in the last generation."""
    some = select(func.min(ended_session.c.session)).where(ended_session.c.generation == LAST)
    conn.execute(delete(ended_session).where(ended_session.c.session == some.scalar_subquery()))


def work_left_over(conn: Connection) -> None:
    """A row that nobody did."""
    row = {
        "kind": "fold",
        "key": "late",
        "payload": "{}",
        "state": "ready",
        "tries": 0,
        "rung": 0.0,
    }
    conn.execute(insert(work).values(run=conn.execute(select(run.c.number)).scalar_one(), **row))


def work_given_up(conn: Connection) -> None:
    """A row that nobody could do."""
    work_left_over(conn)
    conn.execute(update(work).values(state="parked", reason="it broke"))


def a_longer_embedding(conn: Connection) -> None:
    """One vector, a thousandth too long: rounding hides it from the scores."""
    change_embedding(conn, lambda vector: vector * np.float32(1.0001))


def another_embedding(conn: Connection) -> None:
    """One vector turned round, of the same length."""
    change_embedding(conn, lambda vector: -vector)


def no_number_in_an_embedding(conn: Connection) -> None:
    """A NaN."""
    change_embedding(
        conn, lambda vector: np.where(np.arange(len(vector)) == 0, np.float32("nan"), vector)
    )


def no_embedding(conn: Connection) -> None:
    """A picture whose vector is gone."""
    conn.execute(
        delete(embedding).where(
            embedding.c.image == select(func.min(embedding.c.image)).scalar_subquery()
        )
    )


def half_a_row_of_counts(conn: Connection) -> None:
    """Bytes that are no counts."""
    conn.execute(
        update(cointeraction).where(cointeraction.c.generation == LAST).values(increments=b"half")
    )


def change_embedding(conn: Connection, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Another vector for the first picture."""
    first = select(embedding.c.image, embedding.c.vector).order_by(embedding.c.image)
    key, blob = conn.execute(first).first() or ("", b"")
    spoilt = change(np.frombuffer(blob, "<f4")).astype("<f4").tobytes()
    conn.execute(update(embedding).where(embedding.c.image == key).values(vector=spoilt))


def a_missing_reading(conn: Connection) -> None:
    """The judge's word on one slate."""
    last = conn.execute(select(func.max(slate_outcome.c.session))).scalar_one()
    conn.execute(
        delete(slate_outcome).where(slate_outcome.c.session == last, slate_outcome.c.step == 0)
    )


def an_unfinished_run(conn: Connection) -> None:
    """Somebody stopped it."""
    conn.execute(update(run).values(state="running"))


TAMPERINGS: dict[Callable[[Connection], None], set[str]] = {
    nothing: set(),
    a_count: {"counts"},
    a_count_that_was_read: {"counts", "slates"},
    what_was_learned: {"counts"},
    popularity: {"counts"},
    a_score: {"slates"},
    an_item_on_a_slate: {"slates", "impressions"},
    a_missing_slate: {"requests", "impressions"},
    a_missing_leave: {"events"},
    a_missing_click: {"events", "counts", "slates"},
    a_step_back_in_time: {"events"},
    a_session_folded_that_nobody_had: {"sessions", "counts"},
    a_session_never_folded: {"sessions", "counts"},
    work_left_over: {"work"},
    work_given_up: {"work"},
    a_longer_embedding: {"embeddings"},
    another_embedding: {"counts", "slates"},
    no_number_in_an_embedding: {"embeddings", "counts", "slates"},
    no_embedding: {"embeddings", "counts", "slates"},
    half_a_row_of_counts: {"counts"},
    a_missing_reading: {"impressions"},
    an_unfinished_run: {"finished"},
}
"""What is done to the database, and the checks that must fail, no more and no less."""


@pytest.mark.parametrize(
    ("spoil", "wrong"), TAMPERINGS.items(), ids=[spoil.__name__ for spoil in TAMPERINGS]
)
def test_tampering_is_found(
    played: tuple[str, str], tmp_path: Path, spoil: Callable[[Connection], None], wrong: set[str]
) -> None:
    """Exactly the checks fail that the change concerns."""
    found = checks_after(played, tmp_path, spoil)
    assert {check.name for check in found if not check.ok} == wrong, found


def test_every_check_can_fail() -> None:
    """No check is there for show."""
    names = {
        "finished",
        "events",
        "requests",
        "sessions",
        "work",
        "embeddings",
        "impressions",
        "counts",
        "slates",
    }
    assert set().union(*TAMPERINGS.values()) == names


def test_the_oracle_is_verified_without_a_recommender(any_engine: Engine) -> None:
    """Its slates are the judge's own; the counts are recounted all the same."""
    oracle = factories.play(any_engine, LocalWorkforce(any_engine), policy="oracle").run.id
    found = verify(factories.context_of(any_engine), oracle)
    assert [check for check in found if not check.ok] == []


def test_numbers_that_lead_nowhere_are_wrong_and_no_crash() -> None:
    """As a flipped bit in an item's number leaves them."""

    def parts() -> Iterator[str | None]:
        yield None
        np.zeros(3)[7]

    found = judged(parts(), "counts", "parts")
    assert not found.ok
    assert found.detail.startswith("cannot be recomputed: index 7 is out of bounds")
