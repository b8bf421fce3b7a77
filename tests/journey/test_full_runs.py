"""No room for a report: the line names the setting that helps, and `latest` stays where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.test_room import small_disk
from tests.installation import TOY_FLAGS, Installer
from tests.tiers import first_of

pytestmark = pytest.mark.journey

SIMULATE = ("simulate", *TOY_FLAGS, "--local", "--policy", "cf")
ROOM = 24_000
"""Bytes: enough for what a run says of itself, too little for its page."""


@pytest.mark.parametrize(
    "command",
    first_of([SIMULATE, ("experiment", *TOY_FLAGS, "--local", "--policies", "cf", "--seeds", "1")]),
)
def test_latest_waits_for_a_whole_report(
    tmp_path: Path, installed: Installer, command: tuple[str, ...]
) -> None:
    """Exit 1 on the full disk; with room the same command ends well, and `latest` follows."""
    shop = installed(tmp_path / "shop")
    with small_disk(tmp_path / "runs", megabytes=4) as runs:
        place = ("--runs", str(runs))
        assert shop.call(*SIMULATE, "--seed", "1", *place).returncode == 0
        before = (runs / "latest").readlink()
        ballast = runs / "ballast"
        fill(ballast, but=ROOM)
        done = shop.call(*command, "--seed", "2", *place)
        assert done.returncode == 1, done.stderr
        assert "No space left" in done.stderr.splitlines()[-1]
        assert "WINDOWSHOP_RUNS or --runs" in done.stderr.splitlines()[-1]
        assert "WINDOWSHOP_HOME" not in done.stderr
        assert (runs / "latest").readlink() == before
        ballast.unlink()
        assert shop.call(*command, "--seed", "2", *place).returncode == 0
        after = (runs / "latest").readlink()
        assert after != before
        assert (runs / after / "report.html").exists()


def fill(ballast: Path, *, but: int) -> None:
    """Take all the room but for some bytes."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            file.truncate(file.tell() - but)
