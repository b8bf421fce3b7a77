"""Whatever is wrong is said in one line that names the cure, with its exit code, and leaves nothing
behind.

Every case goes through the real command line, in a copy of one installation.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, inspect, select

from db.engine import read_transaction
from db.tables import metadata
from tests.installation import Installation, Installer, copy_of
from tests.journey.bad_input import CASES, DATA_CASES, SIMULATE, only_run
from tests.journey.refusals import (
    DEPENDENCY,
    GATE,
    Case,
)
from tests.tiers import first_of

pytestmark = pytest.mark.journey


ELSEWHERE = """
from functools import partial
from simulator.catalogues import fashion_mnist
fashion_mnist.Sources = partial(fashion_mnist.Sources, folders=())
from simulator.cli.main import main
main()
"""
"""The command line of a machine that has no copy of the data for all its users."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation with one finished run of another seed, to be copied."""
    made = installed(tmp_path_factory.mktemp("bad-input"))
    done = made.call(*SIMULATE, "--seed", "7")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def installation(shop: Installation, tmp_path: Path) -> Installation:
    """A copy to spoil."""
    return copy_of(shop, tmp_path / "shop")


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_one_line(installation: Installation, name: str) -> None:
    """The arguments, the settings, what is stored and what it depends on."""
    case = CASES[name]
    case.spoil(installation)
    check(installation, case, lambda words, changes: installation.call(*words, **changes))


@pytest.mark.parametrize("name", first_of(DATA_CASES))
def test_bad_data_is_refused_in_one_line(installation: Installation, name: str) -> None:
    """The same for Fashion-MNIST, on a machine that has no copy for all its users."""
    case = DATA_CASES[name]
    case.spoil(installation)
    check(
        installation,
        case,
        lambda words, changes: installation.python("-c", ELSEWHERE, *words, **changes),
    )


Call = Callable[[tuple[str, ...], dict[str, str]], subprocess.CompletedProcess[str]]


def check(installation: Installation, case: Case, call: Call) -> None:
    """Exit code, one line with all its words, nothing on standard output, and everything as it
    was.
    """
    known = {"folder": str(installation.folder), "run": only_run(installation)}
    words = tuple(word.format(**known) for word in case.command)
    changes = {key: value.format(**known) for key, value in case.environment.items()}
    before = everything(installation)
    done = call(words, changes)
    news = done.stderr.splitlines()
    assert done.returncode == case.code, done.stderr
    complaints = [line for line in news if not line.startswith("- ")]
    assert len(complaints) == 1, done.stderr
    assert complaints[0].startswith("windowshop: ")
    assert [word for word in case.words if word not in complaints[0]] == [], complaints[0]
    assert "secret" not in done.stderr
    assert "training" not in done.stderr
    if case.code != GATE:
        assert done.stdout == ""
        assert everything(installation) == before


def everything(installation: Installation) -> dict[str, object]:
    """The files of an installation but for what libraries cache, and what its database holds; an
    empty database counts as none.
    """
    files: dict[str, object] = {
        str(Path(folder, name).relative_to(installation.folder)): Path(folder, name).stat().st_size
        for folder, _, names in os.walk(installation.folder)
        for name in names
        if not name.startswith("windowshop.db") and f"{os.sep}.cache{os.sep}" not in folder
    }
    if installation.postgres or (installation.home / "windowshop.db").exists():
        engine = installation.engine()
        files |= {f"rows of {table}": n for table, n in rows(engine) if n}
        engine.dispose()
    return files


def rows(engine: Engine) -> Iterator[tuple[str, int]]:
    """How many rows each table has."""
    with read_transaction(engine) as conn:
        there = set(inspect(conn).get_table_names())
        for name, table in metadata.tables.items():
            if name in there:
                yield name, conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_database_that_accepts_and_says_nothing(installation: Installation) -> None:
    """A Postgres that hangs is given up after the timeout of its address."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/shop?connect_timeout=2"
        case = Case(
            SIMULATE, DEPENDENCY, ("windowshop doctor",), environment={"DATABASE_URL": address}
        )
        check(installation, case, lambda words, changes: installation.call(*words, **changes))


def test_what_is_refused_has_a_cure_that_works(installation: Installation) -> None:
    """The command that a wrong gate interrupted succeeds with a right one."""
    done = installation.call("report", "latest", "--fail-under", "hit_rate@10=0", "--json")
    assert done.returncode == 0, done.stderr
