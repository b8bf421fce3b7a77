"""Reads a picture file that nobody vouches for, and turns it into what the database keeps.

Upright by EXIF, transparency on white; then cut to what differs from the background, the longer
side scaled to 88, the aspect kept, centred on 96x96 of the background's own colour. Nothing is cut
out of a busy background: a product on a plain one is expected. How networks and the judge see it,
says `db.views`.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, ImageOps, UnidentifiedImageError

from db import views
from db.errors import DataError, UsageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""As Pillow calls them; of one with several pictures the first is read."""

HEIC = "HEIF"
"""The same of a HEIC photo, which only the extra `heic` reads."""

KINDS = "jpg, png, webp, gif, bmp, tiff or avif"
"""The same for people."""

NAMES = MappingProxyType(
    {name: name.lower() for name in FORMATS} | {"JPEG": "jpg", "MPO": "jpg", HEIC: "heic"}
)
"""What each is called where formats are counted; a JPEG of several pictures is an MPO to Pillow."""

SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".heif"),
)
"""How such files end, in any case of letters."""

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a process without rights may not start any
MOST_PIXELS = 60_000_000
"""More than any phone takes; a decoded picture needs 4 bytes for each."""

MOST_BYTES = 200_000_000

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_SICK = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, KeyError, TypeError)
"""What Pillow's decoders raise on damaged files."""


@dataclass(frozen=True)
class Photo:
    """A picture as people see it, RGB on white and no larger than they need, and as it is stored:
    uint8 [96, 96, 3] or [28, 28].
    """

    shown: Image.Image
    canonical: NDArray[np.uint8]
    format: str = ""
    """What its file was: one of NAMES."""


def register_heic() -> bool:
    """Read HEIC photos, too, from now on; False without the extra that brings their decoder."""
    try:
        import pillow_heif  # noqa: PLC0415 - an extra
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def read(path: Path) -> Photo:
    """One of KINDS. Raises UsageError when there is no such file, DataError when it is no
    picture.
    """
    return understand(str(path), content_of(path))


def understand(name: str, content: bytes, *limit: int) -> Photo:
    """A picture from its file's bytes; the errors of `read`, under that name. limit: pixels it may
    have, if not MOST_PIXELS.
    """
    decoded = _decoded(name, content, *limit)
    kind = NAMES.get(decoded.format or "", "")
    shown = views.shrunk(decoded)
    try:
        return Photo(shown, views.stored(shown), kind)
    except ValueError as error:
        raise DataError(f"{name}: {error}") from None


def content_of(path: Path) -> bytes:
    """A file's bytes, unseen; UsageError when it cannot be read, DataError when no picture is so
    large.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "nothing"
        raise UsageError(f"{path}: wanted a picture ({KINDS}), found {what}; check the path")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise DataError(
            f"{path}: wanted at most {MOST_BYTES // 1_000_000} MB, found {size // 1_000_000:,} MB; "
            "save it smaller"
        )
    try:
        return path.read_bytes()
    except PermissionError:
        raise UsageError(
            f"{path}: may not be read; give yourself the right to, or copy it"
        ) from None
    except OSError as error:  # of what looks like a file and is none, as in /proc
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); give a picture's file"
        ) from None


def decode(path: Path) -> Image.Image:
    """An RGB picture on white, upright; UsageError when there is no such file, DataError when it is
    none.
    """
    return _decoded(str(path), content_of(path))


def _decoded(path: str, content: bytes, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """As `decode`; nothing that the content may be makes it more than so many pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter(
                "ignore", UserWarning
            )  # of odd EXIF data, which is then left aside
            with Image.open(io.BytesIO(content), formats=_read_here()) as opened:
                width, height = opened.size
                if width * height > most_pixels:
                    raise _too_large(path, f"{width:,} x {height:,} pixels", most_pixels)
                opened.load()
                ImageOps.exif_transpose(opened, in_place=True)
                flat = _on_white(opened)
                flat.format = opened.format  # a copy forgets what its file was
                return flat
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(path, "far more", most_pixels) from None
    except UnidentifiedImageError:
        if _is_heif(content):
            raise _heic(path) from None
        found = "another kind of file, or a damaged one" if content else "an empty file"
        raise DataError(
            f"{path}: wanted a picture ({KINDS}), found {found}; save it as one of these and try"
            " again"
        ) from None
    except _SICK as error:
        raise DataError(
            f"{path}: wanted a whole picture, found a damaged one"
            f" ({' '.join(str(error).split())[:80]}); open it and save it anew"
        ) from None


def _read_here() -> tuple[str, ...]:
    """Pillow must know a format that it is asked for."""
    return (*FORMATS, HEIC) if HEIC in Image.OPEN else FORMATS


def _is_heif(content: bytes) -> bool:
    """By its first box: `ftyp` and a brand of HEIF (ISO/IEC 23008-12)."""
    return content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):  # 16-bit grey: Pillow's own conversion cuts off at 255
        picture = _of_deep(np.asarray(picture).clip(0, 65535), picture.info.get("transparency"))
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _of_deep(deep: NDArray[Any], clear: Any) -> Image.Image:
    """A grey picture of 8 bits; clear: the one level that is transparent, None where none is."""
    if deep.dtype.kind == "f":
        grey = Image.fromarray(np.rint(deep.astype(np.float64) / 257).astype(np.uint8))
    else:  # by table: 60 million of them as floating point numbers would need gigabytes
        grey = Image.fromarray(np.rint(np.arange(65536) / 257).astype(np.uint8)[deep])
    if isinstance(clear, int):
        grey.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    return grey


def _heic(path: str) -> DataError:
    if HEIC in Image.OPEN:
        return DataError(
            f"{path}: wanted a whole picture, found a damaged HEIC photo; save it anew"
        )
    return DataError(
        f"{path}: wanted a picture ({KINDS}), found a HEIC photo; "
        "`pip install 'windowshop[heic]'`, or save it as one of these"
    )


def _too_large(path: str, found: str, most_pixels: int) -> DataError:
    return DataError(
        f"{path}: wanted at most {most_pixels // 1_000_000} million pixels, found {found}; "
        "scale it down first"
    )
