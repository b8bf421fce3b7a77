"""What the commands answer to other programs: one JSON object, or events as lines, on a real
installation.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from db import errors, work
from db.engine import write_transaction
from tests import cli_reference
from tests.databases import KINDS, POSTGRES, fresh_postgres
from tests.guest_classes import HERE
from tests.installation import TOY_FLAGS, Installation, install

pytestmark = pytest.mark.journey

ENDLESS = {"windowshop serve", "windowshop up", "windowshop worker"}
LONG = {"windowshop realism", "windowshop world fit"}
"""These take seconds."""

NEEDS_MORE = {
    f"windowshop {name}"
    for name in (
        "demo",
        "train",
        "explore",
        "evaluate",
        "similar",
        "catalogue add",
        "catalogue remove",
        "catalogue update",
        "crossover",
        "offline",
        "leaderboard",
        "plan",
        "counterfactual",
        "peek",
    )
}
"""These need Fashion-MNIST, a model that embeds, pictures, or many runs."""


@pytest.fixture(scope="module", params=KINDS)
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """An installation on which every command can be called, on either database; it has played one
    run.
    """
    postgres = (
        fresh_postgres(request.getfixturevalue("postgres")) if request.param == POSTGRES else ""
    )
    made = install(tmp_path_factory.mktemp("cli"), postgres=postgres)
    played = made.call("simulate", *TOY_FLAGS, "--local", "--json")
    assert played.returncode == 0, played.stderr
    answer = json.loads(played.stdout)
    assert played.stdout.count("\n") == 1
    assert {"run", "events", "report"} <= set(answer)
    assert made.call("events", "export", answer["run"], "--out", "log.jsonl").returncode == 0
    park_two(made, int(answer["run"], 16))
    return made


def park_two(made: Installation, run: int) -> None:
    """Two pieces of work that were given up."""
    engine = made.engine()
    with write_transaction(engine) as conn:
        ids = work.add(conn, run, "rank", {"a": {}, "b": {}})
        for work_id in ids * work.MOST_TRIES:
            assert work.take(conn, work_id, "clumsy")
            work.give_back(conn, work_id, "it broke")
    engine.dispose()


ANSWERS = {
    "windowshop experiment": (
        ("experiment", "--policies", "random,visual", *TOY_FLAGS, "--seeds", "1", "--local"),
        {"experiment", "runs", "report"},
    ),
    "windowshop interleave": (
        ("interleave", "blend,visual", *TOY_FLAGS),
        {"preference", "true_effect", "sessions"},
    ),
    "windowshop split": (
        ("split", "blend,visual", *TOY_FLAGS),
        {"effect", "true_effect", "sessions"},
    ),
    "windowshop report": (("report", "latest"), {"report", "metrics"}),
    "windowshop events export": (
        ("events", "export", "{run}", "--out", "events.jsonl"),
        {"run", "events", "file"},
    ),
    "windowshop slates export": (
        ("slates", "export", "{run}", "--out", "slates.jsonl"),
        {"run", "rows", "format", "file"},
    ),
    "windowshop events import": (
        ("events", "import", "log.jsonl"),
        {"run", "events", "new", "skipped"},
    ),
    "windowshop realism": (
        (
            *("realism", "log.jsonl", "--catalogue", "toy", "--items", "120"),
            *("--queries", "40", "--shoppers", "100", "--days", "2"),
        ),
        {"measures", "auc", "gives_away", "report"},
    ),
    "windowshop evaluate-log": (("evaluate-log", "log.jsonl"), {"policies", "report"}),
    "windowshop world fit": (
        (
            *("world", "fit", "log.jsonl", "--out", "myshop.toml", "--catalogue", "toy"),
            *("--items", "120", "--queries", "40", "--shoppers", "40", "--days", "2"),
        ),
        {"fitted", "not_told", "auc"},
    ),
    "windowshop verify": (("verify", "{run}"), {"ok", "checks"}),
    "windowshop recount": (("recount", "{run}"), {"ok", "run", "engine", "cells", "difference"}),
    "windowshop catalogue list": (
        ("catalogue", "list", "toy"),
        {"item", "category", "price", "source", "split"},
    ),
    "windowshop catalogue show": (
        ("catalogue", "show", "toy"),
        {"catalogue", "items", "queries", "categories", "prices", "intakes", "runs"},
    ),
    "windowshop status": (
        ("status",),
        {"runs", "work", "parked", "processes", "models", "catalogues"},
    ),
    "windowshop recommend": (
        ("recommend", "item-0003", "--run", "{run}", "--workers", "1"),
        {"job", "state", "query", "items"},
    ),
    "windowshop check": (
        ("check", f"{HERE}:Looks", "--catalogue", "toy", "--items", "120", "--queries", "40"),
        {"ok", "checks", "latency_ms"},
    ),
    "windowshop doctor": (
        ("doctor",),
        {"data", "model", "database", "queue", "work", "workers", "runs", "disk", "pictures"},
    ),
    "windowshop work list": (
        ("work", "list"),
        {"id", "run", "kind", "state", "tries", "waits", "worker", "reason"},
    ),
    "windowshop work retry": (("work", "retry", "{parked}"), {"retried"}),
    "windowshop work drop": (("work", "drop", "--all"), {"dropped"}),
    "windowshop config show": (("config", "show"), {"home", "database_url", "workers"}),
}


def test_every_command_that_ends_is_asked_for_its_answer() -> None:
    """A new command needs a line in ANSWERS; simulate's is asked for by the fixture."""
    assert set(ANSWERS) | ENDLESS | NEEDS_MORE | {"windowshop simulate"} == set(
        dict(cli_reference.commands())
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.thorough) if name in LONG else name for name in ANSWERS],
)
def test_the_answer_is_one_json_object(installation: Installation, name: str) -> None:
    """Standard output holds one line, which parses, with the keys others rely on; or one list."""
    words, keys = ANSWERS[name]
    run = first_run(installation) if "{run}" in words else ""
    known = {"run": run, "parked": first_parked(installation) if "{parked}" in words else ""}
    done = installation.call(*(word.format(**known) for word in words), "--json")
    assert done.returncode in (0, errors.GateError.exit_code), done.stderr
    assert done.stdout.count("\n") == 1
    found: Any = json.loads(done.stdout)
    assert keys <= set(found[0] if isinstance(found, list) else found)


@pytest.mark.thorough
def test_a_fitted_world_is_played(installation: Installation) -> None:
    """What `world fit` writes is what --world takes, and its numbers are in the run."""
    words, _ = ANSWERS["windowshop world fit"]
    fitted = json.loads(installation.call(*words, "--json").stdout)["fitted"]
    assert fitted
    done = installation.call(
        "simulate", *TOY_FLAGS, "--local", "--world", "myshop.toml", "--seed", "7", "--json"
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    config = json.loads((installation.folder / "runs" / run / "config.json").read_text())
    settings = config["world"]["settings"]
    assert {name: settings[name] for name in fitted} == {
        name: one["value"] for name, one in fitted.items()
    }
    assert config["world"]["preset"].endswith("file=myshop.toml")


def first_parked(installation: Installation) -> str:
    """The id of a piece of work that was given up."""
    return str(json.loads(installation.call("status", "--json").stdout)["parked"][0]["id"])


def first_run(installation: Installation) -> str:
    """The id of a run that was played."""
    status = json.loads(installation.call("status", "--json").stdout)
    return str(status["runs"][0]["run"])


def test_events_come_out_as_lines(installation: Installation) -> None:
    """Without --out, standard output holds the events and nothing else."""
    done = installation.call("events", "export", first_run(installation))
    assert done.returncode == 0, done.stderr
    assert {json.loads(line)["kind"] for line in done.stdout.splitlines()} >= {
        "search",
        "impression",
        "leave",
    }


def test_a_reader_that_goes_away_is_no_error(installation: Installation) -> None:
    """`windowshop events export RUN | head -1` ends with 0 and says nothing."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "simulator", "events", "export", first_run(installation)],
        cwd=installation.folder,
        env=installation.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.stderr.read() == b""
    assert writer.wait() == 0
    writer.stderr.close()


def test_a_finished_run_keeps_its_timings(installation: Installation) -> None:
    """Asked for again, it is given back, and its directory still says how long it took."""
    folder = installation.folder / "runs" / first_run(installation)
    before = json.loads((folder / "run.json").read_text())["timings"]
    done = installation.call("simulate", *TOY_FLAGS, "--local", "--json")
    assert done.returncode == 0, done.stderr
    assert "finished before" in done.stderr
    assert before["total"] > 0
    assert json.loads((folder / "run.json").read_text())["timings"] == before
