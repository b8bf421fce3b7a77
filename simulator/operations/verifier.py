"""A process beside this one that verifies runs, so that two cores work on an experiment.

`python -m simulator.operations.verifier` reads run ids from standard input, a line each.
It answers each with a line of JSON, on a pipe that nothing else is printed to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import IO, Any, Self

from db import errors
from simulator.installation.context import Context, Silence, open_context
from simulator.operations.checks import Check
from simulator.operations.verify import verify
from workers import settings


class Verifier:
    """Such a process, for as long as the block lasts; it ends with us, however we end."""

    def __init__(self, context: Context) -> None:
        """context: whose runs. The process starts at once and gets ready on its own."""
        self._context = context
        ours, theirs = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__, "--answers", str(theirs)],
            env=settings.for_child(context.settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs,),
            start_new_session=True,  # Ctrl-C is for us; its input then ends
        )
        os.close(theirs)
        self._answers = os.fdopen(ours)

    def verify(self, run_id: str) -> list[Check]:
        """All checks of a run, as `verify` gives them; here where the process is gone."""
        answer = self._ask(run_id)
        if not answer:
            return verify(self._context, run_id)
        found = json.loads(answer)
        if "error" in found:
            raise getattr(errors, found["error"])(found["message"])
        return [Check(**check) for check in found["checks"]]

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def _ask(self, run_id: str) -> str:
        try:
            self._questions.write(f"{run_id}\n".encode())
            self._questions.flush()
        except BrokenPipeError:
            return ""
        return self._answers.readline()

    @property
    def _questions(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        return self._process.stdin

    def __enter__(self) -> Self:
        """The process, to be asked."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it; what it has in hand is not waited for where we were interrupted."""
        if kind is not None:
            self._process.kill()
        with suppress(BrokenPipeError):
            self._questions.close()
        self._process.wait()
        self._answers.close()


def answered(context: Context, run_id: str) -> dict[str, Any]:
    """What is written of one run: its checks, or the error that ended them."""
    try:
        return {"checks": [asdict(check) for check in verify(context, run_id)]}
    except errors.WindowshopError as error:
        return {"error": type(error).__name__, "message": str(error)}


def main() -> None:
    """Answer until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, required=True, help="the pipe for the answers")
    asked = parser.parse_args()
    context = open_context(settings.load(), Silence())
    with os.fdopen(asked.answers, "w") as answers:
        for line in sys.stdin:
            answers.write(json.dumps(answered(context, line.strip())) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
