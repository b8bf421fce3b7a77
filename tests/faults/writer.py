"""Writes its share of a run's events, piece by piece: `python -m tests.faults.writer URL FILE K N
SEED HOW`.

Says as JSON how many transactions failed; a piece that failed is written again. HOW: ours, or plain
BEGIN.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from db import event_log
from db.engine import open_engine, read_transaction, write_transaction
from db.errors import DependencyError
from db.events import Events
from db.tables import event
from tests.faults.pieces import some_of


def main() -> None:
    """Write until everything is acknowledged."""
    url, file, k, n, seed, how = sys.argv[1:]
    stored = np.load(Path(file), allow_pickle=False)
    events = Events(stored["rows"], stored["shown"])
    engine = open_engine(url)
    rng = random.Random(int(seed) * 100 + int(k))
    order = list(range(int(k), len(events), int(n)))
    rng.shuffle(order)
    transaction = read_transaction if how == "plain" else write_transaction
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # all of them begin at once
    failed = 0
    pieces = [order[start : start + 20] for start in range(0, len(order), 20)]
    while pieces:
        piece = np.sort(np.array(pieces[-1]))
        try:
            with transaction(engine) as conn:
                # As every transaction of ours it looks before it writes.
                conn.execute(select(func.count()).select_from(event)).scalar_one()
                time.sleep(rng.uniform(0, 0.02))  # thinks about it
                event_log.append(conn, int(stored["run"]), some_of(events, piece))
        except DependencyError:
            failed += 1
        else:
            pieces.pop()
    sys.stdout.write(json.dumps({"failed": failed}))


if __name__ == "__main__":
    main()
