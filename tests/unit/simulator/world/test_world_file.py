"""A world file names a preset and the numbers that it changes; what is wrong is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import UsageError
from simulator.playing.plan import Plan
from simulator.world.presets import PRESETS, named, plain, preset_hash, slates_of
from simulator.world.world_file import shown, written


def a_file(folder: Path, text: str, name: str = "myshop.toml") -> str:
    """The path of a world file that holds this."""
    path = folder / name
    path.write_text(text)
    return str(path)


GOOD = 'base = "retail"\n\n[numbers]\nvisit_base = -4.25\nclick_base = -4\nhandful = 3\n'


def test_a_world_file_changes_numbers_of_its_preset(tmp_path: Path) -> None:
    """Numbers it names are its own, the others those of its base; slates of a session too."""
    path = a_file(tmp_path, GOOD)
    world = named(path)
    assert (world.visit_base, world.click_base, world.handful) == (-4.25, -4.0, 3)
    assert world.churn == PRESETS["retail"].churn
    assert slates_of(path) == 20


def test_a_plan_keeps_the_numbers_and_needs_the_file_no_more(tmp_path: Path) -> None:
    """The text that a run stores makes the same world when the file is gone."""
    path = a_file(tmp_path, GOOD)
    plan = Plan(world=path)
    before = named(path)
    Path(path).unlink()
    assert plan.world == "retail,click_base=-4.0,handful=3,visit_base=-4.25,file=myshop.toml"
    assert named(plan.world) == before
    assert Plan(world=plan.world).world == plan.world


def test_the_hash_is_that_of_the_numbers(tmp_path: Path) -> None:
    """Order, comments and the file's name do not change it; a number does."""
    first = named(a_file(tmp_path, GOOD))
    same = (
        'base = "retail"\n[numbers]  # ours\nhandful = 3\nclick_base = -4.0\nvisit_base = -4.25\n'
    )
    again = named(a_file(tmp_path, same, "other, shop.toml"))
    other = named(a_file(tmp_path, GOOD.replace("-4.25", "-4.24"), "third.toml"))
    assert preset_hash(first) == preset_hash(again)
    assert preset_hash(first) != preset_hash(other)


def test_what_follows_the_file_still_counts(tmp_path: Path) -> None:
    """A number changed for one run, and items that come later."""
    path = a_file(tmp_path, GOOD)
    assert named(f"{path},handful=5").handful == 5
    assert plain(f"{path},new_share=0.1,new_day=2").endswith("new_share=0.1,new_day=2")


def test_a_report_names_the_file() -> None:
    """And leaves a world without one as it is."""
    assert shown("mixed,click_base=-4.0,file=myshop.toml") == (
        "myshop.toml: mixed with 1 number of its own"
    )
    assert shown("mixed,click_base=-4.0") == "mixed,click_base=-4.0"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Bit for bit, comments beside."""
    text = written("mixed", {"click_base": -3.9 / 7}, {"click_base": "interval -1 to 1"})
    assert "# interval" in text
    assert named(a_file(tmp_path, text)).click_base == -3.9 / 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[numbers]\nclick_bas = 1", "no number 'click_bas' in the world; docs/WORLD.md"),
        ("[numbers]\nname = 1", "no number 'name'"),
        ("[numbers]\nhours = 1", "no number 'hours'"),
        ('[numbers]\nclick_base = "low"', "click_base must be a number like -3.9, found 'low'"),
        ("[numbers]\nclick_base = true", "must be a number like -3.9, found True"),
        ("[numbers]\nclick_base = nan", "click_base must lie in"),
        ("[numbers]\nhandful = 2.5", "handful must be a whole number like 6, found 2.5"),
        ("[numbers]\nhandful = inf", "handful must be a whole number"),
        ("[numbers]\nhandful = 0", "handful must lie in 1..1e+06, found 0"),
        ("[numbers]\nhidden_share = 1.5", "hidden_share must lie in 0..1, found 1.5"),
        ("[numbers]\nprice_spread = -1", "price_spread must lie in 0..1e+06"),
        ('base = "mixt"', "no world 'mixt'; base is one of visual, mixed"),
        ("base = 3", "no world 3"),
        ("numbers = 3", "wanted a table [numbers]"),
        ("click_base = -4.0", "wanted base and [numbers], found 'click_base'"),
        ("base = ", "is no TOML"),
    ],
)
def test_a_bad_world_file_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    """It names what was wanted and what was found."""
    with pytest.raises(UsageError) as error:
        Plan(world=a_file(tmp_path, text))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_world_file_names_the_cure(tmp_path: Path) -> None:
    """The command that writes one."""
    with pytest.raises(UsageError, match="windowshop world fit"):
        Plan(world=str(tmp_path / "none.toml"))
