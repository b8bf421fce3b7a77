"""Instacart's order lines, which know neither shopper nor time, and the orders that do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from db.errors import DataError
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays import log_lines
from simulator.logs.reading.notes import Notes

ORDERS = (
    "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order\n"
    "9,1,prior,1,2,08,\n7,1,prior,2,3,07,15.0\n8,1,train,3,3,12,2.0\n5,2,train,1,1,10,\n"
)
LINES = (
    "order_id,product_id,add_to_cart_order,reordered\n"
    "9,196,1,0\n7,10258,1,0\n8,196,1,1\n5,12,1,0\n6,12,1,0\n" + "".join(
        f"8,{n},{n},0\n" for n in range(300, 330)
    )
)  # fmt: skip
LAST_DAY = 365 * 86400


def read(path: Path) -> tuple[list[tuple[str, str, float, str]], Notes]:
    """The first events and the account."""
    notes = Notes(path.name)
    found = log_lines.of(reading.read(path, notes))
    return [(one.shopper, one.session, one.time, one.item) for one in found][:4], notes


def test_lines_find_shopper_and_time_in_the_orders(tmp_path: Path) -> None:
    """In a folder, in a zip, and beside the file; an unknown order is left out by name."""
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "order_products__train.csv").write_text(LINES)
    (tmp_path / "aisles.csv").write_text("aisle_id,aisle\n1,prepared soups salads\n")
    archive = tmp_path.parent / "instacart.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for one in tmp_path.iterdir():
            out.write(one, f"data/{one.name}")
    for path in (tmp_path, archive, tmp_path / "order_products__train.csv"):
        found, notes = read(path)
        assert found == [
            ("1", "9", LAST_DAY - 17 * 86400 + 8 * 3600, "196"),
            ("1", "7", LAST_DAY - 2 * 86400 + 7 * 3600, "10258"),
            ("1", "8", LAST_DAY + 12 * 3600, "196"),
            ("2", "5", LAST_DAY + 10 * 3600, "12"),
        ]
        assert [one.line for one in notes.skipped] == [6]
        passed = [line for line in notes.remarks if "aisles.csv is no log" in line]
        assert len(passed) == (0 if path.suffix == ".csv" else 1)


def test_lines_without_orders_say_what_is_missing(tmp_path: Path) -> None:
    """One line with the cure."""
    (tmp_path / "order_products__prior.csv").write_text(LINES)
    with pytest.raises(DataError, match=r"stand in orders\.csv; put it beside them"):
        read(tmp_path / "order_products__prior.csv")
