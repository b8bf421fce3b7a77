"""The demo's own sizes: one digest whatever the threads, the BLAS kernel, the instructions, and who
plays.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from recommender.registry import POLICY_NAMES
from simulator.cli.options import SHOP
from tests.installation import ROOT, Installation

pytestmark = [pytest.mark.service, pytest.mark.thorough, pytest.mark.timeout(3000)]

SEEDS = ("1", "2", "3")
LEARNING = ("blend",)
OTHERS = tuple(name for name in POLICY_NAMES if name not in LEARNING)
OTHERWISE = {
    "two threads and Haswell's kernel": {
        "OPENBLAS_NUM_THREADS": "2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
    "SkylakeX's kernel": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SkylakeX"},
    "no instruction beyond SSE4": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
    },
}
"""Other ways to add up the same numbers. What a processor lacks is ignored."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A home without anything, in which the commands make Fashion-MNIST's catalogue."""
    return Installation(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def reference(shop: Installation) -> dict[str, str]:
    """By policy and seed, what runs in memory on one thread learned and exported."""
    return digests(shop, POLICY_NAMES, SEEDS, OPENBLAS_NUM_THREADS="1")


def digests(
    shop: Installation, policies: Sequence[str], seeds: Sequence[str], **changes: str
) -> dict[str, str]:
    """Of runs in memory, in a process of its own."""
    said = python(shop, "-m", "tests.memory_digest", ",".join(policies), ",".join(seeds), **changes)
    runs = [line.rsplit(maxsplit=2) for line in said.splitlines()]
    return {run: f"{learned} {export}" for run, learned, export in runs}


def python(shop: Installation, *words: str, **changes: str) -> str:
    """What Python says on standard output; fails with what it complains about."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=shop.folder,
        env={**shop.environment(), "WINDOWSHOP_OFFLINE": "0", "PYTHONPATH": str(ROOT), **changes},
        capture_output=True,
        text=True,
        timeout=2900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("number", range(len(OTHERWISE)), ids=OTHERWISE)
def test_no_order_of_adding_changes_a_bit(
    shop: Installation, reference: dict[str, str], number: int
) -> None:
    """The judge, what is learned and the events are the same bytes.

    What learns most plays all seeds in each setting, all others one seed, another in each setting.
    """
    setting = list(OTHERWISE.values())[number]
    found = digests(shop, LEARNING, SEEDS, **setting)
    found |= digests(shop, OTHERS, SEEDS[number : number + 1], **setting)
    assert found == {run: reference[run] for run in found}
    assert len(found) == len(SEEDS) * len(LEARNING) + len(OTHERS)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("who", [("--workers", "2"), ("--local",)], ids=["workers", "local"])
def test_stored_runs_export_what_memory_does_and_verify(
    shop: Installation, reference: dict[str, str], seed: str, who: tuple[str, ...]
) -> None:
    """Two workers with one thread each, and the command's own process with two: each verifies with
    two.
    """
    sizes = [word for name, size in SHOP.items() for word in (f"--{name}", str(size))]
    words = ("simulate", "--policy", "blend", "--seed", seed, *sizes, "--again", *who)
    python(shop, "-m", "simulator", *words)
    run = latest(shop)
    out = shop.folder / "events.jsonl"
    python(shop, "-m", "simulator", "events", "export", run, "--out", str(out))
    assert hashlib.sha256(out.read_bytes()).hexdigest() == reference[f"blend {seed}"].split()[1]
    verdict = json.loads(python(shop, "-m", "simulator", "verify", run, "--json"))
    assert verdict["ok"], verdict


def latest(shop: Installation) -> str:
    """The run that was played last."""
    return Path(shop.folder / "runs" / "latest").resolve().name
