"""The crossover: policies across worlds from visual to social, over seeds, online and on shared
logs.

Every run is played in memory. What a cell gave is kept in a file, so a stop loses at most the cells
at work, and a cell is played again only when its config or the code that plays it has changed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import db
import recommender
import simulator
import workers
from db.errors import UsageError, WindowshopError
from db.runs import canonical
from recommender.registry import RANKED
from simulator.crossover.offline import assess
from simulator.guests.admitted import refuse
from simulator.installation import run_folder
from simulator.installation.context import Context, Silence, Step, open_context
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.playing.plan import Plan, Resolved
from simulator.playing.simulate import prepare
from simulator.report.numbers.crossover import CrossoverResults
from simulator.world.presets import named
from workers.settings import Settings

OFFLINE = "offline"
CELLS = "cells"
NAP = 0.5
PACKAGES = tuple(Path(str(one.__file__)).parent for one in (db, recommender, workers, simulator))
"""Their code decides what a cell holds."""


@dataclass(frozen=True)
class CrossoverPlan:
    """What a crossover plays and measures: policies across worlds of different hidden share, over
    seeds.
    """

    plan: Plan
    """Of each run; its world, seed and policy vary from cell to cell."""
    shares: tuple[float, ...]
    """Hidden shares of the worlds, each 0 to 1."""
    policies: tuple[str, ...]
    """Played for every seed. A policy may name its model: visual@pca-64."""
    seeds: int = 10
    """How many seeds, from that of the plan on."""
    few: tuple[str, ...] = ()
    """Policies played for the first few_seeds seeds only."""
    few_seeds: int = 3
    share: float = 0.25
    """Of a log's requests, 0 to 1: as many are assessed; at 0 there is no log at all."""
    compared: tuple[str, ...] = ("visual", "cf", "itemknn-cfcbf", "blend-fixed", "blend")
    """Policies that rank the requests of the log."""

    def __post_init__(self) -> None:
        """Raise UsageError for what cannot be played."""
        if not 0 <= self.share <= 1 or not self.shares or not (self.policies or self.share):
            raise UsageError("wanted hidden shares, policies, and a share of requests from 0 to 1")
        if self.share and not self.compared:
            raise UsageError("--policies names none; give some like visual,cf,blend")
        for policy in (*self.policies, *self.few, *self.compared):
            refuse(policy, "a crossover")
            replace(self.plan, policy=policy.partition("@")[0])
        for share in self.shares:
            replace(self.plan, world=self._world(share))
        for policy in self.compared:
            if policy not in RANKED:
                raise UsageError(f"{policy!r} cannot rank a log; choose from {', '.join(RANKED)}")

    def columns(self) -> Iterator[tuple[float, Plan, tuple[str, ...]]]:
        """Each world with its seed and the cells to play in it: (h, plan, policies)."""
        for number in range(self.seeds):
            for share in self.shares:
                cells = self.policies + (self.few if number < self.few_seeds else ())
                cells += (OFFLINE,) if self.share else ()
                yield (
                    share,
                    replace(self.plan, world=self._world(share), seed=self.plan.seed + number),
                    cells,
                )

    def _world(self, share: float) -> str:
        """The plan's world with this hidden share; a preset that has it already keeps its name and
        hash.
        """
        own = named(self.plan.world).hidden_share
        return self.plan.world if own == share else f"{self.plan.world},hidden_share={share:g}"


def play_grid(context: Context, crossover: CrossoverPlan) -> CrossoverResults:
    """Play what no file holds yet, on as many processes as there are workers, and gather
    everything.
    """
    root = context.settings.runs / CELLS
    run_folder.check_writable(context.settings.runs)
    root.mkdir(exist_ok=True)
    columns = list(crossover.columns())
    sources = code()
    _prepare(context, columns)
    with context.talk.progress("cells", sum(len(cells) for _, _, cells in columns)) as step:
        _play_apart(context.settings, crossover, sources, root, step)
    late: dict[tuple[float, str], dict[int, float]] = {}
    logs: dict[float, dict[int, Any]] = {}
    for share, plan, cells in columns:
        column = Column(context, crossover, plan, sources)
        for cell in cells:
            found = json.loads((root / column.file(cell)).read_text())
            if cell == OFFLINE:
                logs.setdefault(share, {})[plan.seed] = found["offline"]
            else:
                late.setdefault((share, cell), {})[plan.seed] = found["ctr_late_expected"]
    return CrossoverResults(crossover.shares, crossover.policies + crossover.few, late, logs)


class Column:
    """One world and seed: its cells share that world."""

    def __init__(
        self, context: Context, crossover: CrossoverPlan, plan: Plan, sources: str
    ) -> None:
        """Nothing is read before a cell is asked for. sources: what `code` said when the grid
        began.
        """
        self._context = context
        self._crossover = crossover
        self._plan = plan
        self._sources = sources
        self._resolved: dict[str, Resolved] = {}
        self._worlds: dict[str, SharedWorld] = {}

    def file(self, cell: str) -> str:
        """The name of a cell's file: the hash of all that decides what it holds."""
        policy, _, model = cell.partition("@")
        config = {**self._config(model).config, "policy": policy, "code": self._sources}
        if cell == OFFLINE:
            config |= {"share": self._crossover.share, "compared": list(self._crossover.compared)}
        return f"{sha256(canonical(config).encode()).hexdigest()[:16]}.json"

    def play(self, cell: str) -> dict[str, Any]:
        """What a cell holds: the late rate of a run, or the measures on a log."""
        policy, _, model = cell.partition("@")
        origin = {"world": self._plan.world, "seed": self._plan.seed, "cell": cell}
        began = time.process_time()
        found: dict[str, Any]
        if cell == OFFLINE:
            found = {
                "offline": assess(
                    self._world(model), self._crossover.compared, share=self._crossover.share
                )
            }
        else:
            done = play_in_memory(self._world(model), policy)
            found = {"ctr_late_expected": done.late_rate(self._plan.days), "steps": done.expected}
        return {**origin, "model": self._config(model).config["model"], **found} | {
            "cpu_seconds": round(time.process_time() - began, 2)
        }

    def _config(self, model: str) -> Resolved:
        if model not in self._resolved:
            self._resolved[model] = prepare(_with_model(self._context, model), self._plan)
        return self._resolved[model]

    def _world(self, model: str) -> SharedWorld:
        if model not in self._worlds:
            resolved = self._config(model)
            self._worlds[model] = share_world(resolved.config, *gather(self._context, resolved))
        return self._worlds[model]


def code(packages: Sequence[Path] = PACKAGES) -> str:
    """The sha256 of every source of ours: an old cell never stands for new code.

    All of them, by their paths within the packages: a list of those that matter is soon one short.
    """
    digest = sha256()
    for package in packages:
        for file in sorted(package.rglob("*.py")):
            content = file.read_bytes()
            digest.update(
                f"{package.name}/{file.relative_to(package).as_posix()} {len(content)}\n".encode()
            )
            digest.update(content)
    return digest.hexdigest()


def _prepare(context: Context, columns: Sequence[tuple[float, Plan, tuple[str, ...]]]) -> None:
    """Models, catalogue and every vector there, so that the processes only play."""
    names = {cell.partition("@")[2] for _, _, cells in columns for cell in cells}
    for model in sorted(names):
        chosen = _with_model(context, model)
        for plan in {plan.seed: plan for _, plan, _ in columns}.values():
            gather(chosen, prepare(chosen, plan))


def _with_model(context: Context, model: str) -> Context:
    if not model:
        return context
    return replace(context, settings=context.settings.model_copy(update={"model": model}))


def _play_apart(
    settings: Settings, crossover: CrossoverPlan, sources: str, root: Path, step: Step
) -> None:
    """Each process takes every n-th column; we count the files, and stop all when one of them
    fails.
    """
    spawn = multiprocessing.get_context("spawn")
    n = max(1, min(settings.workers, crossover.seeds * len(crossover.shares)))
    order = _Order(settings, crossover, sources, root)
    done = spawn.Value("i", 0)
    fault = spawn.SimpleQueue()
    processes = [
        spawn.Process(
            target=_play_columns, args=(order, slice(number, None, n), done, fault), daemon=True
        )
        for number in range(n)
    ]
    counted = 0
    try:
        for process in processes:
            process.start()
        while any(process.is_alive() for process in processes) or counted < done.value:
            step(done.value - counted)
            counted = done.value
            _check([process.exitcode for process in processes], fault)
            time.sleep(NAP)
        _check([process.exitcode for process in processes], fault)
    finally:
        for process in processes:
            process.terminate()


def _check(codes: Sequence[int | None], fault: Any) -> None:
    """Raise what ended one of the processes, as it said it."""
    failed = [code for code in codes if code]
    if failed and not fault.empty():
        raise fault.get()
    if failed:
        raise WindowshopError(
            f"a process of the crossover ended with code {failed[0]}; the lines above say why, "
            "call the same command again and it goes on"
        )


@dataclass(frozen=True)
class _Order:
    """What a process gets to do."""

    settings: Settings
    crossover: CrossoverPlan
    sources: str
    root: Path


def _play_columns(order: _Order, part: slice, done: Any, fault: Any) -> None:
    """In a process of its own: the columns of one part, each cell into its file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _play_part(order, part, done)
    except WindowshopError as error:
        fault.put(error)
        raise SystemExit(error.exit_code) from None


def _play_part(order: _Order, part: slice, done: Any) -> None:
    context = open_context(order.settings, Silence())
    for _, plan, cells in list(order.crossover.columns())[part]:
        column = Column(context, order.crossover, plan, order.sources)
        for cell in cells:
            path = order.root / column.file(cell)
            if not path.exists():
                partial = path.with_suffix(
                    f".{os.getpid()}"
                )  # another grid may be at the same cell
                partial.write_text(json.dumps(column.play(cell)) + "\n")
                partial.replace(path)
            with done.get_lock():
                done.value += 1


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
