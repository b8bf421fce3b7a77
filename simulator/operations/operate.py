"""Running the installation: workers up, one worker, what there is, and the settings in force."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from db import bulk, heartbeats, runs, schema, work
from db.engine import open_engine, read_transaction, shown
from db.errors import UsageError
from db.tables import item, model
from simulator.installation.context import Context
from simulator.installation.named import named
from workers import queue
from workers import settings as installation
from workers.addresses import without_secrets
from workers.settings import Settings
from workers.supervisor import Supervisor
from workers.tasks import work_until_stopped

Ready = Callable[[dict[str, Any]], None]
"""Hears, once, what runs now."""


def up(context: Context, ready: Ready) -> None:
    """Run a supervisor until somebody stops us by SIGTERM or Ctrl-C: that is how it ends well."""
    with suppress(KeyboardInterrupt), Supervisor(context.settings, context.engine) as supervisor:
        ready(
            {
                "workers": supervisor.pids,
                "database": shown(context.engine.url),
                "queue": without_secrets(supervisor.settings.redis_url),
            }
        )
        while True:
            time.sleep(3600)


def worker(settings: Settings, name: str | None, ready: Ready) -> None:
    """Be one worker.

    Raises UsageError without a queue to listen to, and what is wrong with queue or database before
    it begins.
    """
    if not settings.redis_url:
        raise UsageError(
            "a worker needs REDIS_URL; `windowshop up` starts workers with a queue of their own"
        )
    queue.connect(settings.redis_url).close()
    engine = open_engine(settings.database)
    schema.ensure(engine)
    engine.dispose()
    name = name or f"worker-{uuid4().hex[:12]}"
    ready({"worker": name, "queue": without_secrets(settings.redis_url)})
    work_until_stopped(settings, name, is_alone=True)


@dataclass(frozen=True)
class Status:
    """What there is."""

    runs: list[dict[str, Any]]
    work: dict[str, int]
    parked: list[dict[str, Any]]
    processes: list[dict[str, Any]]
    models: list[str]
    catalogues: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The result that other programs rely on."""
        return dict(vars(self))

    def text(self) -> str:
        """The same for people."""
        lines = [
            f"{one['run']}  {one['state']:<9} {one['policy']:<12} seed {one['seed']}, {one['days']}"
            f" days, {one['shoppers']:,} shoppers, {one['items']:,} items, world {one['world']}"
            for one in self.runs
        ]
        lines = lines or ["no runs yet; `windowshop demo` makes the first"]
        lines += [
            "",
            "work     "
            + (", ".join(f"{n} {what}" for what, n in self.work.items()) or "none waits"),
        ]
        lines += [
            f"parked   work {one['id']} ({one['kind']}): {one['reason']}" for one in self.parked
        ]
        lines += [f"process  {_told(one)}" for one in self.processes]
        lines += ["models   " + (", ".join(self.models) or "none")]
        lines += [
            "catalogues "
            + (", ".join(f"{name} ({n:,})" for name, n in self.catalogues.items()) or "none")
        ]
        return "\n".join(lines)


def status(context: Context, name: str | None = None) -> Status:
    """Runs (all, or those behind a name), work, models and catalogues of this database."""
    wanted = None if name is None else named(context, name).run_ids
    with read_transaction(context.engine) as conn:
        found = [run for run in runs.every(conn) if wanted is None or run.id in wanted]
        waiting = work.by_state(conn)
        parked = work.parked(conn)
        processes = heartbeats.every(conn)
        keys = [row[0] for row in bulk.fetch(conn, select(model.c.key).order_by(model.c.key))]
        sizes = bulk.fetch(conn, select(item.c.catalogue, func.count()).group_by(item.c.catalogue))
    return Status(
        runs=[
            {
                "run": run.id,
                "state": run.state,
                **{
                    name: run.config[name]
                    for name in ("policy", "seed", "days", "shoppers", "items")
                },
                "world": run.config["world"]["preset"],
            }
            for run in found
        ],
        work={f"{kind} {state}": number for (kind, state), number in waiting.items()},
        parked=[one._asdict() for one in parked],
        processes=[
            {**one._asdict(), "lived": round(one.lived, 1), "silent": round(one.silent, 1)}
            for one in processes
        ],
        models=keys,
        catalogues=dict(sizes),
    )


def _told(process: dict[str, Any]) -> str:
    """One process in a line."""
    state = f"SILENT for {process['silent']:.0f} s" if process["is_silent"] else "alive"
    line = (
        f"{process['name']} {state}, pid {process['pid']} on {process['host']},"
        f" {process['lived']:.0f} s old"
    )
    line += f", work {process['work']}" if process["work"] is not None else ""
    return line + (f", metrics http://{process['metrics']}/" if process["metrics"] else "")


def shown_settings(settings: Settings) -> list[dict[str, str]]:
    """Each setting with its value, where it came from and what it is for; passwords hidden."""
    origin = installation.origins(settings)
    shown = []
    for name, field in type(settings).model_fields.items():
        value = without_secrets(str(getattr(settings, name)))
        shown.append(
            {"name": name, "value": value, "from": origin[name], "what": field.description or ""}
        )
    return shown
