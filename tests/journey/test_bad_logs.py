"""Logs of real shoppers through the real command line: what is refused, and the good part of what
is not.

Every message names the file and the line; nothing of a refused log is kept.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from benchmarks.made.baskets import visits
from db.engine import read_transaction, write_transaction
from db.tables import imported_log
from simulator.logs.reading.notes import SHOWN
from tests.installation import Installation, Installer
from tests.journey.refusals import FAILED, GATE, USAGE
from tests.tiers import first_of

pytestmark = pytest.mark.journey

HEADER = "shopper,session,time,item,kind"
COMMANDS = (("events", "import"), ("evaluate-log",))

REFUSED: dict[str, tuple[bytes | None, int, tuple[str, ...]]] = {
    "no file": (None, USAGE, ("log: wanted a log to read", "No such file")),
    "an empty file": (b"", FAILED, ("log: wanted at least one good line, found none",)),
    "a header and nothing else": (HEADER.encode(), FAILED, ("log: wanted at least one good line",)),
    "a wrong header": (
        b"user,visit,at,product,what\na,1,5,x,view\n",
        FAILED,
        (
            "log:1: wanted JSON lines or a first line like shopper,session,time,item,kind",
            "user,visit",
        ),
    ),
    "half a UTF-16": (
        "shopper,session".encode("utf-16")[:-1],
        FAILED,
        ("log: wanted UTF-8 or whole UTF-16", "save the log as UTF-8"),
    ),
    "a header that nearly fits": (
        b"user_id,session,timestamp,sku,what\na,1,5,x,view\n",
        FAILED,
        ("try --columns shopper=user_id,session=session,time=timestamp,item=sku,kind=what",),
    ),
    "a packed file that is cut": (
        gzip.compress(f"{HEADER}\na,1,5,x,view\n".encode())[:-9],
        FAILED,
        ("log: wanted a log that can be read to its end, found it damaged",),
    ),
    "more than a twentieth broken": (
        f"{HEADER}\na,1,5,x,view\na,1,6,y,view\na,1,soon,x,view\n".encode(),
        FAILED,
        ("1 of 3 lines (33.3 %) left out, wanted at most 5 %", "--lenient goes on"),
    ),
    "broken lines only": (
        f"{HEADER}\na,1,5,x,bought\na,1,soon,x,view\n".encode(),
        FAILED,
        (
            "wanted at least one good line",
            "log:2: the kind 'bought' is unknown; known are search, view",
        ),
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation; no log here is so good that two tests would meet in it."""
    return installed(tmp_path_factory.mktemp("bad-logs"))


def logs_kept(shop: Installation) -> int:
    """How many logs its database holds."""
    engine = shop.engine()
    with read_transaction(engine) as conn:
        found = conn.execute(select(func.count()).select_from(imported_log)).scalar_one()
    engine.dispose()
    return found


@pytest.mark.parametrize("command", first_of(COMMANDS), ids=" ".join)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_log_is_refused_in_one_line(
    shop: Installation, name: str, command: tuple[str, ...]
) -> None:
    """With its exit code, the file and the line; nothing is written."""
    content, code, words = REFUSED[name]
    (shop.folder / "log").unlink(missing_ok=True)
    if content is not None:
        (shop.folder / "log").write_bytes(content)
    before = logs_kept(shop)
    assert_refused(shop, command, code, words)
    assert logs_kept(shop) == before
    assert not list((shop.folder / "runs").glob("log-*"))


@pytest.mark.parametrize("command", first_of(COMMANDS), ids=" ".join)
def test_a_folder_is_no_log(shop: Installation, command: tuple[str, ...]) -> None:
    """Usage: somebody named the wrong thing."""
    (shop.folder / "log").unlink(missing_ok=True)
    (shop.folder / "log").mkdir()
    assert_refused(shop, command, USAGE, ("log: wanted a log to read", "Is a directory"))
    (shop.folder / "log").rmdir()


def assert_refused(
    shop: Installation, command: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    """One line on standard error with all the words."""
    done = shop.call(*command, "log")
    assert done.returncode == code, done.stderr
    complaints = [line for line in done.stderr.splitlines() if line.startswith("windowshop: ")]
    assert len(complaints) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert [word for word in words if word not in complaints[0]] == [], complaints[0]
    assert done.stdout == ""


def spoilt(folder: Path) -> dict[int, str]:
    """A log in which one line in a hundred is broken, each in another way; the reasons by line."""
    path = folder / "spoilt.csv"
    visits(1, sessions=400, items=40, shoppers=60).write(path)
    rows = path.read_bytes().split(b"\n")
    ways = {
        b"garbage": "this line has 1 fields, the first one 5",
        b"1,1,soon,1,view": "the time 'soon' is no number of seconds",
        b"1,1,5,1,bought": "the kind 'bought' is unknown",
        b"1,1,5,\xe9,view": "this line is not UTF-8",
        b"1,,5,1,view": "this line names no session",
        b'1,1,5,"1,view': "this is no line of a CSV",
    }
    reasons = {}
    for number, place in enumerate(range(50, len(rows) - 1, 100)):
        way = list(ways)[number % len(ways)]
        rows[place] = way
        reasons[place + 1] = ways[way]
    path.write_bytes(b"\n".join(rows))
    return reasons


@pytest.mark.thorough
def test_the_good_part_of_a_spoilt_log_is_kept(shop: Installation) -> None:
    """One per cent broken lines: each named by file and line, all others evaluated, imported, given
    back.
    """
    reasons = spoilt(shop.folder)
    for command in COMMANDS:
        done = shop.call(*command, "spoilt.csv", "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        skipped = answer["skipped"] if "skipped" in answer else answer["lines"]["skipped"]
        assert [one["line"] for one in skipped] == list(reasons)
        assert all(
            one["reason"].startswith(reasons[one["line"]]) for one in skipped
        )  # all of them here, the first ones there
        for line, reason in list(reasons.items())[:SHOWN]:
            assert f"spoilt.csv:{line}: {reason}" in done.stderr
        if "run" in answer:
            n_good = len((shop.folder / "spoilt.csv").read_bytes().splitlines()) - 1 - len(reasons)
            assert answer["events"] == n_good
            out = shop.call("events", "export", answer["run"])
            assert len(out.stdout.splitlines()) == n_good


def test_times_out_of_order_are_told_and_kept(shop: Installation) -> None:
    """The order of the file counts; the line is named with the one it falls behind."""
    (shop.folder / "late.csv").write_text(f"{HEADER}\na,1,9,x,view\na,1,4,y,click\nb,2,1,x,view\n")
    done = shop.call("events", "import", "late.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert "late.csv:3: the time 4 lies before 9 on line 2" in done.stderr
    assert json.loads(done.stdout)["events"] == 3


@pytest.mark.thorough
def test_a_kept_log_is_evaluated_and_verified_by_its_id(shop: Installation) -> None:
    """As its file is, without the file; a changed byte in the database is found."""
    visits(2, sessions=400, items=40, shoppers=60).write(shop.folder / "good.csv")
    log = json.loads(shop.call("events", "import", "good.csv", "--json").stdout)["run"]
    by_file, by_id = (
        json.loads(shop.call("evaluate-log", one, "--json").stdout) for one in ("good.csv", log)
    )
    assert by_id["policies"] == by_file["policies"]
    assert json.loads(shop.call("verify", log, "--json").stdout)["ok"]
    engine = shop.engine()
    with write_transaction(engine) as conn:
        conn.execute(update(imported_log).where(imported_log.c.id == log).values(sha256="other"))
    engine.dispose()
    done = shop.call("verify", log, "--json")
    assert done.returncode == GATE
    assert "damaged" in json.loads(done.stdout)["checks"]["lines"]["detail"]
