"""A shop in which most categories cannot be searched in is played to its end, and holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.installation import Installer

pytestmark = pytest.mark.journey

ONE_QUERY = (
    "--catalogue",
    "toy",
    "--items",
    "120",
    "--queries",
    "1",
    "--shoppers",
    "200",
    "--days",
    "2",
)


@pytest.mark.thorough
def test_one_query_image_is_enough_to_shop(tmp_path: Path, installed: Installer) -> None:
    """Three of four categories have none; shoppers open their items and search on elsewhere."""
    installation = installed(tmp_path / "shop")
    policies = ("--policies", "random,blend,oracle", "--seeds", "1")
    words = ("experiment", *policies, *ONE_QUERY, "--local", "--json")
    played = installation.call(*words)
    assert played.returncode == 0, played.stderr
    for run in json.loads(played.stdout)["runs"].values():
        checked = installation.call("verify", run)
        assert checked.returncode == 0, checked.stdout + checked.stderr
