"""`--out` through the command line: what is no regular file is written into, never replaced."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from tests.installation import TOY_FLAGS, Installation, Installer

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """With a finished run."""
    made = installed(tmp_path_factory.mktemp("outputs"))
    done = made.call("simulate", *TOY_FLAGS, "--local")
    assert done.returncode == 0, done.stderr
    return made


def latest(installation: Installation) -> str:
    """The run's id."""
    return (installation.folder / "runs" / "latest").readlink().name


@pytest.mark.thorough
def test_events_reach_a_fifo_and_a_link_s_target(
    installation: Installation, tmp_path: Path
) -> None:
    """All three ways out hold the same lines as standard output."""
    plain, fifo, link, target = (tmp_path / name for name in ("plain", "fifo", "link", "target"))
    os.mkfifo(fifo)
    link.symlink_to(target)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()), daemon=True)
    reader.start()
    for out in (plain, fifo, link):
        done = installation.call("events", "export", latest(installation), "--out", str(out))
        assert done.returncode == 0, done.stderr
    reader.join(timeout=30)
    said = installation.call("events", "export", latest(installation)).stdout
    assert said.count("\n") > 100
    assert [plain.read_text(), *read, target.read_text()] == [said] * 3
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert link.readlink() == target


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["", ".", "runs"])
def test_a_folder_as_out_is_refused(installation: Installation, name: str) -> None:
    """In one line, before anything is read."""
    done = installation.call("events", "export", "latest", "--out", name)
    assert done.returncode == 2
    assert done.stderr.startswith("windowshop: --out wants a file, found the folder ")
    assert len(done.stderr.splitlines()) == 1


def test_a_grid_that_is_a_folder_is_refused(installation: Installation) -> None:
    """Before the model is opened."""
    (installation.folder / "grid.png").mkdir()
    done = installation.call("similar", "none.png", "--out", "grid.png", "--catalogue", "toy")
    assert done.returncode == 2
    assert "--out wants a file, found the folder 'grid.png'" in done.stderr
