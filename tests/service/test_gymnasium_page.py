"""The programs of docs/GYMNASIUM.md, executed in the toy shop, which has 120 items."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.installation import ROOT, Installer

pytestmark = [pytest.mark.service, pytest.mark.thorough]
PROGRAMS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs" / "GYMNASIUM.md").read_text(), re.DOTALL | re.MULTILINE
)
TOY = 'items=120, queries=40, shoppers=600, catalogue="toy"'


@pytest.fixture(scope="module")
def printed(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each program of the page prints, with the toy shop in the place of Fashion-MNIST."""
    made = installed(tmp_path_factory.mktemp("gymnasium") / "shop")
    said = []
    for program in PROGRAMS:
        assert "items=300" in program
        done = made.python("-W", "error", "-c", program.replace("items=300", TOY))
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    return said


def test_a_visit_is_told_in_events_to_its_end(printed: list[str]) -> None:
    """Each slate is an impression, and the last one ends with her leaving."""
    slates = printed[0].splitlines()
    assert all("impression" in line for line in slates)
    assert slates[-1].endswith("'leave']")
    assert not any("leave" in line for line in slates[:-1])


def test_options_of_make_vec_arrive(installed: Installer, tmp_path: Path) -> None:
    """The mode of the page's last part, a reward, and the sizes, by way of Gymnasium's registry."""
    options = f'num_envs=4, autoreset_mode="NextStep", reward="revenue", {TOY}'
    program = f"""
import gymnasium, windowshop
envs = gymnasium.make_vec("windowshop/Shop-v0", {options})
print(type(envs.unwrapped).__name__, envs.metadata["autoreset_mode"].value, envs.num_envs)
"""
    done = installed(tmp_path / "shop").python("-W", "error", "-c", program)
    assert done.stdout.split() == ["ShopVectorEnv", "NextStep", "4"], done.stderr


def test_the_agent_of_the_page_learns(printed: list[str]) -> None:
    """It earns more clicks a slate at last than at first."""
    first, last = map(float, re.findall(r"\d+\.\d+", printed[1]))
    assert last > first
