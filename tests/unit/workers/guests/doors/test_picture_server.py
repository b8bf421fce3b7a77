"""Pictures by address, for a guest behind HTTP."""

from __future__ import annotations

import httpx

from tests.unit.workers.guests.doors.test_process import shop
from workers.guests.doors.picture_server import serving


def test_an_address_that_nobody_gave_holds_nothing() -> None:
    """Neither another number nor another word."""
    with serving(shop().pictures, "http://127.0.0.1:9") as urls:
        beside = urls[0].replace("/0.png", f"/{len(urls)}.png")
        guessed = urls[0].rpartition("/")[0][:-1] + "/0.png"
        answers = [httpx.get(one).status_code for one in (urls[0], beside, guessed)]
    assert answers == [200, 404, 404]
