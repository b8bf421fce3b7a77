"""How recommenders of one's own are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import UsageError
from workers.guests.address import is_guest, parse


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with mine.py, which is where we are."""
    (tmp_path / "mine.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("policy", "name", "door", "target"),
    [
        ("mine.py:Mine", "Mine", "python", "mine.py:Mine"),
        ("best=mine.py:Mine?factors=64", "best", "python", "mine.py:Mine"),
        ("shop.models:Mine", "Mine", "python", "shop.models:Mine"),
        ("http://127.0.0.1:9000/", "127.0.0.1-9000", "http", "http://127.0.0.1:9000"),
        ("web=https://a.example", "web", "http", "https://a.example"),
        ("some/lists.parquet", "lists", "file", "lists.parquet"),
        ("mine=run.trec", "mine", "file", "run.trec"),
    ],
)
@pytest.mark.usefixtures("there")
def test_a_name_says_how_it_is_reached(policy: str, name: str, door: str, target: str) -> None:
    """A class, a server or a file; what stands before `=` is what the report calls it."""
    assert is_guest(policy)
    guest = parse(policy)
    assert (guest.name, guest.door, guest.target) == (name, door, target)
    assert parse(guest.located).place == guest.place


@pytest.mark.usefixtures("there")
def test_options_have_the_types_of_python() -> None:
    """Whole numbers, numbers, yes and no, and words."""
    guest = parse("mine.py:Mine?factors=64&rate=0.5&fast=true&mode=bm25&a=nan")
    assert guest.options == {"factors": 64, "rate": 0.5, "fast": True, "mode": "bm25", "a": "nan"}
    assert parse(guest.spec) == guest


def test_where_it_lies_is_no_part_of_what_it_is(there: Path) -> None:
    """So that a run has the same id on every machine."""
    here = parse("mine.py:Mine")
    (there / "deep").mkdir()
    (there / "deep" / "mine.py").write_text("")
    elsewhere = parse("deep/mine.py:Mine")
    assert here.place != elsewhere.place
    assert here.identity() == elsewhere.identity()


@pytest.mark.parametrize("policy", ["visual", "oracle", "viusal", "mine.py", ""])
def test_other_names_are_none(policy: str) -> None:
    """A misspelt policy is not taken for somebody's."""
    assert not is_guest(policy)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("gone.py:Mine", "no file 'gone.py'"),
        ("blend=mine.py:Mine", "my-blend=mine.py:Mine"),
        ("mine.py:", "FILE.py:CLASS"),
        ("mine.py:not a name", "FILE.py:CLASS"),
        ("http://127.0.0.1:port", "http://HOST:PORT"),
        ("http://me:secret@there", "http://HOST:PORT"),
        ("here:Nobody", "mine.py:Mine"),
    ],
)
@pytest.mark.usefixtures("there")
def test_what_cannot_be_named_so_is_refused_with_the_cure(policy: str, words: str) -> None:
    """One line."""
    with pytest.raises(UsageError) as refused:
        parse(policy)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
