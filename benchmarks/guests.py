"""Events a second of a recommender of one's own that answers as `random` does, beside `random`.

`python -m benchmarks.guests [--items 1000] [--days 8] [--times 3]`: the built-in policy, the same
slates through the door of Python and through HTTP (our own server, in a process of its own), in
turn, through Valkey, two workers and the database in force. Ratios are those of one round. The
slates must be the same, event for event.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import median

import httpx

from benchmarks.rig.installation import METRICS
from benchmarks.rig.measured import claim
from benchmarks.rig.road import Road, travel
from db import event_log, runs
from db.engine import read_transaction
from simulator.installation.context import Context, Silence, open_context
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare
from workers import settings

WANTED = {"python": 0.6, "http": 0.3}
"""Share of the events a second of the built-in `random`."""
DOORS = {"python": "a class of one's own", "http": "the same behind HTTP"}
GUEST = f"{Path(__file__).parent / 'made' / 'by_lot.py'}:ByLot"
READY_SECONDS = 60.0


def main() -> None:
    """Each of the three in turn, several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    context = open_context(settings.load(metrics=METRICS), Silence())
    with served() as address:
        policies = {"random": "random", "python": f"python={GUEST}", "http": f"http={address}"}
        plans = {
            name: Plan(policy=policy, items=arguments.items, days=arguments.days)
            for name, policy in policies.items()
        }
        rounds = []
        for _ in range(arguments.times):
            rounds.append({name: travel(context, plan) for name, plan in plans.items()})
            _told(rounds[-1])
        logs = {name: digest(context, plan) for name, plan in plans.items()}
    if len(set(logs.values())) > 1:
        raise SystemExit(f"the doors give other slates than random: {logs}")
    own = median(one["random"].rate for one in rounds)
    for door, wanted in WANTED.items():
        ratios = [one[door].rate / one["random"].rate for one in rounds]
        rate = median(one[door].rate for one in rounds)
        found = f"ratio {median(ratios):.2f} ({rate:,.0f}/s beside {own:,.0f}/s)"
        what = f"{DOORS[door]}, at {arguments.items:,} items, 2 workers, beside the built-in random"
        claim(what, found, f"at least {wanted:g}", holds=median(ratios) >= wanted)


@contextmanager
def served() -> Iterator[str]:
    """The address at which the class answers over HTTP, from a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "workers.guests.doors.serve", GUEST, "--port", str(port)]
    server = subprocess.Popen([sys.executable, *words])
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + READY_SECONDS
        while not answers(address):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit("the server of the class did not start")
            time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.wait()


def answers(address: str) -> bool:
    """Whether somebody is there."""
    try:
        return httpx.get(f"{address}/health").is_success
    except httpx.HTTPError:
        return False


def digest(context: Context, plan: Plan) -> str:
    """The sha256 of all events of a plan's run, whatever the run is called."""
    resolved = prepare(context, plan)
    with read_transaction(context.engine) as conn:
        number = int(runs.id_of(resolved.config), 16)
        k = resolved.config["recommender"]["slate_size"]
        events = event_log.read(conn, number, k=k)
    return sha256(events.rows.tobytes() + events.shown.tobytes()).hexdigest()[:12]


def _told(roads: dict[str, Road]) -> None:
    said = [
        f"{name} {road.rate:,.0f}/s (workers {road.milliseconds(road.cpu['workers']):.0f} ms of"
        " processor for each 1,000 events)"
        for name, road in roads.items()
    ]
    print("  " + "; ".join(said), flush=True)


if __name__ == "__main__":
    main()
