"""The command that plays a run or an experiment again, with everything that its id depends on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.embedders.in_force import of_run
from simulator.guests.admitted import spec_of
from simulator.installation.command_line import command_line
from workers.settings import Settings


def playing_again(settings: Settings, configs: Sequence[dict[str, Any]]) -> str:
    """configs: of the runs, in the order in which they were played."""
    first = configs[0]
    policies = list(dict.fromkeys(spec_of(config) for config in configs))
    seeds = {config["seed"] for config in configs}
    is_one = len(configs) == 1
    return command_line(
        "simulate" if is_one else "experiment",
        settings=of_run(settings, first),
        policy=policies[0] if is_one else None,
        policies=None if is_one else policies,
        seeds=None if is_one else len(seeds),
        seed=min(seeds),
        world=first["world"]["preset"],
        catalogue=first["catalogue"],
        **{name: first[name] for name in ("items", "queries", "shoppers", "days", "slates")},
    )
