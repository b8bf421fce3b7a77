"""Plays the toy run in a process that a test can kill: `python -m tests.faults.player
DATABASE_URL`.
"""

from __future__ import annotations

import sys

from db.engine import open_engine
from simulator.playing import desk
from tests.faults import harness
from tests.faults.conftest import PLAN


def main() -> None:
    """Play with two workers under our own supervisor."""
    desk.BATCH = harness.BATCH
    engine = open_engine(sys.argv[1])
    with harness.supervised(engine) as supervisor:
        harness.play(engine, supervisor, PLAN)


if __name__ == "__main__":
    main()
