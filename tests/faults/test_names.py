"""Case 23, without HTTP: injection and path traversal in every text field and file name that there
is.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from db.engine import open_engine, read_transaction, write_transaction
from db.errors import WindowshopError
from db.tables import item, metadata
from simulator.catalogues import add as own_catalogue
from simulator.operations.verify import verify
from simulator.playing.report import report
from tests import factories
from tests.faults.account import Account
from tests.faults.lane import short_or_whole
from tests.faults.poisoned import good
from tests.installation import TOY_FLAGS, Installation, install
from workers.local_workforce import LocalWorkforce

Accounts = Callable[..., Account]

HOSTILE = (
    "'; DROP TABLE event; --",
    '" OR "1"="1',
    "1); DELETE FROM item WHERE (1=1",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% for x in ().__class__.__mro__ %}",
    "${jndi:ldap://127.0.0.1/a}",
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "| touch canary",
    "-rf",
    "--help",
    "%s%n%x",
    "\u202egnp.exe",
    "\u0000nul",
    "line\nbreak",
    "\x1b[2Jterminal",
    "=cmd|' /C calc'!A0",
    "x" * 5000,
    "Ωμέγα 🛍️",
    ".",
    "..",
    "~root",
    "con",
)
"""What attackers write where a name is wanted, and what merely looks odd."""


def sizes(engine: Engine) -> dict[str, int]:
    """How many rows each table has."""
    with read_transaction(engine) as conn:
        return {
            name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def test_23_hostile_fields_of_a_csv(stocked: Engine, tmp_path: Path, accounts: Accounts) -> None:
    """Every column of every line: what goes in comes out letter for letter, or is left out with a
    reason.
    """
    account = accounts(23, "hostile fields in a CSV", stocked, times=3 * len(HOSTILE))
    folder = tmp_path / "shop"
    content = list(good().values())
    folder.mkdir()
    lines = []
    for number, text in enumerate(HOSTILE):
        for column in ("id", "category", "price"):
            file = f"{number}-{column}.png"
            (folder / file).write_bytes(content[1] + b"\0" * (3 * number + len(column)))
            lines.append(
                {"file": file, "id": file, "category": "plain", "price": "1", column: text}
            )
    lines += [
        {"file": text, "id": f"elsewhere-{n}", "category": "plain"}
        for n, text in enumerate(HOSTILE)
    ]
    with (tmp_path / "shop.csv").open(
        "w", newline="", encoding="utf-8", errors="surrogatepass"
    ) as file:
        writer = csv.DictWriter(file, ("file", "id", "category", "price"))
        writer.writeheader()
        writer.writerows(lines)
    before = sizes(stocked)
    added = own_catalogue.add(
        factories.context_of(stocked), folder, csv=tmp_path / "shop.csv", name="own"
    )
    assert added.skipped
    assert all("\n" not in one.text() and "\x1b" not in one.text() for one in added.skipped)
    with read_transaction(stocked) as conn:
        mine = select(item.c.item_id, item.c.category).where(item.c.catalogue == "own")
        stored = {text for row in conn.execute(mine) for text in row}
    assert {"'; DROP TABLE event; --", "<script>alert(1)</script>", "$(touch canary)"} <= stored
    assert stored <= {str(value) for line in lines for value in line.values()}
    after = sizes(stocked)
    assert {name for name in after if after[name] != before[name]} == {
        "item",
        "image",
        "catalogue_intake",
    }
    account.events = 0
    assert not list(tmp_path.rglob("canary"))


def test_23_hostile_file_names(stocked: Engine, tmp_path: Path, accounts: Accounts) -> None:
    """Files on the disk that are called so: an id like any other, or left out with a reason."""
    folder = tmp_path / "shop"
    folder.mkdir()
    names = [f"{text}.png" for text in HOSTILE if not set(text) & {"/", "\0"} and len(text) < 200]
    accounts(23, "hostile file names in a folder", stocked, times=len(names))
    for name in names:
        (folder / name).write_bytes(good()["png"])
    (folder / "link.png").symlink_to("/etc/passwd")
    added = own_catalogue.add(factories.context_of(stocked), folder, name="own")
    assert added.items + added.queries + len(added.skipped) == len(names) + 1
    assert "link.png" in {one.file for one in added.skipped}
    assert all("\n" not in one.text() and "\x1b" not in one.text() for one in added.skipped)


@pytest.mark.parametrize("name", [text for text in HOSTILE if text not in {"con"}])
def test_23_a_catalogue_is_not_called_so(sqlite: Engine, tmp_path: Path, name: str) -> None:
    """Refused in one line, before anything is read."""
    before = sizes(sqlite)
    with pytest.raises(WindowshopError) as refused:
        own_catalogue.add(factories.context_of(sqlite), tmp_path, name=name)
    assert "\n" not in str(refused.value)
    assert sizes(sqlite) == before


def test_23_a_report_shows_names_and_runs_none(
    sqlite: Engine, tmp_path: Path, accounts: Accounts
) -> None:
    """Item ids and categories full of markup: the page holds them as text."""
    accounts(23, "hostile names in a report", sqlite, times=len(HOSTILE))
    factories.stock(sqlite)
    plain = [text for text in HOSTILE if "\0" not in text and len(text) < 100]
    with write_transaction(sqlite) as conn:
        for number, text in enumerate(plain):
            conn.execute(update(item).where(item.c.number == number).values(item_id=text))
        for number in range(4):
            mine = item.c.category == f"category {number}"
            conn.execute(
                update(item).where(mine).values(category=f"<script>alert({number})</script>")
            )
    run = factories.play(sqlite, LocalWorkforce(sqlite)).run.id
    context = factories.context_of(sqlite, runs=tmp_path / "runs")
    report(context, run)
    for page in (tmp_path / "runs").rglob("*.*"):
        if page.suffix in {".html", ".svg"}:
            text = page.read_text()
            assert "<script>alert(" not in text
            assert "<img src=x" not in text
    assert [check for check in verify(context, run) if not check.ok] == []
    for line in factories.exported(sqlite, run).splitlines():
        json.loads(line)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation of our own."""
    return install(tmp_path_factory.mktemp("names"))


COMMANDS: dict[str, tuple[str, ...]] = {
    "verify": ("verify", "{}"),
    "report": ("report", "{}"),
    "export": ("events", "export", "{}"),
    "catalogue": ("simulate", *TOY_FLAGS, "--local", "--catalogue", "{}"),
    "policy": ("simulate", *TOY_FLAGS, "--local", "--policy", "{}"),
    "world": ("simulate", *TOY_FLAGS, "--local", "--world", "{}"),
    "add": ("catalogue", "add", ".", "--name", "{}"),
}
WORST = ("../../../../etc/passwd", "'; DROP TABLE event; --", "\x1b[2J\u202e")


@pytest.mark.parametrize("text", WORST[: short_or_whole(1, 3)], ids=ascii)
@pytest.mark.parametrize("command", COMMANDS)
def test_23_hostile_arguments_of_commands(
    shop: Installation, accounts: Accounts, command: str, text: str
) -> None:
    """One line, an exit code of a user's mistake, nothing made and nothing read elsewhere."""
    accounts(23, f"hostile argument: {command}", "sqlite")
    engine = open_engine(shop.database_url)
    before = sizes(engine)
    done = shop.call(*(word.format(text) if word == "{}" else word for word in COMMANDS[command]))
    assert done.returncode in {1, 2}, done.stderr
    assert "Traceback" not in done.stderr
    assert "root:" not in done.stdout + done.stderr
    assert sizes(engine) == before
    engine.dispose()
