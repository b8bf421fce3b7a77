"""What verifying the runs behind a name found, told run by run, or in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.operations.checks import Check
from simulator.operations.verify import to_json


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


def _line(check: Check) -> str:
    return f"{'ok   ' if check.ok else 'WRONG'} {check.name:<12} {check.detail}"
