"""The decoder: what a picture does to it, it does to a process that can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.errors import DataError, UsageError
from simulator.catalogues import pictures
from simulator.catalogues.decoder import Decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """One decoder for many pictures, as a catalogue has it."""
    with Decoder() as opened:
        yield opened


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture in order: a red product on white."""
    levels = np.full((300, 200, 3), 255, np.uint8)
    levels[80:220, 60:150] = (200, 30, 40)
    Image.fromarray(levels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_a_picture_comes_through_as_it_is(decoder: Decoder, photo: Path) -> None:
    """The slow twin is decoding it in this process."""
    found = decoder.read(photo)
    wanted = pictures.read(photo)
    np.testing.assert_array_equal(found.canonical, wanted.canonical)
    np.testing.assert_array_equal(np.asarray(found.shown), np.asarray(wanted.shown))


@pytest.mark.parametrize("kind", [*pictures.FORMATS, "MPO"])
def test_every_kind_is_decoded_without_opening_a_file(
    decoder: Decoder, tmp_path: Path, kind: str
) -> None:
    """What Pillow imports on meeting a kind was imported before it could open nothing any more."""
    noise = np.random.default_rng(1).integers(0, 256, (80, 60, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).save(tmp_path / "x", format=kind, exif=exif)
    if (
        kind == "MPO"
    ):  # a JPEG with several pictures, as phones make them: refused or read, never a crash
        Image.fromarray(noise).save(
            tmp_path / "x", format=kind, save_all=True, append_images=[Image.fromarray(noise)]
        )
        assert decoder.read(tmp_path / "x").shown.size == (60, 80)
    else:
        turned = kind not in {"GIF", "BMP"}  # these say nothing of which way is up
        assert decoder.read(tmp_path / "x").shown.size == ((80, 60) if turned else (60, 80))


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_deflate", "jpeg", "packbits"])
def test_every_packing_of_a_tiff_is_decoded(
    decoder: Decoder, tmp_path: Path, photo: Path, packing: str
) -> None:
    """By libtiff, in the process without rights."""
    with Image.open(photo) as opened:
        opened.save(tmp_path / "x.tif", compression=packing)
    assert decoder.read(tmp_path / "x.tif").shown.size == (200, 300)


def test_the_clear_level_of_a_deep_picture_is_clear(decoder: Decoder, tmp_path: Path) -> None:
    """A grey PNG of 16 bits whose ground is transparent is its twin of 8 bits."""
    deep = np.full((80, 60), 1000, np.uint16)
    deep[20:60, 15:45] = 40_000
    Image.fromarray(deep).save(tmp_path / "deep.png", transparency=1000)
    flat = np.rint(deep / 257).astype(np.uint8)
    Image.fromarray(flat).save(tmp_path / "flat.png", transparency=4)
    shown = [np.asarray(decoder.read(tmp_path / f"{one}.png").shown) for one in ("deep", "flat")]
    np.testing.assert_array_equal(*shown)
    assert shown[0][0, 0].tolist() == [255, 255, 255]


def test_of_a_moving_picture_the_first_is_taken(decoder: Decoder, tmp_path: Path) -> None:
    """A GIF with transparency, on white."""
    frames = [Image.new("RGBA", (60, 80), shade) for shade in ((0, 0, 0, 0), (200, 0, 0, 255))]
    frames[0].paste((0, 0, 200, 255), (20, 20, 40, 60))
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:], disposal=2)
    shown = np.asarray(decoder.read(tmp_path / "x.gif").shown)
    assert shown[0, 0].tolist() == [255, 255, 255]
    assert shown[40, 30, 2] > 150 > shown[40, 30, 0]


def test_a_large_picture_is_sent_small(decoder: Decoder, tmp_path: Path) -> None:
    """60 million pixels of 16 bits fit into the memory it may have; what people see is 450 wide."""
    deep = np.zeros((6000, 9000), np.uint16)
    deep[2000:4000, 2000:6000] = 50_000
    Image.fromarray(deep).save(tmp_path / "deep.png", compress_level=1)
    assert decoder.read(tmp_path / "deep.png").shown.size == (450, 300)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(500)])
def test_what_is_no_picture_is_refused_as_always(
    decoder: Decoder, tmp_path: Path, content: bytes
) -> None:
    """The same words as in this process, and the next picture is served by the same process."""
    path = tmp_path / "poison.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as through:
        decoder.read(path)
    with pytest.raises(DataError) as direct:
        pictures.read(path)
    assert str(through.value) == str(direct.value)


def test_a_missing_file_is_a_usage_error(decoder: Decoder, tmp_path: Path) -> None:
    """Said before any process is asked."""
    with pytest.raises(UsageError, match="check the path"):
        decoder.read(tmp_path / "missing.png")


def test_a_file_larger_than_any_picture_is_not_read(decoder: Decoder, tmp_path: Path) -> None:
    """A hole of a terabyte costs nothing."""
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(DataError, match="at most 200 MB, found 1,000,000 MB"):
        decoder.read(tmp_path / "huge.png")


def test_one_process_serves_many_pictures(decoder: Decoder, photo: Path) -> None:
    """A start costs as much as a hundred small pictures."""
    decoder.read(photo)
    process = decoder._process
    for _ in range(20):
        decoder.read(photo)
    assert decoder._process is process


DEEDS = {
    "crashes": ("os.abort()", "signal 6"),
    "hangs": ("os.read(0, 1)", "signal 9"),
    "works for ever": ("while True: pass", "signal 24"),
    "exits": ("os._exit(7)", "gave up"),
    "replies nonsense": ("os.write(1, b'\\xff' * 5000)", "ended"),
    "replies too much": ("say({'shown': [99999, 99999, 3], 'canonical': [28, 28]})", "ended"),
    "replies what is no reply": ("say(['error'])", "ended"),
    "replies without an end": ("os.write(1, REPLY.pack(90000) + b'[' * 90000)", "ended"),
    "shows no picture": (
        "say({'shown': [9, 9, 7], 'canonical': [28, 28]}, np.zeros(9999))",
        "ended",
    ),
    "stores no picture": (
        "say({'shown': [9, 9, 3], 'canonical': [9, 9, 3]}, np.zeros(9999))",
        "ended",
    ),
}
ALLOWED = {
    "eats memory": ("bytearray(4 * 1024**3)", "more memory than the 2 GB"),
    "opens a file": ("open('/etc/hostname')", "damaged"),
    "opens a socket": ("socket.socket()", "damaged"),
    "starts a process": ("subprocess.run(['true'])", "damaged"),
    "writes": ("os.open('/tmp/written-by-a-picture', os.O_WRONLY | os.O_CREAT)", "damaged"),
}
"""What the deed of a decoder that was taken over comes to: it fails like any damaged picture."""

CELL = """
import os, socket, subprocess, sys
import numpy as np
from simulator.catalogues import pictures, decoder_process
from simulator.catalogues.decoder_process import REPLY, send
def say(head, *pixels):
    send(sys.stdout.buffer, head, *pixels)
decode = pictures._decoded
def evil(name, content):
    if name.endswith("evil.png"):
        do()
    return decode(name, content)
def do():
    try:
        {deed}
    except OSError as error:
        from db.errors import DataError
        raise DataError(f"damaged: {{error}}")
pictures._decoded = evil
decoder_process.main()
"""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(one, marks=pytest.mark.thorough) if one == "hangs" else one  # it is waited for
        for one in (*DEEDS, *ALLOWED)
    ],
)
def test_what_a_picture_may_do_to_its_decoder(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is refused by name, and the next one is served."""
    deed, words = (DEEDS | ALLOWED)[name]
    script = CELL.format(deed=deed.replace("\n    ", "\n        "))
    evil = tmp_path / "evil.png"
    evil.write_bytes(photo.read_bytes())
    monkeypatch.setattr("simulator.catalogues.decoder.COMMAND", ("-c", script))
    patience = 5.0 if name == "hangs" else 120.0
    seconds = 1 if name == "works for ever" else 30
    with Decoder(patience=patience, processor_seconds=seconds) as opened:
        with pytest.raises(DataError) as caught:
            opened.read(evil)
        assert words in str(caught.value)
        assert opened.read(photo).canonical.shape == (96, 96, 3)


def test_the_process_knows_none_of_our_secrets(decoder: Decoder, photo: Path) -> None:
    """Its environment is empty but for the number of threads, and it has three open files."""
    decoder.read(photo)
    assert decoder._process is not None
    process = Path("/proc") / str(decoder._process.pid)
    names = {one.split(b"=")[0] for one in (process / "environ").read_bytes().split(b"\0") if one}
    assert names == {b"OPENBLAS_NUM_THREADS"}
    assert sorted(one.name for one in (process / "fd").iterdir()) == ["0", "1", "2"]
