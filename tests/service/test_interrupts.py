"""A Ctrl-C stays one on both databases, whatever the driver was in the middle of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from db.engine import read_transaction, write_transaction
from db.errors import WindowshopError

pytestmark = pytest.mark.service


class Terminated(KeyboardInterrupt):
    """As the command line takes a SIGTERM."""


@pytest.mark.parametrize("transaction", [read_transaction, write_transaction])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, Terminated])
def test_a_driver_that_stumbles_over_an_interrupt_does_not_hide_it(
    engine: Engine, transaction: Callable[..., object], interrupt: type[KeyboardInterrupt]
) -> None:
    """As psycopg does when it is cut short while it looks whether a connection still lives."""

    def stumble() -> None:
        with transaction(engine) as conn:  # type: ignore[attr-defined]
            try:
                raise interrupt
            finally:
                conn.exec_driver_sql("no SQL at all")

    with pytest.raises(interrupt):
        stumble()


@pytest.mark.parametrize("transaction", [read_transaction, write_transaction])
def test_what_fails_after_an_interrupt_is_told_as_ever(
    engine: Engine, transaction: Callable[..., object]
) -> None:
    """Who tidies up may go on to the next thing; the interrupt would cut that short."""

    def tidy_up() -> None:
        with transaction(engine) as conn:  # type: ignore[attr-defined]
            conn.exec_driver_sql("no SQL at all")

    def stop() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            tidy_up()

    with pytest.raises(WindowshopError):
        stop()
