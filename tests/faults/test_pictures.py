"""Case 17: more than two hundred poisoned pictures through `similar` and `catalogue add`."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.engine import read_transaction
from db.errors import DataError
from db.tables import image, item
from simulator.catalogues import pictures
from tests.faults import lane
from tests.faults.account import Account
from tests.faults.lane import short_or_whole
from tests.faults.poisoned import good, poisons
from tests.installation import Installation, install

Accounts = Callable[..., Account]
MEMORY_KILOBYTES = 600_000
"""What reading all of them may add to this process: one picture of 60 million pixels, and no
more.
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them in one folder, with three good ones."""
    folder = tmp_path_factory.mktemp("poisoned")
    for name, content in poisons(lane.SEED, frames=short_or_whole(2_000, 10_000)):
        (folder / name).write_bytes(content)
    for suffix, content in good().items():
        (folder / f"good.{suffix}").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation of our own."""
    return install(tmp_path_factory.mktemp("pictures"))


def test_17_every_poisoned_picture_is_read_or_refused_in_one_line(
    files: Path, accounts: Accounts
) -> None:
    """No other error, no crash, no hang, no memory: each is a picture or a DataError that names
    it.
    """
    names = sorted(files.iterdir())
    assert len(names) > 200
    account = accounts(17, f"{len(names)} poisoned pictures read", "none", times=len(names))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = {path: said for path in names if (said := complaint(path))}
    for path, said in refused.items():
        assert str(path) in said
        assert "\n" not in said
        assert not path.name.startswith("good")
    assert len(refused) > len(names) // 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY_KILOBYTES
    account.events = 0


def complaint(path: Path) -> str:
    """What is said against a picture; nothing when it can be used."""
    try:
        assert pictures.read(path).canonical.shape in {(28, 28), (96, 96, 3)}
    except DataError as error:
        return str(error)
    return ""


def test_17_a_folder_of_poison_becomes_a_catalogue_of_what_is_sound(
    shop: Installation, files: Path, accounts: Accounts
) -> None:
    """`catalogue add` lists each that it leaves out with the reason; the rest is sold, nothing half
    there.
    """
    n = len(list(files.iterdir()))
    accounts(17, f"catalogue add of {n} poisoned pictures", "sqlite", times=n)
    done = shop.call("catalogue", "add", str(files), "--name", "poisoned", "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    answer = json.loads(done.stdout)
    left_out = {one["file"] for one in answer["skipped"]}
    assert all(one["reason"] for one in answer["skipped"])
    assert answer["items"] + answer["queries"] + len(left_out) == n
    assert not {f"good.{suffix}" for suffix in good()} & left_out
    assert not list(shop.folder.rglob("canary"))
    engine = shop.engine()
    with read_transaction(engine) as conn:
        mine = select(func.count()).select_from(item).where(item.c.catalogue == "poisoned")
        assert conn.execute(mine).scalar_one() == answer["items"] + answer["queries"]
        orphans = (
            select(func.count()).select_from(image).where(~image.c.sha256.in_(select(item.c.image)))
        )
        assert conn.execute(orphans).scalar_one() == 0
    engine.dispose()


SOME = (
    "truncated-40.jpg",
    "declares-65000x65000.png",
    "svg.png",
    "empty.png",
    "eps.png",
    "pickle.png",
)


@pytest.mark.parametrize("name", SOME[: short_or_whole(2, len(SOME))])
def test_17_similar_refuses_poison_in_one_line(
    shop: Installation, files: Path, accounts: Accounts, name: str
) -> None:
    """Through the command line: exit code 1, one line that names the file, before anything heavy
    begins.
    """
    accounts(17, f"similar {name}", "sqlite")
    done = shop.call("similar", str(files / name))
    assert done.returncode == 1, done.stderr
    assert [name in line for line in done.stderr.splitlines()] == [True]
