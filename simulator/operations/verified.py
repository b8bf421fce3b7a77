"""Verifies all runs behind a name and tells what was found: run by run, or in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Queue
from typing import Any

from simulator.installation.context import Context, Step
from simulator.installation.named import named
from simulator.logs import kept_log
from simulator.operations.checks import Check
from simulator.operations.verifier import Verifier
from simulator.operations.verify import to_json, verify

WORTH_A_PROCESS = 4
"""Runs from which on a second process pays for its start, a second or two."""


@dataclass(frozen=True)
class VerifiedRun:
    """One run, or one imported log, whose seed and policy are None."""

    id: str
    seed: int | None
    policy: str | None
    checks: list[Check]

    @property
    def ok(self) -> bool:
        """Whether all of it holds."""
        return all(check.ok for check in self.checks)

    @property
    def wrong(self) -> str:
        """The names of the checks that do not hold."""
        return ", ".join(check.name for check in self.checks if not check.ok)


@dataclass(frozen=True)
class Verified:
    """What was found behind a name."""

    id: str
    is_experiment: bool
    runs: list[VerifiedRun]

    @property
    def ok(self) -> bool:
        """Whether all of it holds."""
        return all(run.ok for run in self.runs)

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on: of an experiment the runs of its first seed, and
        all.
        """
        if not self.is_experiment:
            return to_json(self.runs[0].checks)
        seeds: dict[int | None, dict[str, Any]] = {}
        for run in self.runs:
            seeds.setdefault(run.seed, {})[str(run.policy)] = {"run": run.id, **to_json(run.checks)}
        return {
            "ok": self.ok,
            "experiment": self.id,
            "runs": next(iter(seeds.values())),
            "seeds": seeds,
        }

    def text(self) -> str:
        """A line a check; of an experiment a line a run, and each check that does not hold."""
        if not self.is_experiment:
            return "\n".join(map(_line, self.runs[0].checks))
        lines = []
        for run in self.runs:
            held = sum(check.ok for check in run.checks)
            state = "ok   " if run.ok else "WRONG"
            lines.append(
                f"{state} {run.policy:<12} seed {run.seed}, run {run.id}: "
                f"{held} of {len(run.checks)} checks hold"
            )
            lines += [f"      {_line(check)}" for check in run.checks if not check.ok]
        return "\n".join(lines)

    def sentence(self) -> str:
        """All of it in a line."""
        if self.ok:
            n = "1 run" if len(self.runs) == 1 else f"{len(self.runs)} runs"
            return f"verified: {n}, counts and slates recomputed, all equal"
        if not self.is_experiment:
            return f"run {self.id} does not hold what it promises: {self.runs[0].wrong}"
        wrong = [f"{run.wrong} of {run.policy}, run {run.id}" for run in self.runs if not run.ok]
        return f"experiment {self.id} does not hold what it promises: {'; '.join(wrong)}"


def verify_named(context: Context, name: str) -> Verified:
    """All checks of a run, an imported log, or each run of an experiment; NotFoundError for
    anything else.
    """
    if (kept := kept_log.damage(context, name)) is not None:
        return Verified(name, False, [VerifiedRun(name, None, None, [Check("lines", *kept)])])
    meant = named(context, name)
    runs = [
        (seed, policy, run_id)
        for seed, of_seed in meant.seeds.items()
        for policy, run_id in of_seed.items()
    ]
    with context.talk.progress(_title(len(runs)), len(runs)) as step:
        found = _checked(context, runs, step)
    return Verified(meant.id, meant.is_experiment, found)


def _checked(
    context: Context, runs: Sequence[tuple[int, str, str]], step: Step
) -> list[VerifiedRun]:
    """Each run in its place; many of them by two processes, if workers are two or more."""

    def check_here(one: tuple[int, str, str]) -> VerifiedRun:
        return _verified(one, verify(context, one[2]))

    if len(runs) < WORTH_A_PROCESS or context.settings.workers < 2:
        return [_after(step, check_here(one)) for one in runs]
    with Verifier(context) as verifier:

        def check_beside(one: tuple[int, str, str]) -> VerifiedRun:
            return _verified(one, verifier.verify(one[2]))

        return _shared(runs, (check_here, check_beside), step)


def _shared(
    runs: Sequence[tuple[int, str, str]],
    checkers: Sequence[Callable[[tuple[int, str, str]], VerifiedRun]],
    step: Step,
) -> list[VerifiedRun]:
    """All runs in their order, each by whoever is free; after an error none is begun any more."""
    free: Queue[Callable[[tuple[int, str, str]], VerifiedRun]] = Queue()
    for one in checkers:
        free.put(one)

    def check(run: tuple[int, str, str]) -> VerifiedRun:
        mine = free.get()
        try:
            return _after(step, mine(run))
        finally:
            free.put(mine)

    with ThreadPoolExecutor(len(checkers)) as pool:
        try:
            return list(pool.map(check, runs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _verified(run: tuple[int, str, str], checks: list[Check]) -> VerifiedRun:
    seed, policy, run_id = run
    return VerifiedRun(run_id, seed, policy, checks)


def _after(step: Step, found: VerifiedRun) -> VerifiedRun:
    step()
    return found


def _title(n: int) -> str:
    return "verifying the run" if n == 1 else f"verifying {n} runs"


def _line(check: Check) -> str:
    return f"{'ok   ' if check.ok else 'WRONG'} {check.name:<12} {check.detail}"
