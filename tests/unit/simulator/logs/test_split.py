"""Which sessions train where time says little: few of them, one day, one moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import DataError
from recommender.session_log.ranking import rank
from simulator.logs import log_arrays
from simulator.logs.log_arrays import LogArrays
from simulator.logs.split import split, told

HEADER = "shopper,session,time,item,kind"


def read(tmp_path: Path, rows: list[tuple[str, int, float, str]]) -> LogArrays:
    """A log of purchases."""
    path = tmp_path / "log.csv"
    lines = [",".join(map(str, [*row, "purchase"])) for row in rows]
    path.write_text("\n".join([HEADER, *lines]))
    return log_arrays.read(path)


def visits(n: int, seconds_between: float) -> list[tuple[str, int, float, str]]:
    """Sessions of three items, each at one moment."""
    return [
        (f"a{one % 9}", one, one * seconds_between, f"i{(place * 7 + one * 3) % 11}")
        for one in range(n)
        for place in range(3)
    ]


@pytest.mark.parametrize(("n", "between"), [(60, 0.0), (2, 9.0), (3, 9.0), (10, 1.0)])
def test_a_tiny_or_timeless_log_is_asked_with_defaults(
    tmp_path: Path, n: int, between: float
) -> None:
    """Something trains, something is asked, nothing warns, and what is unusual is said."""
    found = read(tmp_path, visits(n, between))
    parted = split(found, None)
    ranked = rank(found.log, parted.is_training, found.on_sale(parted.is_training), k=10)
    assert parted.is_drawn == (between == 0)
    assert len(ranked.asked) == (6 if n == 60 else 1)
    said = told(parted, ranked.n_tuned_on)
    assert any("keep their defaults" in line for line in said) == (ranked.n_tuned_on == 0)
    assert any("was drawn to be asked" in line for line in said) == parted.is_drawn


def test_a_first_day_with_nearly_all_sessions_trains(tmp_path: Path) -> None:
    """Dates only: the quantile is the first day itself, so the days after it are asked."""
    rows = [(f"a{one}", one, 0.0 if one < 58 else 86400.0, f"i{place}") for one in range(60)
            for place in range(2)]  # fmt: skip
    parted = split(read(tmp_path, rows), None)
    assert (parted.at, int(parted.is_training.sum())) == (86400.0, 58)


def test_one_session_cannot_be_split(tmp_path: Path) -> None:
    """One line says so."""
    with pytest.raises(DataError, match="wanted two sessions or more, found one"):
        split(read(tmp_path, visits(1, 1.0)), None)
