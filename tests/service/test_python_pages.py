"""The Python of README, docs/python.md and the docstrings runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.installation import OURS, ROOT
from tests.notebook import NOTEBOOKS

pytestmark = [pytest.mark.service, pytest.mark.thorough, pytest.mark.timeout(900)]

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PHOTO = """
from PIL import Image
Image.new("L", (28, 28), 200).save("photo.jpg")
"""
EXECUTE = """
from pathlib import Path
from tests import notebook
notebook.execute(Path({path!r}))
"""
DOCTEST = """
import doctest, windowshop
found = doctest.testmod(windowshop)
assert found.attempted and not found.failed, found
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home, shared by the pages, so that the catalogue is embedded once."""
    return tmp_path_factory.mktemp("home")


def run(home: Path, script: str) -> None:
    """A script in a process of its own; fails with what it complains about."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, "-c", PHOTO + script],
        cwd=home,
        env={**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "WINDOWSHOP_WORKERS": "1"},
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_blocks_of_a_page_run_one_after_the_other(home: Path, page: str) -> None:
    """As a reader would type them."""
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert blocks
    run(home, "\n".join(blocks))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(home: Path, tmp_path: Path, notebook: Path) -> None:
    """In an empty home; a cell that fails fails the test, and what it says is what it said."""
    copy = tmp_path / notebook.name
    copy.write_bytes(notebook.read_bytes())
    run(home, EXECUTE.format(path=str(copy)))
    assert '"image/png"' in copy.read_text()
    assert sentences(copy) == sentences(notebook)


def sentences(notebook: Path) -> list[str]:
    """The results that are a sentence; figures and pages hold times and fonts."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [one for cell in cells for one in cell.get("outputs", [])]
    texts = [one["data"].get("text/plain", "") for one in outputs]
    return [text for text in texts if text.endswith((".'", '."'))]


def test_the_examples_of_the_docstrings_hold(home: Path) -> None:
    """Of the module and its functions."""
    run(home, DOCTEST)
