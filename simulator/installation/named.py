"""What a name on the command line means: a run, an experiment, or `latest`; and the runs behind
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from db import runs
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError
from simulator.installation import run_folder
from simulator.installation.context import Context


@dataclass(frozen=True)
class Named:
    """The runs behind a name. seeds: run ids by seed, then policy; a run alone has one of each."""

    id: str
    is_experiment: bool
    seeds: dict[int, dict[str, str]]
    primary: dict[str, Any] | None = None
    """The comparison that was declared with the experiment; None where none was."""

    @property
    def run_ids(self) -> list[str]:
        """All of them, seed by seed."""
        return [run_id for of_seed in self.seeds.values() for run_id in of_seed.values()]

    def one(self, policy: str | None, seed: int | None) -> str:
        """The run of a policy and a seed; UsageError with the choice where these leave none or
        several.
        """
        found = [
            run_id
            for of, of_seed in self.seeds.items()
            for name, run_id in of_seed.items()
            if policy in {None, name} and seed in {None, of}
        ]
        if len(found) == 1:
            return found[0]
        raise UsageError(
            f"{self.id} has {_many(len(self.run_ids))}; choose one with {self._choice()}"
        )

    def _choice(self) -> str:
        policies = dict.fromkeys(name for of_seed in self.seeds.values() for name in of_seed)
        wanted = (
            [f"--policy {'|'.join(policies)}"] if len(policies) > 1 or len(self.seeds) == 1 else []
        )
        if len(self.seeds) > 1:
            wanted.append(f"--seed {'|'.join(map(str, self.seeds))}")
        return " ".join(wanted)


def named(context: Context, name: str) -> Named:
    """The runs behind a name; NotFoundError where there is no such thing, or its runs are not
    here.
    """
    with read_transaction(context.engine) as conn:
        known = {run.id: run for run in runs.every(conn)}
    if name in known:
        config = known[name].config
        return Named(name, False, {config["seed"]: {config["policy"]: name}})
    found = run_folder.read(context.settings.runs, name, known=known)
    if "run" in found:  # `latest` is one
        if found["run"] in known:
            return named(context, found["run"])
        raise _not_here(name)
    seeds = {int(seed): of_seed for seed, of_seed in found.get("seeds", {}).items()}
    meant = Named(found.get("experiment", name), True, seeds, found.get("primary"))
    if not meant.run_ids or any(run_id not in known for run_id in meant.run_ids):
        raise _not_here(name)
    return meant


def _not_here(name: str) -> NotFoundError:
    return NotFoundError(f"the runs of {name} are not in this database; call its command again")


def _many(n: int) -> str:
    return "one run" if n == 1 else f"{n} runs"
