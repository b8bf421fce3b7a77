"""A plain FastAPI endpoint that ranks in its own process: what the shop is measured beside.

`python -m benchmarks.made.plain_endpoint RUN PORT`: it reads the run's recommender once, and ranks
an item that is asked with by somebody without a history. It stores nothing.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI

from db import items, runs, visits
from db.engine import open_engine, read_transaction
from db.events import Events, Kind, blank
from recommender.policies import recommend
from workers import settings
from workers.knowledge import Library
from workers.run_recommender import RunRecommender, requests_of


def endpoint(recommender: RunRecommender, ids: list[str]) -> FastAPI:
    """POST /search {"item": ID} gives the ten best, best first."""
    app = FastAPI()
    one_at_a_time = threading.Lock()
    numbers = {item_id: number for number, item_id in enumerate(ids)}

    @app.post("/search")
    def search(asked: dict[str, str]) -> dict[str, Any]:
        row = blank(1)
        row["kind"] = Kind.SEARCH
        row["query"] = numbers[asked["item"]]
        events = Events(row, np.zeros((0, recommender.config.slate_size), np.int32))
        profiles = recommender.profiles(requests_of(events, row["session"], 0), events)
        with one_at_a_time:  # what it remembers of an item is no business of two threads
            (slate,) = recommend(
                recommender.config, recommender.knowledge, profiles, recommender.seed
            )
        found = [
            {"item": ids[entry["item"]], "score": float(entry["score"])}
            for entry in slate
            if entry["item"] >= 0
        ]
        return {"items": found}

    return app


def main() -> None:
    """Serve until we are ended."""
    run_id, port = sys.argv[1:]
    engine = open_engine(settings.load().database)
    with read_transaction(engine) as conn:
        run = runs.read(conn, run_id)
        ids = [one.item_id for one in items.of_run(conn, run.number)]
        generation = visits.latest_generation(conn, run.number)
    recommender = Library(engine).recommender(run.number, generation)
    uvicorn.run(endpoint(recommender, ids), port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
