"""A folder is walked through, and nothing in it is passed over without a word."""

from __future__ import annotations

import os
from pathlib import Path

from simulator.catalogues.intake.reasons import by_reason
from simulator.catalogues.intake.walk import walk


def made(folder: Path) -> Path:
    """A folder with one picture, and one of each kind that is passed over."""
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.JPG").touch()
    (folder / "notes.txt").touch()
    (folder / "scan.TXT").touch()
    (folder / "README").touch()
    (folder / ".DS_Store").touch()
    (folder / ".git").mkdir()
    (folder / ".git" / "b.jpg").touch()
    (folder / "linked").symlink_to(folder / "deep")
    (folder / "round").symlink_to(folder)
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    os.mkfifo(folder / "pipe.png")
    return folder


def test_all_that_is_no_picture_is_counted_with_its_reason(tmp_path: Path) -> None:
    """Other endings, links, pipes, and what begins with a dot; a circle of links ends."""
    found = walk(made(tmp_path / "shop"))
    assert found.files == ["deep/a.JPG"]
    kinds = "jpg, png, webp, gif, bmp, tiff or avif"
    assert by_reason(found.skipped) == {
        "a link to a folder is not followed": 2,
        f"it ends in .txt, a picture in one of: {kinds}": 2,
        "a file whose name begins with a dot is not read": 1,
        "a folder whose name begins with a dot is not looked into": 1,
        "a link that leads nowhere": 1,
        f"it has no ending, a picture in one of: {kinds}": 1,
        "this is no file but a pipe or the like": 1,
    }
    assert [one.file for one in found.skipped] == sorted(one.file for one in found.skipped)


def test_a_linked_picture_is_a_picture(tmp_path: Path) -> None:
    """Photo programs keep their albums as links to files."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.png").touch()
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "b.png").symlink_to(tmp_path / "kept" / "a.png")
    assert walk(tmp_path / "album").files == ["b.png"]


def test_what_tells_of_the_pictures_is_not_passed_over(tmp_path: Path) -> None:
    """The feed or CSV that lies among them."""
    feed = tmp_path / "styles.csv"
    feed.touch()
    assert walk(tmp_path, [feed]).skipped == []
    assert len(walk(tmp_path).skipped) == 1
