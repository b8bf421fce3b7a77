"""A guest of Python lives in its own process: whatever it does, we get an answer or a reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.guest_classes import HERE
from workers.guests import tables
from workers.guests.address import parse
from workers.guests.door import GuestError, Limits
from workers.guests.doors.process import PythonDoor
from workers.guests.protocol import Requests, Shop

N_ITEMS = 30
K = 5


def shop() -> Shop:
    """Thirty items and one query."""
    numbers = np.arange(N_ITEMS, dtype=np.int32)
    items = pa.table({"number": numbers, "id": [f"i{n}" for n in numbers]})
    queries = pa.table({"number": pa.array([N_ITEMS], pa.int32()), "id": ["q"]})
    vectors = np.random.default_rng(1).normal(size=(N_ITEMS + 1, 4)).astype(np.float32)
    return Shop(items, queries, np.zeros((N_ITEMS + 1, 28, 28), np.uint8), vectors, K, 1)


def requests(n: int = 3) -> Requests:
    """First requests of n sessions."""
    rows = [
        {"session": one, "shopper": one, "step": 0, "query": N_ITEMS, "history": [], "shown": []}
        for one in range(n)
    ]
    return Requests(pa.Table.from_pylist(rows, schema=tables.REQUESTS), np.ones(N_ITEMS, np.bool_))


def door_of(name: str, seconds: float = 20.0, **options: object) -> PythonDoor:
    """A class of tests.guest_classes behind its door."""
    guest = replace(parse(f"{HERE}:{name}"), options=options)
    return PythonDoor(guest, Limits(seconds=seconds, memory=2 * 2**30))


@pytest.fixture
def odd(request: pytest.FixtureRequest) -> Iterator[PythonDoor]:
    """A guest with one fault, its shop open."""
    door = door_of("Odd", 1.0 if request.param == "hangs" else 20.0, how=request.param)
    door.start(shop())
    yield door
    door.close()


@pytest.fixture(scope="module")
def good() -> Iterator[PythonDoor]:
    """A guest without fault."""
    door = door_of("Looks", boost=2.0)
    door.start(shop())
    yield door
    door.close()


def test_it_answers(good: PythonDoor) -> None:
    """Items, scores, words and propensities come through."""
    said = good.slates(requests())
    assert said.items is not None
    assert said.items.shape == (3, K)
    assert said.scores is not None
    assert said.propensities is not None
    assert said.reasons == [["day 0"] * K] * 3


@pytest.mark.parametrize(
    ("odd", "kind", "words"),
    [
        ("raises", "raised", "RuntimeError: no idea"),
        ("dies", "died", "my last words"),
        ("hangs", "late", "no answer within 1 s"),
        ("leaks", "raised", "MemoryError"),
    ],
    indirect=["odd"],
)
def test_what_it_does_to_its_process_is_said(odd: PythonDoor, kind: str, words: str) -> None:
    """And it can be started again."""
    with pytest.raises(GuestError) as failed:
        odd.slates(requests())
    assert failed.value.kind == kind
    assert words in str(failed.value)
    assert ("odd" in failed.value.traceback) == (kind == "raised")
    odd.start(shop())


@pytest.mark.parametrize("odd", ["words"], indirect=True)
def test_what_is_no_array_comes_in_its_own_words(odd: PythonDoor) -> None:
    """To be quoted."""
    said = odd.slates(requests())
    assert said.items is None
    assert "one, two and three" in said.odd


def test_it_knows_no_address_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process has in its environment is not the guest's."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@there/shop")
    monkeypatch.setenv("WINDOWSHOP_REDIS_PASSWORD_FILE", "/secret")
    door = door_of("Looks")
    door.load()
    process = door._process
    assert process is not None
    with open(f"/proc/{process.pid}/environ", "rb") as file:  # noqa: PTH123 - no regular file
        assert b"secret" not in file.read()
    assert os.environ["DATABASE_URL"]
    door.close()
