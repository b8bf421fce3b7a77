"""The environment is known to Gymnasium whichever is imported first, and costs nobody an import."""

from __future__ import annotations

import subprocess
import sys

import pytest

KNOWN = "assert 'windowshop/Shop-v0' in gymnasium.registry"


LOOK = "import windowshop, importlib.util as u; assert u.find_spec('gymnasium').origin"
BY_FULL_NAME = """
import gymnasium
try:
    gymnasium.make("windowshop:windowshop/Shop-v0", reward="joy")
except Exception as error:
    assert "no reward" in str(error), error
else:
    raise SystemExit("a reward that is none was taken")
"""


@pytest.mark.parametrize(
    "program",
    [
        "import windowshop, sys; assert 'gymnasium' not in sys.modules",
        f"import windowshop, gymnasium; {KNOWN}",
        f"import gymnasium, windowshop; {KNOWN}",
        f"import windowshop, gymnasium.vector; {KNOWN}",
        f"{LOOK}; import gymnasium; {KNOWN}",
        BY_FULL_NAME,
    ],
)
def test_it_is_known_however_it_is_imported(program: str) -> None:
    """Before, after, by way of a submodule, after a look whether it is there, by its full name."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
