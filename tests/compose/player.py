"""Plays the toy shop in a container, through workers of others: `python -m tests.compose.player DAYS SEED`.

It says one JSON object: the run's id, its export's sha256, how many events, and what `verify` finds wrong.
"""

from __future__ import annotations

import hashlib
import json
import sys

from db import schema
from db.engine import open_engine
from db.errors import WindowshopError
from simulator.actions.verify import verify
from tests import factories
from workers import log, settings
from workers.supervisor import Supervisor


def main() -> None:
    """Play so many days with a seed; called again, an unfinished run goes on."""
    days, seed = int(sys.argv[1]), int(sys.argv[2])
    found = settings.load(workers=0, relay_seconds=0.5)
    log.configure(found)
    try:
        engine = open_engine(found.database)
        schema.ensure(engine)
        with Supervisor(found, engine) as supervisor:
            run = factories.play(engine, supervisor, days=days, seed=seed).run.id
        wrong = [one.name for one in verify(factories.context_of(engine), run) if not one.ok]
        exported = factories.exported(engine, run)
    except WindowshopError as error:
        sys.stderr.write(f"windowshop: {error}\n")
        sys.exit(error.exit_code)
    told = {"run": run, "sha256": hashlib.sha256(exported.encode()).hexdigest(), "wrong": wrong}
    sys.stdout.write(json.dumps({**told, "events": exported.count("\n")}) + "\n")


if __name__ == "__main__":
    main()
