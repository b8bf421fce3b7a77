"""Cases 21 and 23 through the shop's HTTP: more requests than its worker can do, and hostile text
in every field.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import Engine, func, select

from db import runs
from db.engine import read_transaction
from db.events import Kind
from db.tables import event, slate, work
from simulator.operations.verify import verify
from tests import factories
from tests.faults.account import Account
from tests.faults.lane import PATIENCE, allowed_drain, short_or_whole, wait_until
from tests.faults.test_names import HOSTILE, sizes
from tests.installation import TOY_FLAGS, Installation, Installer
from tests.service.shop import open_shop
from tests.service.test_shop_process import SEARCH, children, is_ready, serving

Accounts = Callable[..., Account]

SHOPPERS = 40
REFUSALS = short_or_whole(5, 100)
"""After so many a shopper gives up."""
MEGABYTES = 100.0
"""What a burst may add to the memory of the web process."""


@pytest.fixture
def made(installed: Installer, tmp_path: Path) -> Installation:
    """An installation in which blend was played."""
    found = installed(tmp_path / "shop")
    done = found.call("simulate", "--policy", "blend", "--local", *TOY_FLAGS)
    assert done.returncode == 0, done.stderr
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_21_a_burst_that_nobody_can_work_off(made: Installation, accounts: Accounts) -> None:
    """Every worker hangs while forty shoppers ask as fast as they can: those beyond what may wait
    get 503 with Retry-After. When the workers go on, each accepted request has one slate.
    """
    account = accounts(21, f"a burst of {SHOPPERS} shoppers, workers stopped", "sqlite")
    with serving(made) as (process, client):
        wait_until(lambda: is_ready(client), "the shop opens")
        began = megabytes(process.pid)
        with stopped(workers_of(process.pid)), ThreadPoolExecutor(SHOPPERS) as pool:
            asked = [pool.submit(ask_on, str(client.base_url)) for _ in range(SHOPPERS)]
            told = sum((one.result() for one in asked), Counter())
            grown = megabytes(process.pid) - began
        assert set(told) <= {202, 429, 503}, told
        assert told[202] > 0
        assert grown < MEGABYTES
        drained = wait_until(lambda: not left(made), "what was accepted is answered")
        account.events, account.drain = told[202], drained
        assert drained <= allowed_drain()
        assert client.post(SEARCH, json={"item": "query-0130", "wait": 10}).status_code == 200
    account.lost = told[202] + 1 - searches(made)
    account.double = slates(made) - searches(made)
    assert (account.lost, account.double) == (0, 0)
    assert wrong(made) == {}


def ask_on(address: str) -> Counter[int]:
    """How often a shopper got each status; a refusal says when to come again."""
    found: Counter[int] = Counter()
    until = time.monotonic() + PATIENCE
    with httpx.Client(base_url=address, timeout=60) as client:
        while found[503] < REFUSALS:
            assert time.monotonic() < until, "the shop takes whatever comes"
            answer = client.post(SEARCH, json={"item": "query-0131", "wait": 0})
            found[answer.status_code] += 1
            if answer.is_error:
                assert int(answer.headers["retry-after"]) > 0
                time.sleep(0.05)
    return found


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Processes that hang for as long as the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def workers_of(pid: int) -> list[int]:
    """The worker processes that a server has started."""
    found = [
        one
        for one in children(pid)
        if b"-m\0workers\0" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]
    assert found
    return found


def megabytes(pid: int) -> float:
    """The memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def counted(made: Installation, statement: Callable[[int], object]) -> int:
    """A count in the live run."""
    engine = made.engine()
    with read_transaction(engine) as conn:
        (live,) = (one for one in runs.every(conn) if one.config.get("kind") == "live")
        n = conn.execute(statement(live.number)).scalar_one()  # type: ignore[call-overload]
    engine.dispose()
    return int(n)


def left(made: Installation) -> int:
    """Requests that nobody has answered."""
    is_asked = work.c.kind == "answer"
    return counted(made, lambda run: select(func.count()).where(work.c.run == run, is_asked))


def searches(made: Installation) -> int:
    """Searches in the live run."""
    is_asked = event.c.kind == int(Kind.SEARCH)
    return counted(made, lambda run: select(func.count()).where(event.c.run == run, is_asked))


def slates(made: Installation) -> int:
    """Slates in the live run."""
    return counted(made, lambda run: select(func.count()).where(slate.c.run == run))


def wrong(made: Installation) -> dict[str, str]:
    """What `verify` has against the live run; that the toy network cannot embed is no matter."""
    engine = made.engine()
    with read_transaction(engine) as conn:
        (live,) = (one for one in runs.every(conn) if one.config.get("kind") == "live")
    found = verify(factories.context_of(engine), live.id)
    engine.dispose()
    return {one.name: one.detail for one in found if not one.ok and one.name != "work"}


PERSON = {"accept": "text/html"}


def test_23_hostile_text_in_every_field_of_the_shop(engine: Engine, accounts: Accounts) -> None:
    """In each part of an address, each query and each field of a form: no 5xx, nothing of it comes
    back as markup, and no table has a row more or less for it.
    """
    with open_shop(engine, policy="visual") as (_, client):
        before = sizes(engine)
        calls = [call for text in HOSTILE for call in every_call(client, text)]
        accounts(23, "hostile text through the shop", engine, times=len(calls))
        for text, call in calls:
            answer = call()
            assert answer.status_code < 500, (text, answer.request.url)
            if "<" in text and answer.headers.get("content-type", "").startswith("text/html"):
                assert text not in answer.text, answer.request.url
        assert client.get("/healthz").text == "ok\n"
        assert {name: n for name, n in sizes(engine).items() if n < before[name]} == {}
        assert sizes(engine)["item"] == before["item"]
        assert sizes(engine)["run"] == before["run"]


def every_call(
    client: httpx.Client, text: str
) -> Iterator[tuple[str, Callable[[], httpx.Response]]]:
    """A text in every place where somebody may write one."""
    written = quote(text, safe="")
    for place in ("/items", "/pictures", "/shoppers", "/runs", "/api/v1/items", "/api/v1/runs"):
        yield text, lambda place=place: client.get(f"{place}/{written}", headers=PERSON)
    yield text, lambda: client.get("/compare", params={"a": text, "b": text}, headers=PERSON)
    for place, name in (("/", "category"), ("/runs", "sort"), ("/runs", "policy"), ("/", "policy")):
        yield (
            text,
            lambda place=place, name=name: client.get(place, params={name: text}, headers=PERSON),
        )
    yield text, lambda: client.post(SEARCH, json={"item": text, "wait": 0})
    yield (
        text,
        lambda: client.post(
            "/api/v1/events", json={"kind": text, "search": text, "position": 1, "id": text}
        ),
    )
    yield text, lambda: client.post("/search", files={"image": (name_of(text), b"x", "image/png")})
    yield (
        text,
        lambda: client.post(
            "/api/v1/items",
            data={"category": text, "price": text, "item": text, "name": text},
            files={"image": (name_of(text), b"x", "image/png")},
        ),
    )
    yield text, lambda: client.patch(f"/api/v1/items/{written}", json={"name": text})
    yield text, lambda: client.delete(f"/api/v1/items/{written}")


def name_of(text: str) -> str:
    """As the name of a file in a form, which has no line ends."""
    return text.replace("\n", " ").replace("\0", " ") or "x"
