"""The documents as such: a short README, links that lead somewhere, a table between its marks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.faults import table

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
)
MOST_WORDS = 900
MOST_NUMBERS_PER_100 = 4
WRITTEN_BY_THE_FAULTS = ROOT / "docs" / "FAULTS.md"
RECORD: dict[str, Any] = {
    "case": 1,
    "what": "a kill",
    "database": "sqlite",
    "times": 2,
    "events": 1_000,
    "duplicates": 3,
    "kills": 2,
    "lost": 0,
    "double": 0,
    "wrong": 0,
    "drain": 1.5,
    "seconds": 4.0,
    "seed": 1,
    "command": "pytest",
    "lane": "short",
    "load": 1.0,
}


def prose(text: str) -> str:
    """A document without its code, as somebody reads it; tables are read, too."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.sub(r"^    .*$|!\[[^\]]*\]\([^)]*\)", "", text, flags=re.MULTILINE)


def test_the_readme_is_read_in_five_minutes() -> None:
    """At most 900 words, and few numbers among them: details stand in pages of their own."""
    text = prose((ROOT / "README.md").read_text())
    words = len(re.findall(r"[A-Za-zÀ-ÿ]{2,}", text))
    assert words <= MOST_WORDS
    assert len(re.findall(r"\d[\d.,]*", text)) <= MOST_NUMBERS_PER_100 * words / 100


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    """What a page links to inside the project is there."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose(page.read_text()))
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_the_faults_write_between_their_marks_and_nothing_else() -> None:
    """One record, seen twice, is one row with its counts added up; the words around it stay."""
    page = WRITTEN_BY_THE_FAULTS.read_text()
    written = table.between(page, [RECORD, RECORD])
    assert (
        "| 1 | a kill | sqlite | 4 | 2,000 | 6 | 4 | 0 | 0 | 0 | 1.5 | 8 | 1 | `pytest` |"
        in written
    )
    assert "2 tests of 1 cases, the short lane" in written
    assert written.split(table.BEGIN)[0] == page.split(table.BEGIN)[0]
    assert written.split(table.END)[1] == page.split(table.END)[1]
    assert table.PAGE == WRITTEN_BY_THE_FAULTS
