"""Which picture of a catalogue an item of a log has."""

from __future__ import annotations

from simulator.logs.log_pictures import joined


def test_an_id_finds_its_picture_without_folder_ending_and_case() -> None:
    """`10000` is 10000.jpg; an id that stands there itself comes first, two of a name are none."""
    pictures = {"shoes/10000.JPG": "a", "7": "b", "7.png": "c", "x/9.jpg": "d", "y/9.jpg": "e"}
    assert joined(["10000", "7", "9", "8", "7.png"], pictures) == {
        "10000": "a",
        "7": "b",
        "7.png": "c",
    }
