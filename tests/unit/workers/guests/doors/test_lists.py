"""The lists of a system that ran elsewhere, from a table or a TREC run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from db.errors import UsageError
from tests.unit.workers.guests.doors.test_process import N_ITEMS, K, requests, shop
from workers.guests.address import parse
from workers.guests.doors.lists import ListsDoor, read

LISTS = pd.DataFrame(
    {
        "query": ["q"] * 7,
        "item": ["i4", "i2", "gone", "i0", "i1", "i3", "i5"],
        "rank": range(7, 0, -1),
    }
)


def written(folder: Path, ending: str) -> Path:
    """The lists in a file of this kind."""
    path = folder / f"lists.{ending}"
    match ending:
        case "parquet":
            LISTS.to_parquet(path)
        case "csv":
            LISTS.to_csv(path, index=False)
        case "tsv":
            LISTS.to_csv(path, index=False, sep="\t")
        case _:
            lines = [
                f"q Q0 {row.item} {row.rank} {1 / row.rank} mine" for row in LISTS.itertuples()
            ]
            path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv", "trec", "run"])
def test_each_kind_of_file_gives_the_same_slates(tmp_path: Path, ending: str) -> None:
    """By rank, from 1; an id that the shop does not have stays where it was, to be counted."""
    door = ListsDoor(parse(str(written(tmp_path, ending))))
    door.start(shop())
    said = door.slates(requests(2))
    assert said.items is not None
    assert said.items.shape == (2, K)
    assert said.items[0, [0, 1, 2, 3]].tolist() == [5, 3, 1, 0]
    assert said.items[0, 4] >= N_ITEMS


def test_what_may_not_be_shown_is_passed_over(tmp_path: Path) -> None:
    """As the system would have done, had it known."""
    door = ListsDoor(parse(str(written(tmp_path, "csv"))))
    door.start(shop())
    asked = requests(1)
    asked.on_sale[[5, 1]] = False
    said = door.slates(asked)
    assert said.items is not None
    assert said.items[0, :2].tolist() == [3, 0]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, "no file"),
        ("empty.csv", "", "no table"),
        ("other.csv", "query,item\nq,i1\n", "column rank is missing"),
        ("words.csv", "query,item,rank\nq,i1,first\n", "a number as rank"),
        ("broken.parquet", "PAR1 but not", "no table"),
    ],
)
def test_what_is_no_table_of_lists_is_refused(
    tmp_path: Path, name: str, content: str | None, words: str
) -> None:
    """One line with what was found."""
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError) as refused:
        read(path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
