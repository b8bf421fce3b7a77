"""The presets are frozen, are described, and no setting is idle."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, fields, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.cli.options import World
from simulator.world import day
from simulator.world.presets import (
    LATER,
    PRESETS,
    SENTENCES,
    WorldConfig,
    from_settings,
    named,
    preset_hash,
    slates_of,
    to_settings,
)
from tests.unit.simulator.world import BUSY, a_world, mixed_slates, shop

ROOT = Path(__file__).parents[4]
SETTINGS = [field.name for field in fields(WorldConfig) if field.name != "name"]


def fingerprint(config: WorldConfig) -> str:
    """Everything three days give: events, expectations, memory."""
    world = a_world(config, n_shoppers=160)
    memory = day.begin(world)
    digest = sha256()
    for number in range(3):
        sessions, events, expected, _ = shop(
            world, day.open_day(world, memory, number), mixed_slates
        )
        memory = day.close_day(world, memory, sessions)
        digest.update(
            events.rows.tobytes() + events.shown.tobytes() + np.float64(expected).tobytes()
        )
    for carried in (memory.own_taste, memory.satisfaction, memory.owned):
        digest.update(np.ascontiguousarray(carried).tobytes())
    return digest.hexdigest()


@cache
def usual() -> str:
    """The fingerprint of the unchanged world."""
    return fingerprint(BUSY)


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, tuple):
        return (
            ((1, 3), *value[1:])
            if isinstance(value[0], tuple)
            else (*value[:-3], value[-3] * 3, *value[-2:])
        )
    return value + 2 if isinstance(value, int) else value * 0.4 + 0.07


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_matters(name: str) -> None:
    """A world with one setting changed tells another story."""
    base = replace(BUSY, newcomer_share=0.5) if name == "newcomer_days" else BUSY
    before = usual() if base is BUSY else fingerprint(base)
    assert fingerprint(replace(base, **{name: changed(getattr(base, name))})) != before


def test_the_same_settings_tell_the_same_story() -> None:
    """The negative control of the test above."""
    assert fingerprint(BUSY) == usual()


def test_presets_differ_in_hidden_share_only() -> None:
    """Apart from the name, one number tells visual, mixed and social apart."""
    published = {name: PRESETS[name] for name in ("visual", "mixed", "social")}
    assert [preset.hidden_share for preset in published.values()] == [0.1, 0.5, 0.9]
    bare = {replace(preset, name="", hidden_share=0.0) for preset in published.values()}
    assert len(bare) == 1


def test_worlds_without_what_came_later_keep_their_settings() -> None:
    """Settings that came after a world was published are stored where they are used, and only
    there.
    """
    assert not set(LATER) & set(to_settings(PRESETS["mixed"]))
    assert to_settings(PRESETS["retail"])["churn"] == PRESETS["retail"].churn
    for preset in PRESETS.values():
        assert from_settings(to_settings(preset)) == preset


def test_a_session_ends_when_it_ends_where_the_world_says_so() -> None:
    """A visit to retail has no wall at three slates; a changed world takes after its preset."""
    assert slates_of("mixed") == slates_of("social,hidden_share=0.8") == 3
    assert slates_of("retail") == slates_of("retail, churn=0.1") == 20


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_asked_for_by_its_name_and_described(name: str) -> None:
    """Its row stands in docs/WORLD.md, word for word, and its name in the help of --world."""
    assert named(name) is PRESETS[name]
    assert PRESETS[name].name == name
    row = f"| `{name}` | {PRESETS[name].hidden_share:g} | {SENTENCES[name]} |"
    assert row in (ROOT / "docs" / "WORLD.md").read_text().splitlines()
    [option] = World.__metadata__
    assert name in option.help.partition(";")[0].split(", ")


def test_presets_are_frozen() -> None:
    """Neither a preset nor the table of presets can be written to."""
    with pytest.raises(FrozenInstanceError):
        PRESETS["mixed"].hidden_share = 0.2  # type: ignore[misc]
    with pytest.raises(TypeError):
        PRESETS["mixed"] = WorldConfig()  # type: ignore[index]


def test_the_hash_knows_every_setting() -> None:
    """Two worlds that differ in any setting, the name included, have different hashes."""
    settings = asdict(BUSY)
    hashes = {preset_hash(replace(BUSY, **{name: changed(settings[name])})) for name in SETTINGS}
    assert (
        len(hashes | {preset_hash(BUSY), preset_hash(replace(BUSY, name="other"))})
        == len(SETTINGS) + 2
    )


def test_a_world_comes_back_from_its_settings() -> None:
    """What a run's config keeps, lists in place of tuples, makes the same world again."""
    settings: dict[str, Any] = asdict(BUSY)
    settings["families"] = [list(family) for family in BUSY.families]
    assert from_settings(settings) == BUSY


def test_published_hashes_are_pinned() -> None:
    """A changed preset must be noticed here and written into CHANGELOG with its rows."""
    assert {name: preset_hash(preset)[:12] for name, preset in PRESETS.items()} == PINNED


PINNED = {
    "visual": "de6eef511a1d",
    "mixed": "40d57851768d",
    "social": "e61b9b5bddce",
    "retail": "aa886420aebd",
}
