"""What `--out` names is replaced where it is a file, and written into where it is anything else."""

from __future__ import annotations

import os
import pty
import stat
import threading
from pathlib import Path

import pytest

from db.errors import UsageError, WindowshopError
from simulator.installation import output


def put(out: Path, content: bytes = b"new") -> None:
    """Fill it."""
    with output.opened(out) as file:
        file.write(content)


def break_off(out: Path) -> None:
    """Fill half of it, then fail as a full disk does."""
    with output.opened(out) as file:
        file.write(b"half")
        file.flush()
        raise OSError(28, "No space left on device")


def test_a_new_file_holds_what_was_written_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    """With the rights that any new file gets."""
    put(tmp_path / "out")
    (tmp_path / "other").touch()
    assert (tmp_path / "out").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    """Who holds the old one open goes on reading it."""
    out = tmp_path / "out"
    out.write_bytes(b"the old one")
    out.chmod(0o600)
    with out.open("rb") as held:
        put(out)
        assert held.read() == b"the old one"
    assert out.read_bytes() == b"new"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("before", [None, b"the old one"])
def test_half_a_file_is_never_left(tmp_path: Path, before: bytes | None) -> None:
    """What was there stays, or nothing does, and the one line names the cure."""
    out = tmp_path / "out"
    if before is not None:
        out.write_bytes(before)
    with pytest.raises(WindowshopError, match=r"No space left on device.*--out"):
        break_off(out)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == (
        [] if before is None else [before]
    )


@pytest.mark.parametrize("is_there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_stays_one_and_its_target_is_written(tmp_path: Path, is_there: bool) -> None:
    """Through a second link and into another folder, too."""
    target = tmp_path / "elsewhere" / "target"
    target.parent.mkdir()
    if is_there:
        target.write_bytes(b"the old one")
    (tmp_path / "second").symlink_to("elsewhere/target")
    (tmp_path / "out").symlink_to("second")
    put(tmp_path / "out")
    assert (tmp_path / "out").readlink() == Path("second")
    assert (tmp_path / "second").readlink() == Path("elsewhere/target")
    assert target.read_bytes() == b"new"


def test_a_fifo_is_written_into(tmp_path: Path) -> None:
    """Its reader gets everything, and it stays a FIFO."""
    out = tmp_path / "out"
    read = []
    os.mkfifo(out)
    reader = threading.Thread(target=lambda: read.append(out.read_bytes()))
    reader.start()
    put(out)
    reader.join(timeout=10)
    assert read == [b"new"]
    assert stat.S_ISFIFO(out.stat().st_mode)


def test_a_device_is_written_into(tmp_path: Path) -> None:
    """A terminal of our own, by its name and by a link to it; neither is replaced."""
    ours, theirs = pty.openpty()
    out = tmp_path / "out"
    out.symlink_to(os.ttyname(theirs))
    for name in (out, Path(os.ttyname(theirs))):
        put(name)
        assert os.read(ours, 100) == b"new"
        assert stat.S_ISCHR(name.stat().st_mode)
    assert out.is_symlink()
    os.close(ours)
    os.close(theirs)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Nor is the empty name, which means the folder we are in."""
    for name in (tmp_path, Path()):
        with pytest.raises(UsageError, match="--out wants a file, found the folder"):
            put(name)


def test_links_that_lead_nowhere_are_said_in_one_line(tmp_path: Path) -> None:
    """Two that lead to each other, and one into a folder that is not there."""
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "three").symlink_to("missing/target")
    for name in ("one", "three"):
        with pytest.raises(WindowshopError, match="cannot be written"):
            put(tmp_path / name)
        assert (tmp_path / name).is_symlink()
