"""Requests offered ten times faster than they are answered: what is held meanwhile, and that
nothing is lost.

`python -m benchmarks.burst [--database sqlite,postgres] [--seconds 6] [--faster 10]`: a client
stores searches with their work, as the simulator does, and waits for nobody. Memory is read from
/proc.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import func, select

from benchmarks.rig.installation import DATABASES, database_mb, installed, memory_mb
from benchmarks.rig.measured import claim, machine
from benchmarks.rig.road import wait_for
from db import event_log, work
from db.engine import read_transaction, write_transaction
from db.events import Events, Kind, blank
from db.runs import Run
from db.tables import event, slate
from simulator.installation.context import Context
from simulator.playing.desk import BATCH
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare, simulate
from workers.supervisor import Supervisor

CALIBRATION = 200
"""Batches by which the workers' own rate is taken."""

FIRST_SESSION = 10_000_000
BEAT = 0.02
SHOWN_EVERY = 5.0
LARGEST_PIECE = 64
COLUMNS = ("s", "offered", "queue", "client MB", "worker MB", "Valkey MB", "database MB")
GROWTH_MB = 150.0
"""What a worker or the client may gain on what it held when the burst began."""


@dataclass
class Client:
    """Offers batches of searches; it remembers how many, and nothing else."""

    context: Context
    workforce: Supervisor
    run: Run
    generation: int
    offered: int = 0

    def offer(self, batches: int) -> None:
        """So many batches of requests, stored with their work; then the bell."""
        first = FIRST_SESSION + self.offered * BATCH
        sessions = np.arange(first, first + batches * BATCH)
        payloads = {
            f"{piece[0]}.0": {"generation": self.generation, "step": 0, "sessions": piece.tolist()}
            for piece in np.split(sessions, batches)
        }
        with write_transaction(self.context.engine) as conn:
            event_log.append(conn, self.run.number, _searches(sessions, self.run))
            ids = work.add(conn, self.run.number, "rank", payloads)
        self.workforce.ring(ids)
        self.offered += batches

    def waiting(self) -> int:
        """Batches that are not done."""
        with read_transaction(self.context.engine) as conn:
            return work.waiting(conn, self.run.number)


@dataclass
class Watch:
    """What is held now and then, and the most that was."""

    client: Client
    began: float = field(default_factory=time.perf_counter)
    rows: list[dict[str, float]] = field(default_factory=list)

    def look(self, *, shown: bool) -> None:
        """One look; a line of it where asked for."""
        workforce = self.client.workforce
        row = {
            "s": time.perf_counter() - self.began,
            "offered": self.client.offered * BATCH,
            "queue": self.client.waiting() * BATCH,
            "client": memory_mb("self"),
            "workers": max(memory_mb(pid) for pid in workforce.pids.values()),
            "redis": _redis_mb(workforce),
            "database": database_mb(self.client.context.engine),
        }
        self.rows.append(row)
        if shown:
            print("  " + "".join(f"{value:>12,.0f}" for value in row.values()), flush=True)


def main() -> None:
    """Measure each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=",".join(DATABASES))
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--faster", type=float, default=10.0)
    arguments = parser.parse_args()
    print(machine())
    for database in arguments.database.split(","):
        with installed(database) as context:
            _measure(context, arguments.items, arguments.seconds, arguments.faster)


def _measure(context: Context, items: int, seconds: float, faster: float) -> None:
    resolved = prepare(context, Plan(items=items, days=1))
    with Supervisor(context.settings, context.engine) as workforce:
        run = simulate(context, resolved, workforce).run  # embeds, and folds a first day
    with Supervisor(context.settings, context.engine) as workforce:
        wait_for(context, context.settings.workers)
        client = Client(context, workforce, run, generation=0)
        began = time.perf_counter()
        client.offer(CALIBRATION)
        _drain(client)
        rate = CALIBRATION * BATCH / (time.perf_counter() - began)
        watch = Watch(client)
        database = context.engine.dialect.name
        print(f"\n{database}, {items:,} items: two workers answer {rate:,.0f} requests/s alone")
        print("  " + "".join(f"{name:>12}" for name in COLUMNS))
        watch.look(shown=True)
        worked_off = _burst(client, watch, rate / BATCH, faster, seconds)
        offered = watch.rows[-1]["offered"] - CALIBRATION * BATCH
        drain = _drain(client, watch)
        _judge(client, watch, faster=faster, offered=offered, worked_off=worked_off, drain=drain)


def _burst(client: Client, watch: Watch, rate: float, faster: float, seconds: float) -> float:
    """Offer so many times faster than is answered (rate: batches a second); how many were
    answered.
    """
    began = time.perf_counter()
    first = client.offered
    answered = 0
    shown = SHOWN_EVERY
    while (now := time.perf_counter() - began) < seconds:
        due = int(faster * max(now * rate, answered)) - (client.offered - first)
        if due > 0:
            client.offer(min(due, LARGEST_PIECE))
        else:
            time.sleep(BEAT)
        answered = client.offered - first - client.waiting()
        if now > shown:
            shown += SHOWN_EVERY
            watch.look(shown=True)
    watch.look(shown=True)
    return (client.offered - first) * BATCH - watch.rows[-1]["queue"]


def _drain(client: Client, watch: Watch | None = None) -> float:
    """Wait until nothing waits; how long it took."""
    began = shown = time.perf_counter()
    while client.waiting():
        time.sleep(5 * BEAT)
        if watch and time.perf_counter() - shown > 4 * SHOWN_EVERY:
            shown = time.perf_counter()
            watch.look(shown=True)
    if watch:
        watch.look(shown=True)
    return time.perf_counter() - began


def _judge(
    client: Client, watch: Watch, *, faster: float, offered: float, worked_off: float, drain: float
) -> None:
    first = watch.rows[0]
    most = {name: max(row[name] for row in watch.rows) for name in watch.rows[0]}
    with read_transaction(client.context.engine) as conn:
        asked, answered = (
            conn.execute(
                select(func.count()).where(
                    table.c.run == client.run.number, table.c.session >= FIRST_SESSION
                )
            ).scalar_one()
            for table in (event, slate)
        )
    database = client.context.engine.dialect.name
    gained = max(most[name] - first[name] for name in ("client", "workers"))
    claim(
        f"burst on {database}: {offered:,.0f} requests offered while {worked_off:,.0f} were"
        " answered",
        f"{offered / worked_off:.1f} times; drained in {drain:.0f} s; at most {gained:.0f} MB more"
        f" in a process, Valkey {most['redis']:.0f} MB; lost {asked - answered}",
        f"{faster:.0f} times, nothing lost, at most {GROWTH_MB:.0f} MB",
        holds=asked == answered == client.offered * BATCH
        and gained <= GROWTH_MB
        and round(offered / worked_off) >= faster,
    )


def _searches(sessions: np.ndarray, run: Run) -> Events:
    """A search each, for query items in turn."""
    rows = blank(len(sessions))
    rows["session"] = sessions
    rows["kind"] = Kind.SEARCH
    rows["at"] = sessions * 1000
    n_items = run.config["items"]
    n_queries = run.config["queries"]
    rows["query"] = n_items + sessions % n_queries
    return Events(rows, Events.empty(run.config["recommender"]["slate_size"]).shown)


def _redis_mb(workforce: Supervisor) -> float:
    return float(workforce.work_queue.connection.info("memory")["used_memory"]) / 1e6


if __name__ == "__main__":
    main()
