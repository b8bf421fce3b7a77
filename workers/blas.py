"""How many threads NumPy's BLAS may use: one a process, unless the environment says otherwise.

Its threads wait for work by spinning, and take the cores from the processes beside them.
"""

from __future__ import annotations

import os

_THREADS = "OPENBLAS_NUM_THREADS"


def one_blas_thread() -> dict[str, str]:
    """What a child's environment says of it."""
    return {_THREADS: os.environ.get(_THREADS, "1")}


def keep_to_one_blas_thread() -> None:
    """Of this process; has an effect only before NumPy's import."""
    os.environ.update(one_blas_thread())
