"""One project of containers for all tests, built once; afterwards nothing of it is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 600.0
BUILD = os.environ.get("TEST_COMPOSE_BUILD", "--build")
"""`--no-build` takes the image as it is."""

TAIL = "200"
"""Lines of each container's log that a failure shows."""

ONE_OFF = "com.docker.compose.oneoff"
IN_CONTAINER = "/opt/windowshop"
COMPOSE = ("docker-compose",) if shutil.which("docker-compose") else ("docker", "compose")


@dataclass(frozen=True)
class Project:
    """A project of its own name; only its containers are touched."""

    name: str

    def compose(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A docker-compose command to its end; images by BASE_IMAGE, REDIS_IMAGE,
        POSTGRES_IMAGE.
        """
        done = subprocess.run(
            [*COMPOSE, "-p", self.name, *words],
            cwd=ROOT,
            env={**os.environ, "COMMIT": "of-the-test", "SHOP_PORT": "0"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stderr[-3000:]}"
        return done

    @contextmanager
    def playing(self, days: int, seed: int) -> Iterator[list[dict[str, Any]]]:
        """The toy shop, played by one more container through the workers of the project, run after
        run.

        When what is inside is done, the run at hand is the last; then the list holds what was told
        of each.
        """
        player = (
            "--entrypoint",
            "python",
            "demo",
            "-m",
            "tests.compose.player",
            str(days),
            str(seed),
        )
        told: list[dict[str, Any]] = []
        with TemporaryFile("w+") as said, TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [
                    *COMPOSE,
                    "-p",
                    self.name,
                    "run",
                    "--rm",
                    "-T",
                    "--no-deps",
                    *_with_tests(),
                    *player,
                ],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=said,
            )
            try:
                yield told
            finally:
                process.communicate(timeout=PATIENCE)  # closes its standard input
                said.seek(0)
                sys.stderr.write(said.read())
            out.seek(0)
            told += map(json.loads, out)
        assert process.returncode == 0

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers that exist, stopped ones too."""
        ids = self._listed("ps", "-aq", "--filter", f"label=com.docker.compose.service={service}")
        return [one for one in ids if inspected(one)["Config"]["Labels"][ONE_OFF] == "False"]

    def last_words(self) -> str:
        """The state of every container and the end of its log, for who looks into a failure."""
        return "\n".join(_last_words(container) for container in self._listed("ps", "-aq"))

    def left(self) -> list[str]:
        """Every container, volume and network of this project."""
        return [
            *self._listed("ps", "-aq"),
            *self._listed("volume", "ls", "-q"),
            *self._listed("network", "ls", "-q"),
        ]

    def _listed(self, *words: str) -> list[str]:
        label = f"label=com.docker.compose.project={self.name}"
        return docker(*words, "--filter", label).split()


def docker(*words: str) -> str:
    """What a docker command prints."""
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def inspected(container: str) -> dict[str, Any]:
    """All that the engine knows of a container."""
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


def is_well(container: str) -> bool:
    """Whether its healthcheck holds."""
    return bool(inspected(container)["State"].get("Health", {}).get("Status") == "healthy")


def _last_words(container: str) -> str:
    found = inspected(container)
    log = subprocess.run(
        ["docker", "logs", "--timestamps", "--tail", TAIL, container],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout
    return (
        f"--- {found['Name']} {json.dumps(found['State'])}, restarts {found['RestartCount']}\n{log}"
    )


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as it holds; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.2)


def _with_tests() -> tuple[str, ...]:
    """The toy shop is no part of the image: the tests are lent to it."""
    return ("-v", f"{ROOT / 'tests'}:{IN_CONTAINER}/tests:ro")


@pytest.fixture(scope="session")
def project() -> Iterator[Project]:
    """Redis, Postgres, two workers and the shop, on their way."""
    assert shutil.which(COMPOSE[0]), (
        "docker-compose is not installed; `pytest -m 'not compose'` does without"
    )
    found = Project(f"windowshop-test-{uuid4().hex[:8]}")
    try:
        found.compose("up", BUILD, "-d", "--scale", "worker=2")
        yield found
    except BaseException:
        sys.stderr.write(found.last_words())
        raise
    finally:
        found.compose(
            "--profile", "demo", "down", "-v", "--remove-orphans", "--timeout", "20", check=False
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the containers said."""
    report = yield
    project = getattr(item, "funcargs", {}).get("project")
    if report.failed and project is not None:
        report.sections.append(("the containers", project.last_words()))
    return report
