"""The line under "Make it again" on every page, executed in a shell, gives that page's result
again.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import literal, select

from benchmarks.made.baskets import visits
from db import models
from db.engine import write_transaction
from db.tables import embedding
from recommender.embedding import checkpoint
from simulator.embedders.model import runtime
from tests.installation import TOY_FLAGS, Installation, Installer, a_model

pytestmark = pytest.mark.journey

ODD = "my log;touch x;.csv"
SMALL = (
    *("--catalogue", "toy", "--items", "50", "--queries", "20", "--shoppers", "30", "--days", "2"),
    *("--seed", "3"),
)
WORLD = ("--world", "mixed,hidden_share=0.3")


@pytest.fixture(scope="module")
def shop(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with a second model, `mine`, a log of an odd name, and `windowshop` on the
    path.
    """
    made = installed(tmp_path_factory.mktemp("again"))
    manifest, weights = a_model(1.0)
    folder = made.home / "models" / "mine"
    folder.mkdir()
    (folder / checkpoint.WEIGHTS).write_bytes(weights)
    (folder / checkpoint.MANIFEST).write_bytes(manifest)
    key = checkpoint.model_key(json.loads(manifest))
    engine = made.engine()
    with write_transaction(engine) as conn:
        models.add(conn, key, manifest, weights)
        columns = (embedding.c.image, embedding.c.vector)
        same = select(literal(key), literal(runtime()), *columns).where(
            embedding.c.runtime == runtime()
        )
        conn.execute(embedding.insert().from_select(["model", "runtime", "image", "vector"], same))
    engine.dispose()
    visits(1, sessions=300, items=40, shoppers=60).write(made.folder / ODD)
    program = made.folder / "bin" / "windowshop"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m simulator "$@"\n')
    program.chmod(0o755)
    return made


def typed(shop: Installation, line: str) -> subprocess.CompletedProcess[str]:
    """A line as it stands on a page, in a shell."""
    there = shop.environment()
    path = f"{shop.folder / 'bin'}:{there['PATH']}"
    return subprocess.run(
        ["sh", "-c", line],
        cwd=shop.folder,
        env={**there, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def line_of(page: Path) -> str:
    """What stands under "Make it again"."""
    found = re.search(r"Make it again</h2>\s*<pre><code>(.*?)</code>", page.read_text(), re.DOTALL)
    assert found
    return html.unescape(found[1])


CASES = {
    "a run": (("simulate", "--policy", "visual", *SMALL, *WORLD, "--slates", "2", "--local"), {}),
    "a run of default sizes": (("simulate", "--policy", "cf", *TOY_FLAGS, "--local"), {}),
    "a run with another model": (
        ("simulate", "--policy", "visual", *SMALL, "--local"),
        {"WINDOWSHOP_MODEL": "mine"},
    ),
    "an experiment": (
        ("experiment", "--policies", "visual,random", "--seeds", "2", *SMALL, *WORLD, "--local"),
        {},
    ),
    "a crossover": (
        (
            *(
                "crossover",
                "--policies",
                "random,visual",
                "--shares",
                "0.1,0.123456789",
                "--seeds",
                "2",
            ),
            *(
                "--few",
                "popularity",
                "--few-seeds",
                "1",
                "--offline-share",
                "0.5",
                "--workers",
                "1",
                *SMALL,
            ),
        ),
        {},
    ),
    "an offline evaluation": (
        (
            *("offline", "--policies", "visual,random", "--share", "0.5", "--workers", "1"),
            *SMALL,
            *WORLD,
        ),
        {},
    ),
    "a log": (("evaluate-log", ODD, "-k", "5", "--split-at", "2000000.5"), {}),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_the_line_gives_the_same_result(shop: Installation, name: str) -> None:
    """The same id, so the same folder; and nothing that the file's name says is executed."""
    words, settings = CASES[name]
    done = shop.call(*words, "--json", **settings)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["report"]
    line = line_of(shop.folder / report)
    again = typed(shop, f"{line} --json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["report"] == report, line
    assert not (shop.folder / "x").exists()
    if "WINDOWSHOP_MODEL" in settings:
        written = shop.call("report", Path(report).parent.name, "--json")
        assert line_of(shop.folder / json.loads(written.stdout)["report"]) == line


@pytest.mark.thorough
def test_a_setting_here_does_not_change_what_the_line_means(shop: Installation) -> None:
    """A run of the usual model, reported where another is set, names the usual one."""
    played = shop.call("simulate", "--policy", "random", *SMALL, "--local", "--json")
    run = json.loads(played.stdout)["run"]
    written = shop.call("report", run, "--json", WINDOWSHOP_MODEL="mine")
    line = line_of(shop.folder / json.loads(written.stdout)["report"])
    assert line.startswith("WINDOWSHOP_MODEL=cnn-general windowshop simulate ")
