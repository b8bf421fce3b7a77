"""The embedder that runs use, the user's own or the one that ships, put into the database."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from db import models
from db.engine import write_transaction
from db.errors import DataError, NotFoundError, UsageError, WindowshopError
from recommender.embedding import checkpoint
from recommender.embedding.files import replace_file
from recommender.embedding.open import needs_network
from recommender.embedding.runtimes import Runtime, runtime_key
from recommender.embedding.unlabelled import registry as unlabelled
from simulator.catalogues.fashion_mnist import CLASS_NAMES
from simulator.catalogues.stored import FASHION_MNIST, fashion_mnist
from simulator.embedders import model_names
from simulator.embedders.chance import verdict
from simulator.installation.context import Context, Talk
from workers.settings import Settings, for_child

SHIPPED = Path(__file__).parents[1] / "models"
"""The models that come with the product, a folder each."""

QUICK_NAME = "cnn-quick"
QUICK_PRESET = "quick"
QUICK_SEED = 1
"""The model that takes a minute to train, so it is made when it is asked for and not there."""

OWN_CATALOGUE_MODEL = "cnn-general"
"""Sees own catalogues where no setting names another: what learned Fashion-MNIST's ten classes does
worse than raw pixels on pictures of others (docs/EMBEDDER.md).
"""


_SAID: WeakKeyDictionary[Talk, set[str]] = WeakKeyDictionary()
"""What each listener has heard."""


@dataclass(frozen=True)
class Model:
    """What a run's config says of its embedder."""

    key: str
    runtime: str
    doubt: str = ""
    """One line where it names no better than chance; empty elsewhere."""


def chosen(settings: Settings, catalogue: str) -> Settings:
    """The settings with the model that sees a catalogue: theirs, or OWN_CATALOGUE_MODEL where
    nobody set one and the pictures are not Fashion-MNIST's.
    """
    return settings if catalogue == FASHION_MNIST else for_own(settings)


def for_own(settings: Settings) -> Settings:
    """As `chosen` for any own catalogue."""
    if "model" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"model": OWN_CATALOGUE_MODEL})


def folder_of(settings: Settings) -> Path | None:
    """Where the model of the settings lies: the user's own before the shipped one of the same
    name.
    """
    places = (settings.models / settings.model, SHIPPED / settings.model)
    return next((place for place in places if (place / checkpoint.MANIFEST).exists()), None)


def make_room(folder: Path) -> Path:
    """A model's folder, made before anything slow is done for it.

    Raises WindowshopError when it cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unkept(folder, error) from None
    return folder


def unkept(folder: Path, error: OSError) -> WindowshopError:
    """What is said of a model that cannot be written."""
    return WindowshopError(
        f"the model cannot be kept in {folder} ({error.strerror}); "
        "set WINDOWSHOP_HOME to a place you may write"
    )


def require(settings: Settings) -> None:
    """Raise NotFoundError, before anything slow, for a name that nobody trained and nothing makes
    unasked.
    """
    name = settings.model
    if folder_of(settings) is None and name != QUICK_NAME and name not in unlabelled.FITS:
        raise NotFoundError(f"no model {name!r} in {settings.models}; {model_names.advice(name)}")


def ensure(context: Context, catalogue: str = FASHION_MNIST) -> Model:
    """The embedder that sees a catalogue, in the database; `cnn-quick` is trained when it is not
    there yet.

    Raises NotFoundError for a name that nobody trained, DataError when its files are damaged.
    """
    settings = chosen(context.settings, catalogue)
    context = replace(context, settings=settings)
    require(settings)
    folder = folder_of(settings)
    if folder is None and settings.model in unlabelled.FITS:
        folder = _fit(context)
    if folder is None:
        folder = settings.models / QUICK_NAME
        context.talk.say(f"no embedder in {folder} yet: training one (preset {QUICK_PRESET})")
        _train_apart(context)
    manifest, weights = _read(folder)
    plain, _ = checkpoint.verify(manifest, weights)
    key = checkpoint.model_key(plain)
    doubt = verdict(settings.model, plain.get("metrics", {}), plain.get("classes", ()))
    _say_once(context.talk, doubt)
    with write_transaction(context.engine) as conn:
        models.add(conn, key, manifest, weights)
    if not needs_network(plain):
        return Model(key, unlabelled.RUNTIME, doubt)
    return Model(key, runtime(settings.runtime), doubt)


def _say_once(talk: Talk, doubt: str) -> None:
    """An experiment asks for its embedder once a run; whoever listens hears of a doubt once."""
    if doubt and doubt not in _SAID.setdefault(talk, set()):
        _SAID[talk].add(doubt)
        talk.say(doubt)


def trained_anew(context: Context) -> Context:
    """The same installation with a `cnn-quick` that was trained just now as its embedder."""
    context.talk.say(
        f"training {QUICK_NAME} anew, into {context.settings.models} (preset {QUICK_PRESET})"
    )
    _train_apart(context)
    return replace(context, settings=context.settings.model_copy(update={"model": QUICK_NAME}))


def runtime(name: Runtime = "tensorflow") -> str:
    """The arithmetic that embeds, as part of an embedding's key; asked without importing it.

    Raises UsageError when it is not installed.
    """
    try:
        return runtime_key(name)
    except ValueError as error:
        raise UsageError(
            f"setting runtime is {name}, but {error}; install it with `pip install '.[onnx]'` "
            "in Windowshop's folder, or set runtime to tensorflow"
        ) from None


def _read(folder: Path) -> tuple[bytes, bytes]:
    try:
        return checkpoint.read(folder)
    except ValueError as error:
        raise DataError(f"{error}; {cure(folder)}") from None


def _fit(context: Context) -> Path:
    """The model of this name that needs no labels, fitted to Fashion-MNIST's training pictures and
    kept.
    """
    name = context.settings.model
    folder = make_room(context.settings.models / name)
    context.talk.say(f"no embedder in {folder} yet: fitting {name} to the training pictures")
    data = fashion_mnist(context)
    digest = hashlib.sha256(data.train_images.tobytes()).hexdigest()
    manifest, weights = unlabelled.FITS[name](
        data.train_images, classes=CLASS_NAMES, data_sha256=digest
    )
    replace_file(folder / checkpoint.WEIGHTS, weights)
    replace_file(folder / checkpoint.MANIFEST, manifest)
    return folder


def cure(folder: Path) -> str:
    """What mends a damaged model."""
    if folder.parent == SHIPPED:
        return "it came with the product: install Windowshop again"
    if (SHIPPED / folder.name).exists():
        return f"delete {folder} and call again, the one that came with the product is used"
    return f"delete {folder}; {model_names.advice(folder.name)}"


def _train_apart(context: Context) -> None:
    """Train in a process of its own, so that TensorFlow's memory is not ours for the rest of the
    day.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "simulator.embedders.train", QUICK_PRESET, str(QUICK_SEED)],
        stdin=subprocess.PIPE,  # closes when we are gone, and the training ends
        env=for_child(context.settings),
        start_new_session=True,
    )
    try:
        code = child.wait()
    except BaseException:
        os.killpg(child.pid, 15)
        child.wait()
        raise
    if code:
        raise WindowshopError("the embedder could not be trained; the lines above say why")
