"""`--out` through the command line: what is no regular file is written into, never replaced."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.installation import TOY_FLAGS, Installation, Installer
from tests.tiers import first_of

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """With a finished run."""
    made = installed(tmp_path_factory.mktemp("outputs"))
    done = made.call("simulate", *TOY_FLAGS, "--local")
    assert done.returncode == 0, done.stderr
    return made


def latest(installation: Installation) -> str:
    """The run's id."""
    return (installation.folder / "runs" / "latest").readlink().name


@pytest.mark.thorough
def test_events_reach_a_fifo_and_a_link_s_target(
    installation: Installation, tmp_path: Path
) -> None:
    """All three ways out hold the same lines as standard output."""
    plain, fifo, link, target = (tmp_path / name for name in ("plain", "fifo", "link", "target"))
    os.mkfifo(fifo)
    link.symlink_to(target)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()), daemon=True)
    reader.start()
    for out in (plain, fifo, link):
        done = installation.call("events", "export", latest(installation), "--out", str(out))
        assert done.returncode == 0, done.stderr
    reader.join(timeout=30)
    said = installation.call("events", "export", latest(installation)).stdout
    assert said.count("\n") > 100
    assert [plain.read_text(), *read, target.read_text()] == [said] * 3
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert link.readlink() == target


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["", ".", "runs"])
def test_a_folder_as_out_is_refused(installation: Installation, name: str) -> None:
    """In one line, before anything is read."""
    done = installation.call("events", "export", "latest", "--out", name)
    assert done.returncode == 2
    assert done.stderr.startswith("windowshop: --out wants a file, found the folder ")
    assert len(done.stderr.splitlines()) == 1


def test_a_grid_that_is_a_folder_is_refused(installation: Installation) -> None:
    """Before the model is opened."""
    (installation.folder / "grid.png").mkdir()
    done = installation.call("similar", "none.png", "--out", "grid.png", "--catalogue", "toy")
    assert done.returncode == 2
    assert "--out wants a file, found the folder 'grid.png'" in done.stderr


@pytest.mark.parametrize(
    "command", first_of([("slates", "export", "latest"), ("status",), ("report", "--help")])
)
@pytest.mark.parametrize("where", first_of(["full", "closed"]))
def test_output_that_cannot_be_written_is_one_line(
    installation: Installation, command: tuple[str, ...], where: str
) -> None:
    """Exit 1, whether it was closed before the start or its disk is full."""
    line = f'"$0" "$@" {">&-" if where == "closed" else "> /dev/full"}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, "-m", "simulator", *command],
        check=False,
        cwd=installation.folder,
        env=installation.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("windowshop: standard output cannot be written (")
    assert len(done.stderr.splitlines()) == 1


def test_slates_are_utf_8_on_any_terminal_and_leave_links_and_devices(
    installation: Installation, tmp_path: Path
) -> None:
    """The file behind a link is the file itself, and ascii says the same; a full device is said."""
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    done = installation.call("slates", "export", "latest", "--out", str(link))
    assert done.returncode == 0, done.stderr
    assert link.readlink() == target
    said = installation.call("slates", "export", "latest", PYTHONIOENCODING="ascii").stdout
    assert target.read_text("utf-8") == said
    full = installation.call("slates", "export", "latest", "--out", "/dev/full")
    assert full.returncode == 1
    assert "/dev/full cannot be written (No space left on device)" in full.stderr
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_log_whose_name_is_not_utf_8_is_kept(installation: Installation) -> None:
    """Its name is told with the byte escaped."""
    name = os.fsdecode(b"lo\xe9g.csv")
    text = "shopper,session,time,item,kind\na,1,1,x,click\na,1,2,y,click\n"
    (installation.folder / name).write_text(text)
    done = installation.call("events", "import", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 events kept as ")


def test_a_table_is_shown_where_the_terminal_has_no_width(installation: Installation) -> None:
    """COLUMNS=0 says that nobody knows it."""
    done = installation.call("report", "latest", COLUMNS="0")
    assert done.returncode == 0, done.stderr
    assert "policy" in done.stdout


@pytest.mark.parametrize("columns", first_of(["0", "1", "19"]))
def test_help_is_shown_where_the_terminal_has_no_width(
    installation: Installation, columns: str
) -> None:
    """It was one blank line."""
    done = installation.call("report", "--help", COLUMNS=columns)
    assert done.returncode == 0, done.stderr
    assert "--fail-under" in done.stdout
    assert max(map(len, done.stdout.splitlines())) >= 60


def test_a_narrow_table_breaks_words_and_loses_none(installation: Installation) -> None:
    """On 40 columns no name ends in three dots."""
    done = installation.call("report", "latest", COLUMNS="40")
    table = done.stdout.partition("On the last day")[0]
    assert "blend" in table
    assert "\N{HORIZONTAL ELLIPSIS}" not in table


@pytest.mark.thorough
def test_a_gate_holds_where_nothing_can_be_written(installation: Installation) -> None:
    """Its exit code and its line, not those of the output."""
    line = 'exec "$0" -m simulator {} > /dev/full'
    for command, word in (
        ("report latest --fail-under hit_rate@10=0.99", "hit_rate@10"),
        ("doctor", "not well: "),
    ):
        done = subprocess.run(
            ["/bin/sh", "-c", line.format(command), sys.executable],
            check=False,
            cwd=installation.folder,
            env=installation.environment(DATABASE_URL="sqlite:////dev/null/none")
            if command == "doctor"
            else installation.environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 4, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert word in done.stderr


@pytest.mark.parametrize("where", first_of(["> /dev/full", ">&-"]))
def test_an_exit_code_holds_where_nothing_can_be_said(
    installation: Installation, where: str
) -> None:
    """Standard error is full or closed; a usage error stays one."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m simulator nosuch 2{where}', sys.executable],
        check=False,
        cwd=installation.folder,
        env=installation.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    assert done.returncode == 2


@pytest.mark.thorough
def test_a_terminal_of_ascii_shows_spaces_as_spaces(installation: Installation) -> None:
    """Table and sentence alike."""
    done = installation.call("report", "latest", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert " %" in done.stdout
    assert done.stdout.isascii()
    assert "xa0" not in done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_events_are_utf_8_on_any_terminal(
    installation: Installation, tmp_path: Path, encoding: str
) -> None:
    """The same bytes as those of --out."""
    log = tmp_path / "log.csv"
    log.write_text("shopper,session,time,item,kind\né,1,1,café,click\né,1,2,thé,click\n", "utf-8")
    kept = installation.call("events", "import", str(log), "--json")
    name = json.loads(kept.stdout)["run"]
    out = tmp_path / "out"
    installation.call("events", "export", name, "--out", str(out))
    said = installation.call("events", "export", name, PYTHONIOENCODING=encoding)
    assert said.returncode == 0, said.stderr
    assert "caf" in said.stdout
    assert out.read_text("utf-8") == said.stdout


@pytest.mark.thorough
def test_a_home_that_is_a_file_is_said_in_one_line(installation: Installation) -> None:
    """Without a word of matplotlib, which wants to keep its fonts there."""
    (installation.folder / "a-file").touch()
    environment = installation.environment(HOME=str(installation.folder / "a-file"))
    for name in ("WINDOWSHOP_HOME", "DATABASE_URL"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "status"],
        check=False,
        cwd=installation.folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "WINDOWSHOP_HOME" in done.stderr
