"""Verifies the runs behind a name, beside what is done in the meantime."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import Self

from simulator.installation.context import Context, Step
from simulator.installation.named import Named, named
from simulator.logs import kept_log
from simulator.operations.checks import Check
from simulator.operations.verified import Verified, VerifiedRun
from simulator.operations.verifier import Verifier
from simulator.operations.verify import verify

WORTH_A_PROCESS = 4
"""Runs from which on a second process pays for its start, a second or two."""


def verify_named(context: Context, name: str) -> Verified:
    """All checks of a run, an imported log, or each run of an experiment; NotFoundError for
    anything else.
    """
    if (kept := kept_log.damage(context, name)) is not None:
        return Verified(name, False, [VerifiedRun(name, None, None, [Check("lines", *kept)])])
    with Verification(context, named(context, name)) as verification:
        return verification.result()


class Verification:
    """A process verifies from the beginning of the block on; `result` lends a hand and waits.

    Few runs, or an installation with one worker, need no process: `result` does it all.
    """

    def __init__(self, context: Context, meant: Named) -> None:
        """meant: the run, or the experiment whose runs are verified."""
        self._context = context
        self._meant = meant
        self._runs = [
            (seed, policy, run_id)
            for seed, of_seed in meant.seeds.items()
            for policy, run_id in of_seed.items()
        ]
        self._waiting = deque(enumerate(self._runs))
        self._found: dict[int, VerifiedRun] = {}
        self._error: BaseException | None = None
        self._beside: Thread | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin."""
        n = len(self._runs)
        step = self._stack.enter_context(self._context.talk.progress(_title(n), n))
        self._step: Step = step
        if n >= WORTH_A_PROCESS and self._context.settings.workers >= 2:
            verifier = self._stack.enter_context(Verifier(self._context))
            self._beside = Thread(target=self._work_beside, args=[verifier], daemon=True)
            self._beside.start()
        return self

    def result(self) -> Verified:
        """What was found, each run in its place; after an error none is begun any more."""
        self._work(lambda run_id: verify(self._context, run_id))
        if self._beside is not None:
            self._beside.join()
        if self._error is not None:
            raise self._error
        found = [self._found[place] for place in range(len(self._runs))]
        return Verified(self._meant.id, self._meant.is_experiment, found)

    def _work_beside(self, verifier: Verifier) -> None:
        try:
            self._work(verifier.verify)
        except BaseException as error:
            self._error = error
            self._waiting.clear()

    def _work(self, checks_of: Callable[[str], list[Check]]) -> None:
        while True:
            try:
                place, (seed, policy, run_id) = self._waiting.popleft()
            except IndexError:
                return
            self._found[place] = VerifiedRun(run_id, seed, policy, checks_of(run_id))
            self._step()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; of what is left nothing is begun."""
        self._waiting.clear()
        self._stack.__exit__(kind, error, trace)


def _title(n: int) -> str:
    return "verifying the run" if n == 1 else f"verifying {n} runs"
