"""Which embedder a run gets: the user's own, the one that ships, or a clear no."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import models
from db.engine import read_transaction
from db.errors import DataError, NotFoundError
from recommender.embedding import checkpoint
from simulator.catalogues.stored import FASHION_MNIST
from simulator.embedders import model
from simulator.installation.context import Silence
from simulator.operations.doctor import doctor
from tests.factories import context_of
from tests.installation import a_model
from workers.settings import Settings, for_child, load


class Hearing(Silence):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        """One more line."""
        self.heard.append(text)


def lay(folder: Path, *, value: float = 0.0, metrics: dict[str, float] | None = None) -> str:
    """A model of nothing in a folder; gives its key."""
    manifest, weights = a_model(value)
    if metrics is not None:
        told = {"metrics": metrics, "classes": ["a", "b", "c", "d", "e"]}
        manifest = json.dumps({**json.loads(manifest), **told}).encode()
    folder.mkdir(parents=True)
    (folder / checkpoint.WEIGHTS).write_bytes(weights)
    (folder / checkpoint.MANIFEST).write_bytes(manifest)
    return checkpoint.model_key(json.loads(manifest))


def sent(settings: Settings) -> Settings:
    """As a process of its own gets them."""
    found: Settings = pickle.loads(pickle.dumps(settings))  # noqa: S301 - our own bytes
    return found


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the product's own models would lie."""
    monkeypatch.setattr(model, "SHIPPED", tmp_path / "shipped")
    return tmp_path / "shipped"


def test_the_shipped_model_serves_when_there_is_no_other(
    sqlite: Engine, tmp_path: Path, shipped: Path
) -> None:
    """It is put into the database, and nothing is written into the home."""
    key = lay(shipped / "cnn-best")
    context = context_of(sqlite, home=tmp_path / "home", model="cnn-best")
    assert model.ensure(context).key == key
    with read_transaction(sqlite) as conn:
        assert models.read(conn, key)[1] == a_model()[1]
    assert not (tmp_path / "home").exists()


def test_a_model_of_ones_own_comes_before_the_shipped_one_of_its_name(
    sqlite: Engine, tmp_path: Path, shipped: Path
) -> None:
    """And when it is deleted, the shipped one is there again."""
    key = lay(shipped / "cnn-best")
    own = lay(tmp_path / "home" / "models" / "cnn-best", value=1.0)
    context = context_of(sqlite, home=tmp_path / "home", model="cnn-best")
    assert model.ensure(context).key == own != key
    shutil.rmtree(tmp_path / "home" / "models" / "cnn-best")
    assert model.ensure(context).key == key


def test_a_model_that_names_no_better_than_chance_is_said_whenever_it_is_used(
    sqlite: Engine, tmp_path: Path
) -> None:
    """Once to each who listens, however many runs of an experiment ask for it."""
    metrics = {"test_pictures": 14, "test_accuracy": 3 / 14, "chance_accuracy": 0.2}
    lay(tmp_path / "home" / "models" / "mobilenet-quick-shop", metrics=metrics)
    context = context_of(sqlite, home=tmp_path / "home", model="mobilenet-quick-shop")
    for _ in range(2):
        talk = Hearing()
        for _ in range(3):
            found = model.ensure(replace(context, talk=talk), "shop")
            assert found.doubt.startswith("mobilenet-quick-shop names no better than chance: 3 of")
        assert talk.heard == [found.doubt]


def test_a_good_model_is_not_doubted(sqlite: Engine, tmp_path: Path) -> None:
    """Nor one that says nothing of a test."""
    home = tmp_path / "home"
    metrics = {"test_pictures": 14, "test_accuracy": 12 / 14, "chance_accuracy": 0.2}
    lay(home / "models" / "good", metrics=metrics)
    lay(home / "models" / "silent", metrics={})
    for name in ("good", "silent"):
        talk = Hearing()
        context = context_of(sqlite, home=home, model=name)
        assert model.ensure(replace(context, talk=talk)).doubt == ""
        assert talk.heard == []


def test_a_name_that_nobody_trained_is_refused(
    sqlite: Engine, tmp_path: Path, shipped: Path
) -> None:
    """With the command that makes one; the doctor says the same."""
    lay(shipped / "cnn-best")
    context = context_of(sqlite, home=tmp_path / "home", model="cnn-mine")
    with pytest.raises(NotFoundError, match=r"no model 'cnn-mine'.*windowshop train"):
        model.ensure(context)
    (finding,) = [one for one in doctor(context.settings) if one.name == "model"]
    assert not finding.ok
    assert "windowshop train" in finding.cure


@pytest.mark.parametrize(
    ("place", "cure"),
    [
        ("shipped/cnn-best", "install Windowshop again"),
        ("home/models/cnn-best", "delete .*, the one that came with the product is used"),
        ("home/models/cnn-own", "no command makes one of that name"),
    ],
)
def test_a_damaged_model_is_named_with_what_mends_it(
    sqlite: Engine, tmp_path: Path, shipped: Path, place: str, cure: str
) -> None:
    """One's own can be deleted; what came with the product is installed again."""
    lay(tmp_path / place)
    if place != "shipped/cnn-best":
        lay(shipped / "cnn-best")
    (tmp_path / place / checkpoint.WEIGHTS).write_bytes(b"spoilt")
    context = context_of(sqlite, home=tmp_path / "home", model=Path(place).name)
    with pytest.raises(DataError, match=cure):
        model.ensure(context)
    (finding,) = [one for one in doctor(context.settings) if one.name == "model"]
    assert not finding.ok


@pytest.mark.parametrize(
    ("name", "preset", "accuracy"),
    [
        (Settings.model_fields["model"].default, "best", 0.945),
        (model.OWN_CATALOGUE_MODEL, "general", 0.8),
    ],
)
def test_the_models_that_ship_are_whole_and_small(name: str, preset: str, accuracy: float) -> None:
    """Checksum right, at most 300,000 parameters, its card that of its manifest, and it is a
    default.
    """
    folder = model.SHIPPED / name
    manifest, weights = checkpoint.read(folder)
    plain, arrays = checkpoint.verify(manifest, weights)
    assert sum(array.size for array in arrays) <= 300_000
    assert plain["architecture"]["name"] == plain["training"]["name"] == preset
    assert (folder / checkpoint.CARD).read_text() == checkpoint.model_card(plain)
    assert (
        len(json.loads((folder / checkpoint.HISTORY).read_text())["epochs"])
        == plain["training"]["epochs"]
    )
    assert plain["metrics"]["test_accuracy"] >= accuracy


def test_own_pictures_are_seen_by_a_model_of_their_own(sqlite: Engine, tmp_path: Path) -> None:
    """Where nobody set one; Fashion-MNIST keeps the default, and the doctor looks at both."""
    context = context_of(sqlite, home=tmp_path / "home")
    default = Settings.model_fields["model"].default
    assert model.ensure(context, "shop").key.startswith("general-")
    assert model.ensure(context, FASHION_MNIST) == model.ensure(context)
    assert model.chosen(context.settings, FASHION_MNIST).model == default == context.settings.model
    (finding,) = [one for one in doctor(context.settings) if one.name == "model"]
    assert finding.ok
    assert "best-" in finding.detail
    assert model.ensure(context, "shop").key in finding.detail
    lay(tmp_path / "home" / "models" / model.OWN_CATALOGUE_MODEL)
    (tmp_path / "home" / "models" / model.OWN_CATALOGUE_MODEL / checkpoint.WEIGHTS).write_bytes(
        b"spoilt"
    )
    (finding,) = [one for one in doctor(context.settings) if one.name == "model"]
    assert not finding.ok


@pytest.mark.parametrize("origin", ["flag", "environment", "file"])
def test_a_model_that_somebody_set_sees_every_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    """Also when it is the default's name, and in a process that is given the settings or
    environment.
    """
    monkeypatch.chdir(tmp_path)
    name = Settings.model_fields["model"].default
    if origin == "file":
        Path("windowshop.toml").write_text(f'model = "{name}"')
    if origin == "environment":
        monkeypatch.setenv("WINDOWSHOP_MODEL", name)
    settings = load(model=name) if origin == "flag" else load()
    for one in (settings, sent(settings), settings.model_copy(update={"workers": 1})):
        assert model.chosen(one, "shop").model == name
    if origin == "environment":
        assert for_child(settings)["WINDOWSHOP_MODEL"] == name


def test_a_process_of_its_own_chooses_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What says nothing of a model says nothing after it was sent either; `policy@model` sets
    one.
    """
    monkeypatch.chdir(tmp_path)
    there = sent(load(workers=1).model_copy(update={"redis_url": ""}))
    assert model.chosen(there, "shop").model == model.OWN_CATALOGUE_MODEL
    assert "WINDOWSHOP_MODEL" not in for_child(there)
    assert model.chosen(there.model_copy(update={"model": "pca-64"}), "shop").model == "pca-64"
