"""Picture grids: which requests they show, one a shopper and query."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from simulator.report.figures.slate_grids import data_uri, slate_grids
from simulator.report.numbers.panel import lay_out
from tests.unit.simulator.report.diary import VISITS, hand_made, without_clicks


def test_a_grid_shows_the_slates_of_one_shopper_side_by_side() -> None:
    """The same query, each policy's items in their order, clicks marked."""
    panels = [lay_out(without_clicks(hand_made("visual"))), lay_out(hand_made("blend"))]
    found = slate_grids(panels, focus="blend", reference="visual")[0]
    visual, blend = found.rows
    assert found.why == "blend was clicked more often than visual"
    assert found.query.item_id == "item-5"
    assert [one.item_id for one in blend.pictures] == ["item-1", "item-0", "item-3"]
    assert [one.is_clicked for one in blend.pictures] == [True, False, False]
    assert [one.is_clicked for one in visual.pictures] == [False, False, False]


def test_no_request_is_shown_twice() -> None:
    """A log of two late visits fills two grids, whatever else could be told."""
    panels = [lay_out(hand_made("blend"))]
    found = slate_grids(panels, focus="blend", reference=None)
    assert sorted(one.query.item_id for one in found) == ["item-5", "item-6"]


def test_requests_that_only_some_policies_met_are_left_out() -> None:
    """A shopper who did not come back under one policy cannot be compared."""
    fewer = {session: visit for session, visit in VISITS.items() if session != 4}
    panels = [lay_out(hand_made("visual", visits=fewer)), lay_out(hand_made("blend"))]
    assert [
        one.query.item_id for one in slate_grids(panels, focus="blend", reference="visual")
    ] == ["item-6"]


def test_padding_is_no_picture() -> None:
    """A slate of two items shows two."""
    visits = {4: VISITS[1]}  # day 2, with a hole in the third place
    found = slate_grids([lay_out(hand_made(visits=visits))], focus="blend", reference=None)
    assert [len(one.rows[0].pictures) for one in found] == [2]


def test_a_guest_gives_its_own_reasons() -> None:
    """They stand under its items, by position; where it gave none, nothing is made up."""
    run = hand_made("blend")
    told = ["because", "", "often bought"]
    noted = replace(run, notes={(session, 0): {"reasons": told} for session in VISITS})
    for found in slate_grids([lay_out(noted)], focus="blend", reference=None):
        pictures = found.rows[0].pictures
        assert [one.reasons for one in pictures] == [["because"], [], ["often bought"]]


def test_a_picture_is_a_png_within_the_page() -> None:
    """Decodes to the very pixels, light turned into dark."""
    pixels = np.arange(784, dtype=np.uint8).reshape(28, 28)
    uri = data_uri(pixels)
    png = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert np.array_equal(255 - np.asarray(Image.open(io.BytesIO(png), formats=["PNG"])), pixels)
