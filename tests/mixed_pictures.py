"""A folder of pictures as shops really have them, and its CSV: `python -m tests.mixed_pictures DIR
[N]`.

Colour photos as jpg, png with alpha, webp, grey, turned by EXIF, 16-bit grey, palette; products of
five shapes in any colour. Among them stand pictures that are none, and lines of the CSV that are
wrong.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = ("Balls", "Boxes", "Crosses", "Roofs", "Rings")
"""Categories; a number modulo five."""

Rng = np.random.Generator


def product(number: int, rng: Rng) -> Image.Image:
    """A product of its category's shape, in some colour, on a ground that is nearly white."""
    side = int(rng.integers(90, 260))
    ground = tuple(int(level) for level in rng.integers(235, 256, 3))
    shown = Image.new("RGB", (side, int(side * rng.uniform(0.8, 1.3))), ground)
    draw = ImageDraw.Draw(shown)
    ink = tuple(int(level) for level in rng.integers(0, 200, 3))
    width, height = shown.size
    left = width * rng.uniform(0.1, 0.25)
    top = height * rng.uniform(0.1, 0.25)
    right = width * rng.uniform(0.7, 0.9)
    bottom = height * rng.uniform(0.7, 0.9)
    box = (left, top, right, bottom)
    third = ((right - left) / 3, (bottom - top) / 3)
    match SHAPES[number % len(SHAPES)]:
        case "Balls":
            draw.ellipse(box, fill=ink)
        case "Boxes":
            draw.rectangle(box, fill=ink)
        case "Crosses":
            draw.rectangle((left + third[0], top, right - third[0], bottom), fill=ink)
            draw.rectangle((left, top + third[1], right, bottom - third[1]), fill=ink)
        case "Roofs":
            draw.polygon([(left, bottom), (right, bottom), ((left + right) / 2, top)], fill=ink)
        case _:
            draw.ellipse(box, outline=ink, width=max(4, side // 10))
    return shown


def jpg(shown: Image.Image, path: Path) -> None:
    """An ordinary photo."""
    shown.save(path.with_suffix(".jpg"), quality=88)


def png_with_alpha(shown: Image.Image, path: Path) -> None:
    """Cut out: the ground can be seen through."""
    levels = np.asarray(shown)
    away = np.abs(levels.astype(int) - levels[0, 0]).max(2)
    alpha = np.where(away > 12, 255, 0).astype(np.uint8)
    Image.fromarray(np.dstack([levels, alpha])).save(path.with_suffix(".png"))


def webp(shown: Image.Image, path: Path) -> None:
    """As web shops have it."""
    shown.save(path.with_suffix(".webp"), quality=80)


def grey(shown: Image.Image, path: Path) -> None:
    """A scan."""
    shown.convert("L").save(path.with_suffix(".jpg"), quality=90)


def turned(shown: Image.Image, path: Path) -> None:
    """A phone held sideways, which says so in EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    shown.transpose(Image.Transpose.ROTATE_90).save(
        path.with_suffix(".jpeg"), exif=exif, quality=90
    )


def deep(shown: Image.Image, path: Path) -> None:
    """16 bits of grey."""
    levels = np.asarray(shown.convert("L")).astype(np.uint16) * 257
    Image.fromarray(levels).save(path.with_suffix(".png"))


def palette(shown: Image.Image, path: Path) -> None:
    """At most 64 colours."""
    shown.quantize(64).save(path.with_suffix(".png"))


KINDS: tuple[Callable[[Image.Image, Path], None], ...] = (
    *(jpg, png_with_alpha, webp, grey),
    *(turned, deep, palette),
)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is a huge one."""
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def spoil(folder: Path) -> dict[str, str]:
    """Puts broken pictures into a folder that has good ones; by name a word of the reason."""
    whole = next(path for path in sorted(folder.iterdir()) if path.suffix == ".jpg").read_bytes()
    content = {
        "broken-empty.jpg": (b"", "an empty file"),
        "broken-text.png": (b"no picture at all", "another kind of file"),
        "broken-half.jpg": (whole[: len(whole) // 2], "damaged"),
        "broken-huge.png": (bomb(50_000, 50_000), "at most 60 million pixels"),
    }
    for name, (data, _) in content.items():
        (folder / name).write_bytes(data)
    Image.new("RGB", (60, 60), (200, 220, 200)).save(folder / "broken-plain.webp")
    Image.new("RGB", (60, 60)).save(folder / "broken-disguise.jpg", format="PPM")
    told = {name: reason for name, (_, reason) in content.items()}
    return {
        **told,
        "broken-plain.webp": "one plain colour",
        "broken-disguise.jpg": "another kind of file",
    }


BAD_LINES = {
    "gone.jpg,,Balls,3": "no picture 'gone.jpg'",
    "{second},sku-0,Boxes,4": "stands on line 2 already",
    "{third},,Crosses,cheap": "no number like 19.99",
}
"""Lines of the CSV that are wrong, with a word of the reason; they name the second and third
picture.
"""


def make(folder: Path, n: int, *, seed: int = 1) -> Path:
    """N good pictures in a new folder and a CSV beside it, in which the second and third go
    wrong.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(n):
        KINDS[number // len(SHAPES) % len(KINDS)](product(number, rng), folder / f"p{number:05d}")
    files = sorted(path.name for path in folder.iterdir())
    lines = ["file,id,category,price"]
    for number, file in enumerate(files):
        if number not in {1, 2}:
            lines.append(f"{file},sku-{number},{SHAPES[number % len(SHAPES)]},{5 + number % 40}.50")
    lines += [line.format(second=files[1], third=files[2]) for line in BAD_LINES]
    csv = folder.with_suffix(".csv")
    csv.write_text("\n".join(lines) + "\n")
    return csv


if __name__ == "__main__":
    where = Path(sys.argv[1])
    sys.stdout.write(f"{make(where, int(sys.argv[2]) if len(sys.argv) > 2 else 1000)}\n")
    spoil(where)
