"""The shop and a plain endpoint, each served in a process of its own over the same run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.rig.installation import installed
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT
from simulator.installation.context import Context
from simulator.playing.plan import Plan
from simulator.playing.simulate import prepare, simulate
from workers.settings import for_child
from workers.supervisor import Supervisor

READY_SECONDS = 300.0
Ask = tuple[str, str, dict[str, Any]]
"""(address, path, what a request says beside the item)."""


@dataclass(frozen=True)
class Asked:
    """Two servers, and what can be asked of them."""

    context: Context
    address: str
    """Of the shop."""
    shop: Ask
    plain: Ask
    queries: list[str]
    """Ids of items to search with."""
    offered: list[str]
    """Pictures of what is sold."""
    model: str
    runtime: str


@contextmanager
def both_served(items: int) -> Iterator[Asked]:
    """Both over one run of `blend` that was played with so many items, warm."""
    with installed("sqlite") as context:
        resolved = prepare(context, Plan(policy="blend", items=items, shoppers=1000, days=3))
        with Supervisor(context.settings, context.engine) as workforce:
            run = simulate(context, resolved, workforce).run
        shop, plain = _free_port(), _free_port()
        served = ["-m", "simulator", "serve", "--run", run.id, "--port", str(shop)]
        bare = ["-m", "benchmarks.made.plain_endpoint", run.id, str(plain)]
        with _process(context, served, shop, "/readyz"), _process(context, bare, plain, "/docs"):
            address = f"http://127.0.0.1:{shop}"
            yield Asked(
                context,
                address,
                (address, "/api/v1/searches", {"wait": 20, "k": 10}),
                (f"http://127.0.0.1:{plain}", "/search", {}),
                [one.item_id for one in resolved.items if one.split == QUERY_SPLIT],
                [one.image for one in resolved.items if one.split == CATALOGUE_SPLIT],
                str(resolved.config["model"]),
                str(resolved.config["runtime"]),
            )


@contextmanager
def _process(context: Context, words: list[str], port: int, path: str) -> Iterator[None]:
    environment = {**os.environ, **for_child(context.settings)}
    server = subprocess.Popen([sys.executable, "-W", "ignore", *words], env=environment)
    try:
        until = time.monotonic() + READY_SECONDS
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{' '.join(words[:3])} did not start")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=10).is_success
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
