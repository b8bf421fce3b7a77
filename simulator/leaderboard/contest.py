"""Which stored runs met the same shoppers in the same shops, and whose they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db import runs
from db.engine import read_transaction
from db.errors import UsageError
from db.runs import FINISHED, Run, canonical
from recommender.registry import REFERENCES
from simulator.installation.context import Context
from simulator.installation.named import named

SHARED = ("catalogue", "items", "queries", "shoppers", "days", "slates")
"""Sizes in which all runs of a contest agree."""
BY_SEED = ("seed", "data", "arrivals")
"""What of a config follows from its seed: all else tells contestants apart."""


@dataclass(frozen=True)
class Contestant:
    """A policy as it was configured, and its runs: seed -> run id."""

    name: str
    policy: str
    runs: Mapping[int, str]

    @property
    def is_reference(self) -> bool:
        """It knows what no recommender may, so it has no rank."""
        return self.policy in REFERENCES


@dataclass(frozen=True)
class Contest:
    """Everybody who was played in one world, with one size, under the same seeds."""

    id: str
    config: Mapping[str, Any]
    """Of any of the runs, for what they share."""
    seeds: Sequence[int]
    contestants: Sequence[Contestant]
    """Those with a finished run of each seed, in the order in which they came."""
    incomplete: Sequence[Contestant]
    """Those without: their means would be over other shops."""


def contest_of(context: Context, name: str) -> Contest:
    """The contest of the shops that a run or experiment was played in.

    Raises NotFoundError for an unknown name, UsageError where fewer than two policies have played.
    """
    asked = named(context, name)
    with read_transaction(context.engine) as conn:
        stored = [run for run in runs.every(conn) if run.state == FINISHED]
    shops = _shops(run for run in stored if run.id in set(asked.run_ids))
    if not shops:
        raise UsageError(f"{name} is not finished; call its command again and it goes on")
    seeds = sorted(shops)
    found: dict[str, list[Run]] = {}
    for run in stored:
        if "world" in run.config and shops.get(run.config["seed"]) == _shop(run.config):
            found.setdefault(_identity(run.config), []).append(run)
    contestants = _named(list(found.values()))
    whole = [one for one in contestants if len(one.runs) == len(seeds)]
    if len(whole) < 2:
        raise UsageError(
            f"only one policy has played in the shops of {name}; `windowshop experiment"
            " --policies visual,blend` with the same sizes and seeds plays others"
        )
    text = canonical({"shops": {str(seed): shops[seed] for seed in seeds}})
    return Contest(
        id=hashlib.sha256(text.encode()).hexdigest()[:12],
        config=next(iter(found.values()))[0].config,
        seeds=seeds,
        contestants=whole,
        incomplete=[one for one in contestants if len(one.runs) < len(seeds)],
    )


def _shops(asked: Iterable[Run]) -> dict[int, dict[str, Any]]:
    return {run.config["seed"]: _shop(run.config) for run in asked if "world" in run.config}


def _shop(config: Mapping[str, Any]) -> dict[str, Any]:
    """What two runs share when their shoppers met the same pictures."""
    sizes = {name: config[name] for name in SHARED}
    world = config["world"]["sha256"]
    k = config["recommender"]["slate_size"]
    return {**sizes, "world": world, "k": k, "data": config["data"]}


def _identity(config: Mapping[str, Any]) -> str:
    """A policy with all its settings, whatever the seed."""
    return canonical({name: value for name, value in config.items() if name not in BY_SEED})


def _named(groups: Sequence[Sequence[Run]]) -> list[Contestant]:
    """A name for each group of runs: the policy's, with what tells it from another of that name."""
    configs = [group[0].config for group in groups]
    names = [config["policy"] for config in configs]
    for more in (_model, _options, _hash):
        said = [more(config) for config in configs]
        several = {
            name
            for name in names
            if len({one for of, one in zip(names, said, strict=True) if of == name}) > 1
        }
        names = [
            f"{name} ({one})" if name in several else name
            for name, one in zip(names, said, strict=True)
        ]
    return [
        Contestant(
            name=name,
            policy=group[0].config["policy"],
            runs={run.config["seed"]: run.id for run in group},
        )
        for name, group in zip(names, groups, strict=True)
    ]


def _model(config: Mapping[str, Any]) -> str:
    return str(config["model"]).partition(":")[0]


def _options(config: Mapping[str, Any]) -> str:
    options = config.get("guest", {}).get("options", {})
    return ", ".join(f"{name}={value}" for name, value in options.items()) or "no options"


def _hash(config: Mapping[str, Any]) -> str:
    return hashlib.sha256(_identity(config).encode()).hexdigest()[:6]
