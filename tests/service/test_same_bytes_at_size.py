"""The demo's own sizes: one digest whatever the threads, the BLAS kernel, the instructions, and who plays."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installation import ROOT, Installation

pytestmark = [pytest.mark.service, pytest.mark.thorough, pytest.mark.timeout(1500)]

SEEDS = ("1", "2", "3")
POLICIES = (
    *("random", "popularity", "visual", "cf", "blend", "blend-fixed", "itemknn-cfcbf"),
    *("logging", "category", "bayes", "bayes-history", "oracle"),
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
OTHERWISE = {
    "two threads and Haswell's kernel": {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Haswell"},
    "SkylakeX's kernel": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SkylakeX"},
    "no instruction beyond SSE4": {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"},
}
"""Other ways to add up the same numbers. What a processor lacks is ignored."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A home without anything, in which the commands make Fashion-MNIST's catalogue."""
    return Installation(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def reference(shop: Installation) -> dict[str, str]:
    """By policy and seed, what runs in memory on one thread learned and exported."""
    return digests(shop, POLICIES, **ONE_THREAD)


def digests(shop: Installation, policies: tuple[str, ...], **changes: str) -> dict[str, str]:
    """Of runs in memory under all seeds, in a process of its own."""
    said = python(shop, "-m", "tests.memory_digest", ",".join(policies), ",".join(SEEDS), **changes)
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
        timeout=1400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("setting", OTHERWISE)
def test_no_order_of_adding_changes_a_bit(
    shop: Installation, reference: dict[str, str], setting: str
) -> None:
    """All policies, three seeds: judge, learning and events are the same bytes."""
    assert digests(shop, POLICIES, **OTHERWISE[setting]) == reference


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("who", [("--workers", "2"), ("--local",)], ids=["workers", "local"])
def test_stored_runs_export_what_memory_does_and_verify(
    shop: Installation, reference: dict[str, str], seed: str, who: tuple[str, ...]
) -> None:
    """Two workers with one thread each, and the command's own process with two: each verifies with two."""
    python(shop, "-m", "simulator", "simulate", "--policy", "blend", "--seed", seed, "--again", *who)
    run = latest(shop)
    out = shop.folder / "events.jsonl"
    python(shop, "-m", "simulator", "events", "export", run, "--out", str(out))
    assert hashlib.sha256(out.read_bytes()).hexdigest() == reference[f"blend {seed}"].split()[1]
    verdict = json.loads(python(shop, "-m", "simulator", "verify", run, "--json"))
    assert verdict["ok"], verdict


def latest(shop: Installation) -> str:
    """The run that was played last."""
    return Path(shop.folder / "runs" / "latest").resolve().name
