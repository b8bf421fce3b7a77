"""More than two hundred picture files that nobody should trust, made from three good ones.
Seeded.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

PIECES = 64
Poison = tuple[str, bytes]
"""A file's name and its bytes."""


def good() -> dict[str, bytes]:
    """A product on a plain background, in the three formats."""
    pixels = np.full((60, 80, 3), 250, np.uint8)
    pixels[15:45, 20:60] = np.random.default_rng(5).integers(0, 200, (30, 40, 3))
    picture = Image.fromarray(pixels)
    return {
        name: saved(picture, kind)
        for name, kind in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"))
    }


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file's bytes."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def poisons(seed: int, *, frames: int = 10_000) -> Iterator[Poison]:
    """All of them, named by what is wrong with them."""
    rng = random.Random(seed)
    for suffix, content in good().items():
        yield from truncated(suffix, content)
        yield from flipped(suffix, content, rng)
        yield f"appended-zip.{suffix}", content + a_zip()
        yield f"wrong-header.{suffix}", b"\0\0\0\0" + content[4:]
    yield from bombs(frames)
    yield from disguises()
    yield from unusual()


def truncated(suffix: str, content: bytes) -> Iterator[Poison]:
    """Cut at every 1/64."""
    for piece in range(PIECES):
        yield f"truncated-{piece:02d}.{suffix}", content[: len(content) * piece // PIECES]


def flipped(suffix: str, content: bytes, rng: random.Random) -> Iterator[Poison]:
    """Eight bits turned over, twenty times."""
    for number in range(20):
        spoilt = bytearray(content)
        for _ in range(8):
            spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
        yield f"flipped-{number:02d}.{suffix}", bytes(spoilt)


def bombs(frames: int) -> Iterator[Poison]:
    """Small files that would be very large."""
    yield "declares-65000x65000.png", png(65_000, 65_000, zlib.compress(b"\0" * 100_000))
    yield "square-gigapixel.png", png(32_000, 32_000, zlib.compress(b"\0" * 10_000_000))
    yield (
        "text-of-100-megabytes.png",
        png(1, 1, zlib.compress(b"\0\0"), text=zlib.compress(b"a" * 100_000_000)),
    )
    yield "line-of-30-million.png", png(30_000_000, 1, zlib.compress(b"\0" * 30_000_001))
    dots = [Image.new("L", (2, 2), number % 256) for number in range(frames)]
    yield "frames.png", saved(dots[0], "PNG", save_all=True, append_images=dots[1:])


def png(width: int, height: int, data: bytes, *, text: bytes = b"") -> bytes:
    """A grey PNG that says what one likes."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    chunks += [(b"zTXt", b"Comment\0\0" + text)] if text else []
    chunks += [(b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def disguises() -> Iterator[Poison]:
    """Something else under a picture's name."""
    kinds = {"gif": "GIF", "bmp": "BMP", "tiff": "TIFF", "ico": "ICO", "eps": "EPS", "ppm": "PPM"}
    plain = Image.new("RGB", (32, 32), "red")
    for name, kind in kinds.items():
        yield f"{name}.png", saved(plain, kind)
    yield (
        "svg.png",
        (
            b'<svg xmlns="http://www.w3.org/2000/svg"'
            b' onload="alert(1)"><script>alert(1)</script></svg>'
        ),
    )
    yield (
        "postscript.jpg",
        b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    )
    yield "pdf.jpg", b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n"
    yield "html.webp", b"<html><script>alert(1)</script></html>"
    yield "shell.png", b"#!/bin/sh\ntouch canary\n"
    yield "pickle.png", b"\x80\x04cos\nsystem\n(S'touch canary'\ntR."
    yield "zip.webp", a_zip()
    yield "empty.png", b""
    yield "one-byte.jpg", b"\xff"
    yield "zeros.webp", b"\0" * 4096
    yield "random.png", random.Random(9).randbytes(4096)
    yield "gif-and-script.jpg", b"GIF89a/*" + b"\0" * 64 + b"*/=alert(1);"


def unusual() -> Iterator[Poison]:
    """Sound pictures that few programs expect."""
    shapes = Image.open(io.BytesIO(good()["png"]))
    yield "cmyk.jpg", saved(shapes.convert("CMYK"), "JPEG")
    yield "palette.png", saved(shapes.convert("P"), "PNG")
    yield "one-bit.png", saved(shapes.convert("1"), "PNG")
    yield "alpha.png", saved(shapes.convert("LA"), "PNG")
    yield (
        "sixteen-bit.png",
        saved(Image.fromarray(np.asarray(shapes.convert("L")).astype(np.uint16) * 257), "PNG"),
    )
    yield "one-pixel.png", saved(Image.new("L", (1, 1)), "PNG")
    yield "long.png", saved(Image.new("L", (5000, 1), 9), "PNG")
    yield "png-named.jpg", good()["png"]
    yield "jpg-named.webp", good()["jpg"]
    yield "odd-exif.jpg", saved(shapes, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")


def a_zip() -> bytes:
    """An archive whose file wants to be elsewhere."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../canary", "x")
    return out.getvalue()
