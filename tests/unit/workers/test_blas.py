"""NumPy's threads: one a process, unless somebody asked for more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from workers.blas import keep_to_one_blas_thread, one_blas_thread

NAME = "OPENBLAS_NUM_THREADS"


def test_a_process_has_one_thread_unless_the_environment_says_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A number that somebody set is kept, for us and for our children."""
    monkeypatch.setenv(NAME, "3")
    keep_to_one_blas_thread()
    assert (os.environ[NAME], one_blas_thread()) == ("3", {NAME: "3"})
    monkeypatch.delenv(NAME)
    assert one_blas_thread() == {NAME: "1"}


def test_a_command_keeps_to_one_thread_before_numpy_is_there() -> None:
    """OpenBLAS reads the variable once, when NumPy is imported."""
    code = (
        "import os, sys\n"
        "from simulator.cli import main\n"
        "sys.argv = ['windowshop', '--version']\n"
        "assert 'numpy' not in sys.modules\n"
        "try:\n    main.main()\nfinally:\n    print(os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    bare = {name: value for name, value in os.environ.items() if name != NAME}
    told = subprocess.run(
        [sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "1"
