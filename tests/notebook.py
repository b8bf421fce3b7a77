"""Executes the notebooks of docs from top to bottom and writes their results into them.

`python -m tests.notebook [NAME...]`; left out, all of them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.installation import OURS, ROOT

NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))
SECONDS = 600


def execute(path: Path) -> None:
    """In an empty home; raises CellExecutionError at the first cell that fails."""
    book = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="windowshop-") as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment = {**kept, "HOME": home, "PYTHONPATH": str(ROOT)}
        NotebookClient(
            book, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": home}}
        ).execute(env=environment)
    for cell in book.cells:
        cell.pop("id", None)
        cell.metadata.pop("execution", None)
        outputs = cell.get("outputs", [])
        cell["outputs"] = [one for one in outputs if one.output_type == "execute_result"]
        if cell.cell_type != "code":
            cell.pop("outputs")
    book.metadata.pop("widgets", None)
    nbformat.write(book, path)


if __name__ == "__main__":
    for notebook in NOTEBOOKS:
        if notebook.stem in sys.argv[1:] or len(sys.argv) == 1:
            execute(notebook)
