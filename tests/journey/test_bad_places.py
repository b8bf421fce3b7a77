"""Places where something else stands than is wanted: said in one line, and left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation import TOY_FLAGS, Installation, Installer
from tests.journey.refusals import FAILED

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """In which nothing was played yet."""
    return installed(tmp_path_factory.mktemp("places"))


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["folder", "file"])
@pytest.mark.parametrize("command", ["simulate", "experiment"])
def test_what_is_called_latest_and_is_no_link_stays(
    installation: Installation, tmp_path: Path, command: str, kind: str
) -> None:
    """It is somebody's own; found before anything is played."""
    latest = tmp_path / "latest"
    if kind == "folder":
        latest.mkdir()
        (latest / "mine").write_text("mine")
    else:
        latest.write_text("mine")
    done = installation.call(command, *TOY_FLAGS, "--local", "--runs", str(tmp_path))
    assert done.returncode == FAILED
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(
        f"windowshop: {latest} is to be a link to the newest run, found a {kind};"
    )
    assert "--runs" in done.stderr
    assert (latest / "mine" if kind == "folder" else latest).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]
