"""Verifies all runs behind a name and tells what was found: run by run, or in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from simulator.installation.context import Context
from simulator.installation.named import named
from simulator.logs import kept_log
from simulator.operations.checks import Check
from simulator.operations.verify import to_json, verify

AT_ONCE = 2
"""Runs that are verified at a time: arrays are worked on beside each other, memory is bounded."""


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

        def check(one: tuple[int, str, str]) -> VerifiedRun:
            seed, policy, run_id = one
            found = VerifiedRun(run_id, seed, policy, verify(context, run_id))
            step()
            return found

        found = _at_once(check, runs)
    return Verified(meant.id, meant.is_experiment, found)


def _at_once(
    check: Callable[[tuple[int, str, str]], VerifiedRun], runs: Sequence[tuple[int, str, str]]
) -> list[VerifiedRun]:
    """All of them in their order, two at a time; on Ctrl-C none is begun any more."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(check, runs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _title(n: int) -> str:
    return "verifying the run" if n == 1 else f"verifying {n} runs"


def _line(check: Check) -> str:
    return f"{'ok   ' if check.ok else 'WRONG'} {check.name:<12} {check.detail}"
