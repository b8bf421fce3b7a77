"""A worker whose import of TensorFlow is cut short ends: no later work could be done in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select

from db import images, models, runs, work
from db.engine import reading, writing
from db.tables import work as work_table
from recommender.runtimes import runtime_key
from tests.unit.test_onnx import DEEP, made, name_of

pytestmark = pytest.mark.service

WORKER = """
import sys
from db.engine import open_engine
from workers import settings, tasks

class Cut:
    def find_spec(self, name, path=None, target=None):
        if name == "keras.src.layers":
            raise TimeoutError("cut short")

sys.meta_path.insert(0, Cut())
tasks._AT_WORK[:] = [(tasks.Worker(open_engine(sys.argv[1]), "test"), settings.load())]
tasks.perform(int(sys.argv[2]))
"""


def test_a_worker_whose_import_is_cut_short_ends(sqlite: Engine) -> None:
    """The work is given back with its reason, the process exits, and says why."""
    model = made(DEEP)
    with writing(sqlite) as conn:
        models.add(conn, name_of(model), *model)
        hashes = images.add(conn, np.zeros((1, 28, 28), np.uint8))
        payload = {"model": name_of(model), "runtime": runtime_key("tensorflow"), "images": list(hashes)}
        (job,) = work.add(conn, runs.open_run(conn, {}).number, "embed", {"all": payload})
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(sqlite.url), str(job)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "import was cut short" in done.stderr
    assert "Traceback" not in done.stderr
    with reading(sqlite) as conn:
        tries, worker = conn.execute(select(work_table.c.tries, work_table.c.worker)).one()
    assert (tries, worker) == (1, None)
