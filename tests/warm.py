"""Commands in a process that has imported what they need already: one fork a call.

A cold start of the command line takes most of a second, and most tests of it are refusals that are
done at once. Nothing is shared between calls: each has its own process, folder, environment and
streams, and ends as an interpreter does.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
IMPORTED = (
    "pandas",
    "scipy.special",
    "sqlalchemy.dialects.sqlite",
    "simulator.cli.main",
    "simulator.playing.experiment",
    "simulator.playing.report",
)
"""Modules of many commands. None of them imports TensorFlow: after it ran nobody may fork."""
READ_AT_THE_START = ("PYTHON", "LANG", "LC_", "OPENBLAS", "OMP", "LD_")
"""Variables that an interpreter or a library reads once."""


def is_fit(changes: dict[str, str]) -> bool:
    """The call does not depend on how an interpreter starts."""
    return not any(name.startswith(READ_AT_THE_START) for name in changes)


def call(
    words: Sequence[str], *, cwd: Path, env: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """`python -m simulator WORDS` to its end.

    Raises subprocess.TimeoutExpired after so many seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = {"out": f"{folder}/out", "err": f"{folder}/err"}
        server = _server()
        request = {"words": list(words), "cwd": str(cwd), "env": env, "timeout": timeout, **streams}
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = json.loads(server.stdout.readline())
        if code is None:
            raise subprocess.TimeoutExpired(list(words), timeout)
        said = {name: Path(path).read_text() for name, path in streams.items()}
    return subprocess.CompletedProcess(list(words), code, said["out"], said["err"])


@cache
def _server() -> subprocess.Popen[str]:
    """The one that forks; it ends with this process."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server


def serve() -> None:
    """Fork for each line of standard input; only a child comes back from here, to run its call."""
    answers = os.fdopen(os.dup(1), "w")
    for module in IMPORTED:
        __import__(module)
    gc.freeze()
    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            answers.close()
            become(request)
            return
        answers.write(json.dumps(_ended(child, request["timeout"])) + "\n")
        answers.flush()
    os._exit(0)


def become(request: dict[str, Any]) -> None:
    """Go on as if the call had been started in this process."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number, name in ((1, "out"), (2, "err")):
        stream = os.open(request[name], os.O_WRONLY | os.O_CREAT)
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0)  # noqa: SIM115 - what was read ahead is not ours
    sys.argv = ["windowshop", *request["words"]]


def _ended(child: int, timeout: float) -> int | None:
    """The exit code as subprocess has it; None when it took longer and had to be killed."""
    is_late = False

    def kill(*_: object) -> None:
        nonlocal is_late
        is_late = True
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    _, status = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return None if is_late else os.waitstatus_to_exitcode(status)


def run() -> None:
    """The call itself, and the end of its process without what an interpreter tidies up last: that
    would touch, and so copy, all that was imported.
    """
    code = 0
    try:
        runpy.run_module("simulator", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
    run()
