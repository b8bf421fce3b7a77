"""The cell in which untrusted pictures are decoded: `python -m simulator.picture_cell`, started by the gate.

Before the first picture it gives up all it will not need: memory beyond a limit, new files and sockets,
writing, children, core dumps. It reads requests on standard input and answers until either pipe closes.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import struct
import sys
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, MpoImagePlugin, TiffImagePlugin

from db.errors import UsageError, WindowshopError
from simulator import pictures

MOST_MEMORY = 2 * 1024**3
MOST_CPU_SECONDS = 30
SHOWN_SIDE = 672
"""A picture for people is sent no larger than this."""

REQUEST = struct.Struct(">II")
"""Lengths of the name and of the content, which follow."""

ANSWER = struct.Struct(">I")
"""Length of the JSON that follows: an error, or the sizes of the pictures whose bytes follow then."""

PLUGINS = (MpoImagePlugin, TiffImagePlugin)
"""What Pillow would otherwise import when a JPEG turns out to hold several pictures, and then may not."""


def main() -> None:
    """Answer until nobody asks any more."""
    warm_up()
    give_up()
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    while len(head := asked.read(REQUEST.size)) == REQUEST.size:
        name_size, size = REQUEST.unpack(head)
        name, content = asked.read(name_size).decode("utf-8", "surrogateescape"), asked.read(size)
        allow_cpu(MOST_CPU_SECONDS)
        head, found = answer(name, content)
        send(told, head, *found)


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


def give_up() -> None:
    """Limits that this process cannot lift again. A system that does not know one goes without it."""
    for limit, value in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_NOFILE, 3),  # standard input, output and error are open; nothing else opens again
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def allow_cpu(seconds: int) -> None:
    """So much more processor time, then SIGXCPU ends us."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def answer(name: str, content: bytes) -> tuple[dict[str, Any], list[NDArray[np.uint8]]]:
    """What is said of a picture: sizes and pixels, as shown and as stored, or an error for people."""
    try:
        photo = pictures.understand(name, content)
        photo.shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        shown = np.asarray(photo.shown)
    except WindowshopError as error:
        return {"error": str(error), "usage": isinstance(error, UsageError)}, []
    except MemoryError:
        limit = f"{MOST_MEMORY / 1024**3:.0f} GB"
        return {"error": f"{name}: needs more memory than the {limit} it may have; scale it down first"}, []
    return {"shown": shown.shape, "canonical": photo.canonical.shape}, [shown, photo.canonical]


def send(told: BinaryIO, head: dict[str, Any], *pixels: NDArray[np.uint8]) -> None:
    """One answer."""
    packed = json.dumps(head).encode()
    told.write(ANSWER.pack(len(packed)) + packed)
    for one in pixels:
        told.write(np.ascontiguousarray(one).data)
    told.flush()


if __name__ == "__main__":
    main()
