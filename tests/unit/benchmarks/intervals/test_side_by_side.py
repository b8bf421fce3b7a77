"""Parts run in processes of their own, and one that fails ends the others."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from benchmarks.intervals.side_by_side import Blocks, blocks_of


def a_block(name: str) -> Blocks:
    """A table, and in which process with how many threads it was made."""
    return {name: f"{os.getpid()} {os.environ['OPENBLAS_NUM_THREADS']}"}


def fails() -> Blocks:
    """A part with a mistake."""
    raise ValueError("no such shop")


def never_ends() -> Blocks:
    """A part that is still at it."""
    while True:
        time.sleep(60)


@pytest.mark.thorough
def test_each_part_gives_its_table_from_another_process() -> None:
    """All of them, on one thread of NumPy's each."""
    parts = {name: partial(a_block, name) for name in ("one", "two", "three")}
    found = {name: block for one in blocks_of(parts, at_once=2) for name, block in one.items()}
    assert sorted(found) == ["one", "three", "two"]
    assert str(os.getpid()) not in {block.split()[0] for block in found.values()}
    assert {block.split()[1] for block in found.values()} == {"1"}


@pytest.mark.thorough
def test_a_mistake_of_one_part_ends_all() -> None:
    """Nobody waits for the part that would never end."""
    with pytest.raises(ValueError, match="no such shop"):
        list(blocks_of({"endless": never_ends, "wrong": fails}, at_once=2))
