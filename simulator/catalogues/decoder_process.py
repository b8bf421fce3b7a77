"""The process in which untrusted pictures are decoded, started by `decoder`.

Before the first picture it gives up all it will not need (`decoder_rights`) and says what of that
holds. Then it reads requests on standard input and replies until either pipe closes.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, MpoImagePlugin, TiffImagePlugin

from db.errors import UsageError, WindowshopError
from simulator.catalogues import pictures
from simulator.catalogues.decoder_rights import MOST_MEMORY, give_up

SHOWN_SIDE = 672
"""A picture for people is sent no larger than this."""

REQUEST = struct.Struct(">II")
"""Lengths of the name and of the content, which follow."""

REPLY = struct.Struct(">I")
"""Length of the JSON that follows: an error, or the sizes of the pictures whose bytes follow then.
The first, unasked, says which rights are given up.
"""

PLUGINS = (MpoImagePlugin, TiffImagePlugin)
"""What Pillow would otherwise import when a JPEG turns out to hold several pictures, and then may
not.
"""


def main() -> None:
    """Reply until nobody asks any more."""
    limit = [int(one) for one in sys.argv[1:]]  # of pixels, where it is another than the usual
    has_heic = pictures.register_heic()
    warm_up()
    requests = sys.stdin.buffer
    replies = sys.stdout.buffer
    send(replies, {"held": give_up(threads=has_heic)})
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        name_size, size = REQUEST.unpack(head)
        name = requests.read(name_size).decode("utf-8", "surrogateescape")
        content = requests.read(size)
        head, found = reply(name, content, *limit)
        send(replies, head, *found)


def warm_up() -> None:
    """One picture of each kind: libraries import on the way what they could not import later."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in pictures.FORMATS:
        sample = Image.new("RGB", (40, 40), "white")
        sample.paste((0, 0, 0), (10, 10, 30, 30))
        packed = io.BytesIO()
        sample.save(packed, kind, exif=exif)
        pictures.understand(kind, packed.getvalue())


def reply(name: str, content: bytes, *most: int) -> tuple[dict[str, Any], list[NDArray[np.uint8]]]:
    """What is said of a picture: sizes and pixels, as shown and as stored, or an error for
    people.
    """
    try:
        photo = pictures.understand(name, content, *most)
        photo.shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        shown = np.asarray(photo.shown)
    except WindowshopError as error:
        return {"error": str(error), "usage": isinstance(error, UsageError)}, []
    except MemoryError:
        limit = f"{MOST_MEMORY / 1024**3:.0f} GB"
        return {
            "error": f"{name}: needs more memory than the {limit} it may have; scale it down first"
        }, []
    sizes = {"shown": shown.shape, "canonical": photo.canonical.shape}
    return {**sizes, "format": photo.format}, [shown, photo.canonical]


def send(replies: BinaryIO, head: dict[str, Any], *pixels: NDArray[np.uint8]) -> None:
    """One reply."""
    packed = json.dumps(head).encode()
    replies.write(REPLY.pack(len(packed)) + packed)
    for one in pixels:
        replies.write(np.ascontiguousarray(one).data)
    replies.flush()


if __name__ == "__main__":
    main()
