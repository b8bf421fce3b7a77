"""Plays the toy shop in a process that a test can kill: `python -m tests.service.player
DATABASE_URL`.
"""

from __future__ import annotations

import sys

from db.engine import open_engine
from tests import factories
from workers.supervisor import Supervisor


def main() -> None:
    """Play with two workers under our own supervisor."""
    engine = open_engine(sys.argv[1])
    with Supervisor(factories.context_of(engine, workers=2).settings, engine) as supervisor:
        factories.play(engine, supervisor)


if __name__ == "__main__":
    main()
