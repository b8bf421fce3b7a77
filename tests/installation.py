"""A whole installation in a folder: the toy shop and a model of nothing, so that commands need no
training.

The toy pictures have their embeddings already, so no command imports TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, literal, select

from db import models, schema
from db.engine import open_engine, write_transaction
from db.tables import embedding
from recommender.embedding import checkpoint
from simulator.embedders.model import OWN_CATALOGUE_MODEL, runtime
from tests import factories, warm
from tests.databases import copied

ROOT = Path(__file__).parents[1]
TOY_FLAGS = (
    *("--catalogue", "toy", "--items", "120", "--queries", "40"),
    *("--shoppers", "60", "--days", "3"),
)
"""What `factories.TOY_PLAN` says, as options."""
PATIENCE = 120
"""Seconds that a command may take."""
OURS = ("WINDOWSHOP_", "DATABASE_URL", "REDIS_URL", "KERAS_HOME", "XDG_")


@dataclass(frozen=True)
class Installation:
    """Where it is, and how its commands are called: in a folder of their own, with nobody's
    settings.
    """

    folder: Path
    postgres: str = ""
    """The address of a database of its own, when it is not SQLite's."""

    @property
    def home(self) -> Path:
        """State: the database, the models."""
        return self.folder / "home"

    @property
    def database_url(self) -> str:
        """Its Postgres, or the default database of this home."""
        return self.postgres or f"sqlite:///{self.home / 'windowshop.db'}"

    @property
    def model(self) -> Path:
        """The folder of the toy shop's model, that of own catalogues; it comes before one that
        ships.
        """
        return self.home / "models" / OWN_CATALOGUE_MODEL

    def environment(self, **changes: str) -> dict[str, str]:
        """Our own variables without any setting of Windowshop's, and those of this installation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        database = {"DATABASE_URL": self.postgres} if self.postgres else {}
        own = {"HOME": str(self.folder), "WINDOWSHOP_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        return {**kept, **own, **database, "WINDOWSHOP_OFFLINE": "1", "COLUMNS": "200", **changes}

    def call(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        if not warm.is_fit(changes):
            return self.python("-m", "simulator", *words, **changes)
        return warm.call(words, cwd=self.folder, env=self.environment(**changes), timeout=PATIENCE)

    def python(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Python to its end, in this installation's folder."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def start(self, *words: str, **changes: str) -> subprocess.Popen[bytes]:
        """A command that goes on while the test does; what it complains about is in `said`."""
        with self.said.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "simulator", *words],
                cwd=self.folder,
                env=self.environment(**changes),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    @property
    def said(self) -> Path:
        """The standard error of the last command that was started."""
        return self.folder / "said"

    def engine(self) -> Engine:
        """Its database."""
        return open_engine(self.database_url)


Installer = Callable[[Path], Installation]
"""Makes an installation in a folder, as the fixture `installed` does on the database of this
pass.
"""


def install(folder: Path, *, postgres: str = "") -> Installation:
    """An installation with a model, and the toy catalogue as if that model had embedded it."""
    made = Installation(folder, postgres)
    manifest, weights = a_model()
    made.model.mkdir(parents=True)
    (made.model / checkpoint.WEIGHTS).write_bytes(weights)
    (made.model / checkpoint.MANIFEST).write_bytes(manifest)
    key = checkpoint.model_key(json.loads(manifest))
    engine = made.engine()
    schema.ensure(engine)
    factories.stock(engine)
    with write_transaction(engine) as conn:
        models.add(conn, key, manifest, weights)
        same = select(literal(key), literal(runtime()), embedding.c.image, embedding.c.vector)
        conn.execute(embedding.insert().from_select(["model", "runtime", "image", "vector"], same))
    engine.dispose()
    return made


def copy_of(made: Installation, folder: Path) -> Installation:
    """The same in another folder, its database too, to be changed; nobody may be connected to the
    first.
    """
    shutil.copytree(made.folder, folder, symlinks=True)
    return Installation(folder, made.postgres and copied(made.postgres, folder))


def a_model(value: float = 0.0) -> tuple[bytes, bytes]:
    """Manifest and weights that pass every check; nothing ever embeds with them. Other values,
    other keys.
    """
    weights = checkpoint.pack([np.arange(6, dtype=np.float32).reshape(2, 3) + np.float32(value)])
    manifest = {
        "schema": checkpoint.SCHEMA,
        "architecture": {"name": "nothing"},
        "weights": [{"name": "nothing", "shape": [2, 3]}],
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    return json.dumps(manifest).encode(), weights
