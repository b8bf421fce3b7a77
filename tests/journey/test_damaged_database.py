"""A SQLite file with flipped bits: the doctor finds it, and no command ends in a traceback of the
driver.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import PASS, SQLITE
from tests.installation import TOY_FLAGS, Installation, Installer, copy_of
from tests.journey.refusals import FAILED, GATE

pytestmark = pytest.mark.journey

COMMANDS = (("status",), ("verify", "{run}"), ("events", "export", "{run}"), ("report", "{run}"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation with a finished run, to be copied."""
    if PASS != SQLITE:
        pytest.skip("Postgres looks after its own files")
    made = installed(tmp_path_factory.mktemp("damaged"))
    done = made.call("simulate", *TOY_FLAGS, "--local")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def installation(shop: Installation, tmp_path: Path) -> Installation:
    """A copy to spoil."""
    return copy_of(shop, tmp_path / "shop")


def damage(installation: Installation, *, header: bool) -> None:
    """Flip bits in the file's first page, or all over its b-trees' own bytes."""
    file = installation.home / "windowshop.db"
    with closing(sqlite3.connect(file)) as last:  # pages that still stand in the log would hide it
        last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    if header:
        content[:100] = bytes(byte ^ 0xFF for byte in content[:100])
    else:
        rng = random.Random(1)
        size = int.from_bytes(content[16:18], "big")
        for page in range(1, len(content) // size):
            for place in rng.sample(range(24), 4):  # a page's header and its first cells' places
                content[page * size + place] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


@pytest.mark.thorough
@pytest.mark.parametrize("header", [True, False], ids=["the header", "all over"])
def test_flipped_bits_are_said_in_one_line(installation: Installation, header: bool) -> None:
    """Each command names the file, what SQLite says and the cure; the doctor calls the database
    wrong.
    """
    run = (installation.folder / "runs" / "latest").readlink().name
    damage(installation, header=header)
    for command in COMMANDS:
        done = installation.call(*(word.format(run=run) for word in command))
        assert done.returncode == FAILED, (command, done.stderr)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "windowshop.db is damaged (" in done.stderr
        assert "move it away" in done.stderr
    asked = installation.call("doctor")
    assert asked.returncode == GATE
    assert "WRONG database" in asked.stdout
    assert "damaged" in asked.stdout
    assert "Traceback" not in asked.stderr


def test_the_cure_works(installation: Installation) -> None:
    """Without the damaged file the next command begins with an empty one."""
    damage(installation, header=True)
    for name in ("windowshop.db", "windowshop.db-wal", "windowshop.db-shm"):
        if (installation.home / name).exists():
            shutil.move(installation.home / name, installation.folder / name)
    done = installation.call("status")
    assert done.returncode == 0, done.stderr
