"""What is wrong with a picture, or with what shall be learned, is said in one line with its exit
code.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation import Installation, Installer
from tests.mixed_pictures import bomb

pytestmark = pytest.mark.journey

FAILED = 1
USAGE = 2


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation; nothing in it is changed."""
    return installed(tmp_path_factory.mktemp("bad-pictures"))


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, USAGE, ("asked.png", "found nothing", "check the path")),
        (b"", FAILED, ("asked.png", "an empty file", "save it as one")),
        (b"no picture", FAILED, ("asked.png", "another kind of file")),
        (bomb(50_000, 50_000), FAILED, ("asked.png", "at most 60 million pixels", "scale it down")),
    ],
)
def test_a_picture_that_is_none_finds_nothing_similar(
    shop: Installation, tmp_path: Path, content: bytes | None, code: int, words: tuple[str, ...]
) -> None:
    """Nothing there, 0 bytes, text, or 50,000 x 50,000 pixels."""
    if content is not None:
        (tmp_path / "asked.png").write_bytes(content)
    said = complaint(shop, code, "similar", str(tmp_path / "asked.png"))
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    ("words", "code", "cures"),
    [
        (("catalogue", "add", "home"), FAILED, ("home", "found none")),
        (("train", "--backbone", "vgg"), USAGE, ("no backbone 'vgg'", "mobilenet")),
        (
            ("train", "--backbone", "mobilenet", "--preset", "fast"),
            USAGE,
            ("no preset 'fast'", "quick, best"),
        ),
        (
            ("train", "--backbone", "mobilenet", "--preset", "general"),
            USAGE,
            ("no preset 'general'", "quick, best"),
        ),
        (
            ("train", "--backbone", "mobilenet", "--catalogue", "toy"),
            USAGE,
            ("'toy'", "`category`", "--csv"),
        ),
    ],
)
def test_what_cannot_be_learned_is_said(
    shop: Installation, words: tuple[str, ...], code: int, cures: tuple[str, ...]
) -> None:
    """No pictures, an unknown network or preset, no categories."""
    said = complaint(shop, code, *words)
    assert [cure for cure in cures if cure not in said] == []


def complaint(shop: Installation, code: int, *words: str) -> str:
    """The one line that a command ends with."""
    done = shop.call(*words)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("windowshop: ")
    return last
