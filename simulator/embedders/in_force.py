"""The settings without which a command would see pictures with another embedder, or search another
way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recommender.embedding import checkpoint
from recommender.embedding.runtimes import runtime_of
from simulator.catalogues.stored import FASHION_MNIST
from simulator.embedders import model as models
from workers.settings import Settings


def in_force(settings: Settings, catalogue: str) -> dict[str, str]:
    """Those of this installation that are not the defaults."""
    return _beyond_defaults(
        settings,
        catalogue,
        {
            "model": models.chosen(settings, catalogue).model,
            "runtime": settings.runtime,
            "index": settings.index,
        },
    )


def of_run(settings: Settings, config: dict[str, Any]) -> dict[str, str]:
    """Those that a run was played with, as its config says; its model by the name that it has here
    now.
    """
    return _beyond_defaults(
        settings,
        config["catalogue"],
        {
            "model": _name_of(settings, config["catalogue"], config["model"]),
            "runtime": runtime_of(config["runtime"]),
            "index": config["recommender"].get("index", "exact"),
        },
    )


def _beyond_defaults(settings: Settings, catalogue: str, wanted: dict[str, str]) -> dict[str, str]:
    """What differs from the defaults, and what has its default although a setting here says
    otherwise.
    """
    fields = Settings.model_fields
    usual = {name: fields[name].default for name in wanted}
    usual["model"] = _usual_model(catalogue)
    here = {name: getattr(settings, name) for name in wanted}
    here["model"] = models.chosen(settings, catalogue).model
    return {
        f"WINDOWSHOP_{name.upper()}": value
        for name, value in wanted.items()
        if value != usual[name] or here[name] != usual[name]
    }


def _usual_model(catalogue: str) -> str:
    own = catalogue != FASHION_MNIST
    return models.OWN_CATALOGUE_MODEL if own else str(Settings.model_fields["model"].default)


def _name_of(settings: Settings, catalogue: str, key: str) -> str:
    """The name under which a model lies here; its key where it does not, so that another is not
    taken.
    """
    folders = [*_folders(settings.models), *_folders(models.SHIPPED)]
    names = [_usual_model(catalogue), settings.model, *(folder.name for folder in folders)]
    return next((name for name in names if _key(settings, name) == key), key)


def _folders(where: Path) -> list[Path]:
    return sorted(where.iterdir()) if where.is_dir() else []


def _key(settings: Settings, name: str) -> str | None:
    """The key of the model that is used under a name; None where none can be."""
    folder = models.folder_of(settings.model_copy(update={"model": name}))
    if folder is None:
        return None
    try:
        return checkpoint.model_key(json.loads((folder / checkpoint.MANIFEST).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
