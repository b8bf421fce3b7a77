"""Category and price come with an item's id, or are not known."""

from __future__ import annotations

import numpy as np

from db.items import Item
from simulator.logs.reading import read as reading
from simulator.logs.reading.notes import Notes
from simulator.realism.goods import of_items

LOG = b"shopper,session,time,item,kind\na,1,1,10,click\na,1,2,11,click\na,1,3,12,click\n"


def test_an_item_of_the_log_is_found_by_its_id_and_what_is_not_known_is_not_zero() -> None:
    """Ids are joined as pictures are; a price that nobody gave is no number."""
    stored = [
        Item(0, "10.jpg", "0", "shoes", "catalogue", "from CSV", 1950),
        Item(1, "11", "1", "hats", "catalogue", "from CSV", None),
    ]
    found = of_items(stored, ["hats", "shoes"]).of_log(reading.given(LOG, Notes("log")))
    assert found.category.tolist() == [1, 0, -1]
    assert np.array_equal(found.price, [19.5, np.nan, np.nan], equal_nan=True)
