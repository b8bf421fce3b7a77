"""A server of one's own in FastAPI: shows what was clicked most so far, the same to everybody.

pip install fastapi uvicorn
uvicorn --app-dir examples fastapi_server:app --port 9000 &
windowshop experiment --policies visual,clicked=http://127.0.0.1:9000
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import FastAPI, HTTPException

app = FastAPI()
runs: dict[str, dict[str, Any]] = {}
"""By run: items on a slate, clicks by item, days learned. `async` lets in one call at a time."""


def known(body: dict[str, Any]) -> dict[str, Any]:
    """The run of a call. 409 asks to be started anew: this server was restarted in between."""
    if body["run"] not in runs:
        raise HTTPException(409, "start comes first")
    return runs[body["run"]]


@app.get("/health")
async def health() -> dict[str, str]:
    """Another version is another policy: its runs are not taken over."""
    return {"name": "clicked", "version": "1"}


@app.post("/start")
async def start(body: dict[str, Any]) -> dict[str, str]:
    """The shop opens. The call may come twice, from two workers: the first one counts."""
    clicks = Counter({item["number"]: 0 for item in body["items"]})
    runs.setdefault(body["run"], {"k": body["k"], "clicks": clicks, "days": set()})
    return {}


@app.post("/slates")
async def slates(body: dict[str, Any]) -> dict[str, list[list[int]]]:
    """The most clicked that may be shown: not the query, nor what the session has seen."""
    run = known(body)
    ranked = sorted(run["clicks"], key=lambda item: (-run["clicks"][item], item))
    answer = []
    for request in body["requests"]:
        closed = {request["query"], *request["shown"], *body["not_on_sale"]}
        answer.append([item for item in ranked if item not in closed][: run["k"]])
    return {"slates": answer}


@app.post("/learn")
async def learn(body: dict[str, Any]) -> dict[str, str]:
    """A day is over. Each worker tells of it, and it counts once."""
    run = known(body)
    if body["day"] not in run["days"]:
        run["days"].add(body["day"])
        run["clicks"].update(one["item"] for one in body["events"] if one["kind"] == "click")
    return {}
