"""Through real containers the same bytes come out as in one process, whatever happens to the
containers.

The tests stand in the order in which a project lives; the last one ends it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from db import schema
from db.engine import open_engine
from tests import factories
from tests.compose.conftest import Project, docker, inspected, is_well, wait_until
from workers.local_workforce import LocalWorkforce
from workers.tasks import GRACE_SECONDS

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

DAYS = 8
COUNT = "SELECT count(*) FROM slate"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A SQLite database on this host, to play the same in one process."""
    opened = open_engine(f"sqlite:///{tmp_path_factory.mktemp('local') / 'shop.db'}")
    schema.ensure(opened)
    yield opened
    opened.dispose()


def check(told: dict[str, Any], engine: Engine) -> None:
    """The run of the containers has the id and the bytes of the one in this process, and is
    well.
    """
    run = factories.play(engine, LocalWorkforce(engine), days=DAYS, seed=told["seed"]).run.id
    exported = hashlib.sha256(factories.exported(engine, run).encode()).hexdigest()
    assert (told["run"], told["sha256"]) == (run, exported)
    assert told["wrong"] == []


def test_two_worker_containers_give_the_bytes_of_one_process(
    project: Project, engine: Engine
) -> None:
    """Postgres and Redis in containers, two workers: the export of SQLite and --local."""
    with project.playing(DAYS, 1) as told:
        pass
    check(*told, engine)


def test_the_shop_is_open_to_this_machine_alone(project: Project) -> None:
    """`docker-compose up` brings it up; it answers on loopback, and what reaches it there shops."""
    (shop,) = project.containers("shop")
    wait_until(lambda: is_well(shop), "the shop, ready")
    found = inspected(shop)
    ((port, bindings),) = found["NetworkSettings"]["Ports"].items()
    assert port == "8000/tcp"
    assert {one["HostIp"] for one in bindings} == {"127.0.0.1"}
    networks = set(found["NetworkSettings"]["Networks"])
    assert networks == {f"{project.name}_front", f"{project.name}_inside"}
    address = f"http://127.0.0.1:{bindings[0]['HostPort']}"
    with httpx.Client(base_url=address, timeout=60) as client:
        page = client.get("/").text
        item = re.search(r'hx-post="/search/([^"]+)"', page)
        mark = re.search(r'name="csrf" content="(\w+)"', page)
        assert item
        assert mark
        slate = client.post(f"/search/{item[1]}", headers={"x-csrf": mark[1]}).text
        assert slate.count('class="card"') == 10
        assert client.post("/api/v1/searches", json={"item": item[1]}).status_code == 401
        token = project.compose("exec", "-T", "shop", "cat", "/var/lib/windowshop/shop.token")
        known = {"authorization": f"Bearer {token.stdout.strip()}"}
        answer = client.post("/api/v1/searches", json={"item": item[1]}, headers=known)
        assert answer.status_code == 200


def crash(container: str) -> None:
    """End its processes as the kernel would: the engine did not ask for it and starts it again."""
    os.kill(inspected(container)["State"]["Pid"], signal.SIGKILL)


def n_slates(project: Project) -> int | None:
    """How many requests were answered so far, of all runs; None while Postgres is away."""
    ask = 'export PGPASSWORD="$(cat /secrets/postgres)"; psql -h 127.0.0.1 -U windowshop -Atc "$0"'
    words = ["docker", "exec", project.containers("postgres")[0], "sh", "-c", ask, COUNT]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else None


def more_slates(project: Project) -> None:
    """Work goes on: more requests are answered."""
    wait_until(lambda: n_slates(project) is not None, "Postgres")
    before = n_slates(project) or 0
    wait_until(lambda: (n_slates(project) or 0) > before, "more slates")


def test_kills_and_scaling_in_mid_run_change_nothing(project: Project, engine: Engine) -> None:
    """A worker crashes, two become four, Redis crashes, Postgres is restarted; called again, it
    goes on.
    """
    with project.playing(DAYS, 2) as told:
        more_slates(project)
        crash(project.containers("worker")[0])
        more_slates(project)
        project.compose("up", "-d", "--no-recreate", "--no-deps", "--scale", "worker=4", "worker")
        assert len(project.containers("worker")) == 4
        more_slates(project)
        crash(project.containers("redis")[0])
        more_slates(project)
        project.compose("restart", "-t", "20", "postgres")
        more_slates(project)
    for found in told:
        check(found, engine)
    for service in ("redis", "postgres", "worker"):
        wait_until(lambda: all(map(is_well, project.containers(service))), f"{service}, well again")  # noqa: B023


def test_a_worker_container_embeds(project: Project) -> None:
    """The command line in a container, with the model it ships or trains; a worker computes the
    vectors.
    """
    sizes = ("--items", "40", "--queries", "20", "--shoppers", "20", "--days", "1")
    words = ("demo", "simulate", "--workers", "0", "--json", *sizes)
    done = project.compose("run", "--rm", "-T", "--no-deps", *words)
    run = json.loads(done.stdout.splitlines()[-1])["run"]
    verified = project.compose("run", "--rm", "-T", "--no-deps", "demo", "verify", run, "--json")
    checks = json.loads(verified.stdout.splitlines()[-1])
    assert checks["ok"]
    assert "60 of 60 items" in checks["checks"]["embeddings"]["detail"]


def test_workers_log_in_json(project: Project) -> None:
    """A line a happening, with its action and who it is."""
    for container in project.containers("worker"):
        done = subprocess.run(
            ["docker", "logs", container], capture_output=True, text=True, check=True
        )
        lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        assert "worker_started" in {line["action"] for line in lines if "action" in line}


def test_the_report_says_which_commit_the_image_is_of(project: Project) -> None:
    """The image holds no history; the build was told."""
    ask = "cat /opt/windowshop/COMMIT; echo; cat /reports/*/run.json"
    done = project.compose(
        "run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "demo", "-c", ask
    )
    commit, *report = done.stdout.splitlines()
    assert commit
    assert commit in "".join(report)


def test_containers_can_do_next_to_nothing(project: Project) -> None:
    """Not root, a read-only root, no capability, limits of memory and processes, no port
    published but the shop's.
    """
    for service in ("redis", "postgres", "worker", "migrate", "secrets", "shop"):
        found = inspected(project.containers(service)[0])
        host = found["HostConfig"]
        assert found["Config"]["User"] not in ("", "root", "0"), service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        if service == "shop":
            continue
        assert not host["PortBindings"], service
        assert list(found["NetworkSettings"]["Networks"]) == [f"{project.name}_inside"], service


def test_a_worker_is_given_more_time_to_stop_than_a_job_may_take(project: Project) -> None:
    """What it has in hand when it is told to stop, it finishes."""
    found = inspected(project.containers("worker")[0])["Config"]
    variables = dict(one.split("=", 1) for one in found["Env"])
    assert found["StopTimeout"] > int(variables["WINDOWSHOP_JOB_SECONDS"]) + GRACE_SECONDS


def test_no_password_stands_in_an_environment_a_command_line_or_a_log(project: Project) -> None:
    """They are files in a volume that only the containers mount."""
    secrets = project.compose(
        *("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "demo", "-c"),
        "cat /secrets/redis; echo; cat /secrets/postgres",
    ).stdout.split()
    assert len(secrets) == 2
    assert all(len(secret) == 48 for secret in secrets)
    known = [docker("inspect", one) for one in project.left()[:1]]
    for service in ("redis", "postgres", "worker", "migrate", "secrets", "shop"):
        for container in project.containers(service):
            known.append(docker("inspect", container))
            logs = subprocess.run(
                ["docker", "logs", container], capture_output=True, text=True, check=True
            )
            known += [logs.stdout, logs.stderr]
            if inspected(container)["State"]["Running"]:
                known.append(docker("top", container, "-o", "pid,args"))
    assert [one[:200] for one in known for secret in secrets if secret in one] == []


def test_redis_wants_the_password(project: Project) -> None:
    """Who is inside the network without it is refused."""
    done = project.compose("exec", "-T", "redis", "redis-cli", "ping")
    assert "NOAUTH" in done.stdout + done.stderr


def test_workers_stop_in_order(project: Project) -> None:
    """`stop` is heard: exit code 0, long before the grace is over, and no heartbeat is left."""
    project.compose("stop", "shop", "worker")
    stopped = [*project.containers("worker"), *project.containers("shop")]
    assert {inspected(one)["State"]["ExitCode"] for one in stopped} == {0}
    done = project.compose("run", "--rm", "-T", "--no-deps", "demo", "status", "--json")
    assert [one for one in json.loads(done.stdout)["processes"] if not one["is_silent"]] == []


def test_down_leaves_nothing(project: Project) -> None:
    """`docker-compose --profile demo down -v`: no container, no volume, no network."""
    project.compose("--profile", "demo", "down", "-v", "--timeout", "20")
    assert project.left() == []
