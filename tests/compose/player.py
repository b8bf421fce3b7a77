"""Plays the toy shop in a container, through workers of others: `python -m tests.compose.player
DAYS SEED`.

It plays a run with this seed, then with the next; when standard input ends, the run at hand is the
last. When a dependency goes away it begins again with the same run, as an operator would. A line of
JSON for each run: its seed, id, events, the sha256 of its export, how often it was begun, and what
`verify` finds wrong.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
import threading
import time
from typing import Any

from sqlalchemy import Engine

from db import schema
from db.engine import open_engine
from db.errors import DependencyError, WindowshopError
from simulator.operations.verify import verify
from tests import factories
from workers import log, settings
from workers.settings import Settings
from workers.supervisor import Supervisor

TRIES = 100
AWAY_SECONDS = 0.5


def main() -> None:
    """Play until told to stop."""
    days = int(sys.argv[1])
    first = int(sys.argv[2])
    found = settings.load(workers=0, relay_seconds=0.5)
    log.configure(found)
    engine = open_engine(found.database)
    is_over = _told_to_stop()
    for seed in itertools.count(first):
        told = _persist(found, engine, days, seed)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        if is_over.is_set():
            return


def _told_to_stop() -> threading.Event:
    """Set when nobody holds our standard input any more."""
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    return ended


def _persist(found: Settings, engine: Engine, days: int, seed: int) -> dict[str, Any]:
    """One run, called again when something went away meanwhile."""
    for tries in range(1, TRIES + 1):
        try:
            return {"seed": seed, "tries": tries, **_played(found, engine, days, seed)}
        except WindowshopError as error:
            sys.stderr.write(f"windowshop: {error}\n")
            if error.exit_code != DependencyError.exit_code:
                raise
        time.sleep(AWAY_SECONDS)
    raise SystemExit(f"seed {seed} was not played in {TRIES} tries")


def _played(found: Settings, engine: Engine, days: int, seed: int) -> dict[str, Any]:
    schema.ensure(engine)
    with Supervisor(found, engine) as supervisor:
        run = factories.play(engine, supervisor, days=days, seed=seed).run.id
    wrong = [one.name for one in verify(factories.context_of(engine), run) if not one.ok]
    exported = factories.exported(engine, run)
    sha256 = hashlib.sha256(exported.encode()).hexdigest()
    return {"run": run, "events": exported.count("\n"), "sha256": sha256, "wrong": wrong}


if __name__ == "__main__":
    main()
