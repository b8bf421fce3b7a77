"""Which embedder a run gets: the user's own, the one that ships, or a clear no."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import models
from db.engine import reading
from db.errors import DataError, NotFoundError
from recommender import checkpoint
from simulator.actions import model
from simulator.actions.doctor import doctor
from tests.factories import context_of
from tests.installation import a_model
from workers.settings import Settings


def lay(folder: Path, *, value: float = 0.0) -> str:
    """A model of nothing in a folder; gives its key."""
    manifest, weights = a_model(value)
    folder.mkdir(parents=True)
    (folder / checkpoint.WEIGHTS).write_bytes(weights)
    (folder / checkpoint.MANIFEST).write_bytes(manifest)
    return checkpoint.model_key(json.loads(manifest))


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
    with reading(sqlite) as conn:
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


def test_a_name_that_nobody_trained_is_refused(sqlite: Engine, tmp_path: Path, shipped: Path) -> None:
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
        ("home/models/cnn-own", "`windowshop train` makes a new one"),
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


def test_the_model_that_ships_is_whole_and_small() -> None:
    """Checksum right, at most 300,000 parameters, its card that of its manifest, and it is the default."""
    folder = model.SHIPPED / Settings.model_fields["model"].default
    manifest, weights = checkpoint.read(folder)
    plain, arrays = checkpoint.verify(manifest, weights)
    assert sum(array.size for array in arrays) <= 300_000
    assert plain["architecture"]["name"] == plain["training"]["name"] == "best"
    assert (folder / checkpoint.CARD).read_text() == checkpoint.model_card(plain)
    assert len(json.loads((folder / checkpoint.HISTORY).read_text())["epochs"]) == plain["training"]["epochs"]
    assert plain["metrics"]["test_accuracy"] >= 0.945
