"""Small shops to test with: handmade pictures, ready-made embeddings, no TensorFlow."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from sqlalchemy import Engine

from db import embeddings, images, items, models, runs
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from simulator.guests.admitted import admitted
from simulator.installation.context import Context, Silence
from simulator.playing.desk import Workforce
from simulator.playing.export import write
from simulator.playing.plan import Plan, Resolved, resolve
from simulator.playing.report import load
from simulator.playing.simulate import Played, simulate
from workers import settings

CATALOGUE = "toy"
EMBEDDER = EmbedderKey("toy-embedder", "handmade")
N_ITEMS = 120
N_QUERIES = 40
TOY_PLAN = Plan(days=3, shoppers=60, items=N_ITEMS, queries=N_QUERIES, catalogue=CATALOGUE)


def stock(engine: Engine) -> list[Item]:
    """Bring the toy catalogue into a database: four categories of blobs, embedded by their own
    pixels.
    """
    rng = np.random.default_rng(7)
    n = N_ITEMS + N_QUERIES
    category = np.arange(n) % 4
    shapes = rng.integers(0, 256, (4, 28, 28))
    pixels = (0.6 * shapes[category] + 0.4 * rng.integers(0, 256, (n, 28, 28))).astype(np.uint8)
    vectors = rng.normal(size=(4, 16))[category] + 0.7 * rng.normal(size=(n, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with write_transaction(engine) as conn:
        hashes = images.add(conn, pixels)
        rows = [
            Item(
                number=place,
                item_id=f"{'item' if place < N_ITEMS else 'query'}-{place:04d}",
                image=key,
                category=f"category {category[place]}",
                split=CATALOGUE_SPLIT if place < N_ITEMS else QUERY_SPLIT,
                source="toy",
            )
            for place, key in enumerate(hashes)
        ]
        items.add(conn, CATALOGUE, rows)
        models.add(conn, EMBEDDER.model, b"{}", b"")
        embeddings.add(conn, EMBEDDER, hashes, vectors.astype(np.float32))
    with read_transaction(engine) as conn:
        return items.read(conn, CATALOGUE)


def context_of(engine: Engine, **flags: object) -> Context:
    """An installation on a database, talking to nobody."""
    address = engine.url.render_as_string(hide_password=False)
    return Context(settings.load(database_url=address, **flags), engine, Silence())


def resolved(
    engine: Engine, plan: Plan = TOY_PLAN, *, is_strict: bool = False, **changes: object
) -> Resolved:
    """A plan on the toy catalogue, with everything it depends on."""
    changed = replace(plan, **changes)
    with read_transaction(engine) as conn:
        stored = items.read(conn, CATALOGUE) or None
    return resolve(
        changed,
        stored or stock(engine),
        model=EMBEDDER.model,
        runtime=EMBEDDER.runtime,
        guest=admitted(changed.policy, is_strict=is_strict),
    )


def play(engine: Engine, workforce: Workforce, plan: Plan = TOY_PLAN, **changes: object) -> Played:
    """Play a run of the toy shop."""
    return simulate(context_of(engine), resolved(engine, plan, **changes), workforce)


def exported(engine: Engine, run_id: str) -> str:
    """A run's event export."""
    found = load(context_of(engine), run_id)
    out = io.StringIO()
    write(run_id, found.events, found.item_ids, out)
    return out.getvalue()


def stored_run(engine: Engine, run_id: str) -> runs.Run:
    """A run's row."""
    with read_transaction(engine) as conn:
        return runs.read(conn, run_id)
