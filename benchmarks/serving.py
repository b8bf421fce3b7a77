"""How quickly the shop answers, beside a plain FastAPI endpoint that ranks in its own process.

`python -m benchmarks.serving [--items 1000] [--calls 200] [--seconds 10] [--rounds 3]`: the shop is
served with two workers, Valkey, SQLite and real embeddings; the same requests go to both in turn,
over HTTP on loopback. One request after the other; so many shoppers at once; a picture from upload
to slate; and one request after the other while an experiment is played by the same workers.

One request after the other is asked with httpx. The shoppers at once ask over bare asyncio streams,
of both servers alike: with httpx the driver took 3.6 ms of processor time a request, more than
either server, on the two cores that all share. Locust would bring 19 more packages and a loop of
its own.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import time
from collections.abc import Iterator
from itertools import cycle
from statistics import median

import httpx
import numpy as np
from PIL import Image

from benchmarks.rig.http_line import HttpLine
from benchmarks.rig.measured import claim, machine
from benchmarks.rig.served import Ask, Asked, both_served
from db import images
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.views import GREY, View, seen
from simulator.catalogues.decoder import Decoder
from workers.knowledge import Library

VISIT = 10
"""Searches of one visitor, after which somebody new comes."""

SHOPPERS = 30
PICTURES = 40
WANTED = {1_000: 3.0, 60_000: 1.5}
"""How many times the plain endpoint's p95 one request may take, by items."""

ABOVE_MS = 20.0
MORE = 1.5
BESIDE = 3.0


def main() -> None:
    """All of it at one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    print(machine(), flush=True)
    with both_served(wanted.items) as asked:
        what = f"at {wanted.items:,} items"
        one_request(asked, wanted.calls, wanted.rounds, what)
        many_shoppers(asked, wanted.seconds, wanted.rounds, what)
        upload(asked, what)
        beside_a_simulation(asked, wanted.calls, what)
    print(f"load at the end {os.getloadavg()[0]:.1f}", flush=True)


def one_request(asked: Asked, calls: int, rounds: int, what: str) -> None:
    """One after the other; ratios are those of one round."""
    shop, plain, ratios = [], [], []
    for number in range(rounds + 1):
        mine = latencies(asked.shop, asked.queries, calls)
        theirs = latencies(asked.plain, asked.queries, calls)
        if number:  # the first round warms
            shop += mine
            plain += theirs
            ratios.append(p95(mine) / p95(theirs))
    most = WANTED.get(len(asked.offered), 3.0)
    found = f"{median(ratios):.1f} times ({told(shop)}; plain {told(plain)})"
    claim(f"p95 of one request, {what}", found, f"at most {most:g}", holds=median(ratios) <= most)


def many_shoppers(asked: Asked, seconds: float, rounds: int, what: str) -> None:
    """Each asks again as soon as she is answered."""
    rates = [
        [asyncio.run(rate(one, asked.queries, seconds)) for one in (asked.shop, asked.plain)]
        for _ in range(rounds)
    ]
    ratio = median(mine / theirs for mine, theirs in rates)
    mine, theirs = (median(one[place] for one in rates) for place in (0, 1))
    claim(
        f"answers a second to {SHOPPERS} shoppers at once, {what}",
        f"{ratio:.2f} times ({mine:.0f}/s; plain {theirs:.0f}/s)",
        f"at least {MORE:g}",
        holds=ratio >= MORE,
    )


def upload(asked: Asked, what: str) -> None:
    """A picture from upload to slate, in turn with decoding and embedding it alone."""
    more = []
    with Decoder() as decoder, httpx.Client(base_url=asked.address, timeout=60) as client:
        key = EmbedderKey(asked.model, asked.runtime)
        network = Library(asked.context.engine, is_quick=True).embedder(key)
        for number, content in enumerate(pictures(asked, PICTURES + 5)):
            began = time.perf_counter()
            canonical = decoder.understand("photo.jpg", content).canonical
            network.embed(seen(canonical, View(*network.view))[None])
            middle = time.perf_counter()
            answer = client.post("/api/v1/searches", files={"image": content}, data={"wait": "20"})
            after = time.perf_counter()
            answer.raise_for_status()
            if number >= 5:
                more.append((after - middle, middle - began))
    above = 1000 * median(mine - alone for mine, alone in more)
    mine, alone = (1000 * median(one[place] for one in more) for place in (0, 1))
    claim(
        f"upload to slate above decoding and embedding alone, {what}",
        f"{above:.0f} ms ({mine:.0f} and {alone:.0f} ms)",
        f"at most {ABOVE_MS:g} ms",
        holds=above <= ABOVE_MS,
    )


def beside_a_simulation(asked: Asked, calls: int, what: str) -> None:
    """One after the other, quiet and then while the same workers play an experiment."""
    quiet = latencies(asked.shop, asked.queries, calls)
    wish = {"policies": ["visual", "blend"], "days": 40, "shoppers": 3000, "items": 1000}
    with httpx.Client(base_url=asked.address, timeout=60) as client:
        started = client.post("/api/v1/experiments", json=wish)
        started.raise_for_status()
        job = started.json()["job"]
        wait_for_events(client)
        busy = latencies(asked.shop, asked.queries, calls)
        state = client.get(f"/api/v1/experiments/{job}").json()["state"]
    ratio = p95(busy) / p95(quiet)
    claim(
        f"p95 of one request while a simulation runs beside it, {what}",
        f"{ratio:.1f} times ({told(busy)}; before {told(quiet)}; the experiment {state})",
        f"at most {BESIDE:g}",
        holds=ratio <= BESIDE and state == "running",
    )


def wait_for_events(client: httpx.Client) -> None:
    """Until the experiment's first day is being played."""
    known = {one["run"] for one in client.get("/api/v1/runs").json()}
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = client.get("/api/v1/runs").json()
        if any(one["run"] not in known or one["state"] == "running" for one in found):
            time.sleep(3.0)  # past the morning
            return
        time.sleep(0.2)
    raise SystemExit("the experiment did not begin within 120 s")


def latencies(ask: Ask, queries: list[str], calls: int) -> list[float]:
    """Seconds of each of so many requests, one after the other."""
    address, path, more = ask
    found = []
    items = cycle(queries)
    for _ in range(max(1, calls // VISIT)):
        with httpx.Client(base_url=address, timeout=60) as client:
            client.get("/openapi.json")  # connected
            for _ in range(VISIT):
                began = time.perf_counter()
                answer = client.post(path, json={"item": next(items), **more})
                found.append(time.perf_counter() - began)
                answer.raise_for_status()
    return found


async def rate(ask: Ask, queries: list[str], seconds: float) -> float:
    """Answers a second to all shoppers together."""
    address, path, more = ask
    until = time.perf_counter() + seconds

    async def shopper(first: int) -> int:
        n = 0
        while time.perf_counter() < until:
            async with HttpLine(address) as line:
                for _ in range(VISIT):
                    item = queries[(first * 37 + n) % len(queries)]
                    await line.post(path, {"item": item, **more})
                    n += 1
                    if time.perf_counter() >= until:
                        break
        return n

    began = time.perf_counter()
    counts = await asyncio.gather(*(shopper(one) for one in range(SHOPPERS)))
    return sum(counts) / (time.perf_counter() - began)


def pictures(asked: Asked, n: int) -> Iterator[bytes]:
    """JPEGs of 300 x 400, each of a product that nobody has brought before."""
    rng = np.random.default_rng(1)
    chosen = asked.offered[:: max(1, len(asked.offered) // n)][:n]
    with read_transaction(asked.context.engine) as conn:
        stored = images.read(conn, chosen, GREY)
    for pixels in stored:
        rough = 255 - np.kron(pixels, np.ones((10, 10))) + rng.normal(0, 4, (280, 280))
        sheet = np.full((400, 300), 255.0)
        sheet[60:340, 10:290] = rough
        packed = io.BytesIO()
        Image.fromarray(sheet.clip(0, 255).astype(np.uint8)).save(packed, "JPEG")
        yield packed.getvalue()


def p95(found: list[float]) -> float:
    """Seconds below which 95 % of them stay."""
    return float(np.percentile(found, 95))


def told(found: list[float]) -> str:
    """The median and the p95, in ms."""
    return f"p50 {1000 * median(found):.1f} ms, p95 {1000 * p95(found):.1f} ms"


if __name__ == "__main__":
    main()
