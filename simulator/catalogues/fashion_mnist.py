"""Finds Fashion-MNIST on this machine or fetches it, and never believes a file without its
checksum.

Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms".
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import tempfile
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache as remembered
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray

from db.errors import DataError
from workers.scratch import Scratch

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"

SHA256 = {
    TRAIN_IMAGES: "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    TRAIN_LABELS: "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    TEST_IMAGES: "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    TEST_LABELS: "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}

MAGIC = {1: 0x801, 3: 0x803}
"""First word of an idx file of unsigned bytes, by its number of axes."""

CONNECT_SECONDS = 5
_APT = ("-o", f"Acquire::http::Timeout={CONNECT_SECONDS}", "-o", "Acquire::Retries=0")
DOWNLOAD_SECONDS = 300

Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class Sources:
    """Where to look after the caches, in this order; `address` and `package` only when not
    offline.
    """

    folders: tuple[Path, ...] = (Path("/usr/share/datasets/fashion-mnist"),)
    address: str | None = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
    package: str | None = "dataset-fashion-mnist"
    sha256: Mapping[str, str] = field(default_factory=lambda: SHA256)


@dataclass(frozen=True)
class FashionMnist:
    """Images uint8 [n, 28, 28], 0 is background; labels uint8 [n], places in CLASS_NAMES."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def load_fashion_mnist(
    cache: Path,
    *,
    keras_home: Path,
    say: Callable[[str], None],
    offline: bool = False,
    sources: Sources | None = None,
) -> FashionMnist:
    """The four files, each from the first place that has it right; what was fetched is kept in
    `cache`.

    Raises DataError when no place has a file, or when a right file does not hold what its name
    says.
    """
    sources = sources or Sources()
    with Scratch() as scratch:
        places = _places(cache, keras_home, sources, offline, scratch.path)
        blobs = {name: _find(name, places, cache, sources.sha256[name], say) for name in SHA256}
    train = _pair(blobs, TRAIN_IMAGES, TRAIN_LABELS)
    test = _pair(blobs, TEST_IMAGES, TEST_LABELS)
    return FashionMnist(*train, *test)


@dataclass(frozen=True)
class _Place:
    name: str
    fetch: Fetch
    is_remote: bool = False


def _places(
    cache: Path, keras_home: Path, sources: Sources, offline: bool, scratch: Path
) -> list[_Place]:
    folders = (cache, keras_home / "datasets" / "fashion-mnist", *sources.folders)
    places = [_Place(str(folder), _folder(folder)) for folder in folders]
    if sources.address and not offline:
        places.append(_Place(sources.address, _download(sources.address), is_remote=True))
    if sources.package and not offline:
        name = f"apt-get download {sources.package}"
        places.append(_Place(name, _package(sources.package, scratch), is_remote=True))
    return places


def _find(
    name: str, places: list[_Place], cache: Path, sha256: str, say: Callable[[str], None]
) -> bytes:
    """The bytes of one file from the first place that has it right."""
    tried: list[str] = []
    because = ""
    for place in places:
        if place.is_remote:
            say(f"fetching {name} from {place.name}{because}")
        try:
            blob = place.fetch(name)
        except (OSError, HTTPException, subprocess.SubprocessError) as error:
            tried.append(f"{place.name} ({_reason(error)})")
            because = f", because {place.name} failed ({_reason(error)})" if place.is_remote else ""
            continue
        found = hashlib.sha256(blob).hexdigest()
        if found == sha256:
            if place.is_remote:
                _keep(cache / name, blob)
            return blob
        tried.append(f"{place.name} (wrong sha256 {found[:12]}...)")
        say(
            f"{name} from {place.name} is damaged: wanted sha256 {sha256[:12]}..., found"
            f" {found[:12]}..."
        )
    raise DataError(
        f"Fashion-MNIST's {name} was found nowhere: tried {', '.join(tried)}; "
        f"copy the four .gz files to {cache}, or run: apt-get install dataset-fashion-mnist"
    )


def _folder(folder: Path) -> Fetch:
    return lambda name: (folder / name).read_bytes()


def _download(address: str) -> Fetch:
    unreachable: list[OSError] = []

    def fetch(name: str) -> bytes:
        if unreachable:  # and so it is for the next file
            raise unreachable[0]
        try:
            # S310: the address is ours and http; the checksum decides what is believed
            where = f"{address}/{name}"
            with urllib.request.urlopen(where, timeout=CONNECT_SECONDS) as response:  # noqa: S310
                blob: bytes = response.read()
        except HTTPError:  # somebody is there, and lacks this file
            raise
        except OSError as error:
            unreachable.append(error)
            raise
        return blob

    return fetch


def _package(package: str, scratch: Path) -> Fetch:
    """From a Debian package, downloaded and unpacked without being installed: that needs no
    root.
    """

    @remembered
    def unpacked() -> Mapping[str, Path]:
        try:
            _run(["apt-get", *_APT, "download", package], scratch)
        except subprocess.CalledProcessError:  # no lists, or old ones: fetch some of our own
            (scratch / "lists" / "partial").mkdir(parents=True)
            private = [
                "-o",
                f"Dir::State::lists={scratch / 'lists'}",
                "-o",
                f"Dir::Cache={scratch / 'cache'}",
            ]
            _run(["apt-get", *_APT, *private, "update"], scratch)
            _run(["apt-get", *_APT, *private, "download", package], scratch)
        for archive in scratch.glob("*.deb"):
            _run(["dpkg-deb", "-x", archive.name, "tree"], scratch)
        return {path.name: path for path in (scratch / "tree").rglob("*.gz")}

    def fetch(name: str) -> bytes:
        if name not in unpacked():
            raise FileNotFoundError(2, "not in the package", name)
        return unpacked()[name].read_bytes()

    return fetch


def _run(command: list[str], folder: Path) -> None:
    options = {"cwd": folder, "check": True, "capture_output": True, "timeout": DOWNLOAD_SECONDS}
    # fixed words, no shell
    subprocess.run(command, **options)  # type: ignore[call-overload]  # noqa: S603, PLW1510


def _keep(path: Path, blob: bytes) -> None:
    """Into the cache in one step, so that a reader beside us never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(blob)
    Path(partial).chmod(0o644)  # mkstemp lets nobody else read
    Path(partial).replace(path)


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = error.stderr.decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"exit code {error.returncode}"
    if isinstance(error, FileNotFoundError):
        return "not there"
    return " ".join(str(getattr(error, "reason", error)).split())


def _pair(
    blobs: Mapping[str, bytes], images: str, labels: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pictures = parse_idx(blobs[images], images, axes=3)
    classes = parse_idx(blobs[labels], labels, axes=1)
    if pictures.shape[1:] != (28, 28):
        raise DataError(
            f"{images}: wanted pictures of 28x28, found {pictures.shape[1]}x{pictures.shape[2]}"
        )
    if len(pictures) != len(classes):
        raise DataError(
            f"{images} holds {len(pictures)} pictures, but {labels} {len(classes)} labels: not of"
            " one set"
        )
    if classes.size and classes.max() >= len(CLASS_NAMES):
        raise DataError(f"{labels}: wanted labels 0..{len(CLASS_NAMES) - 1}, found {classes.max()}")
    return pictures, classes


def parse_idx(blob: bytes, name: str, *, axes: int) -> NDArray[np.uint8]:
    """The array in a gzipped idx file of unsigned bytes; DataError when it is anything else."""
    try:
        content = gzip.decompress(blob)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{name}: wanted a whole gzip file, found one that is cut off or damaged ({error})"
        ) from None
    header = 4 + 4 * axes
    if len(content) < header:
        raise DataError(
            f"{name}: wanted an idx header of {header} bytes, found {len(content)} bytes: cut off"
        )
    magic, *shape = (int(word) for word in np.frombuffer(content[:header], ">u4"))
    if magic != MAGIC[axes]:
        holds = {
            MAGIC[1]: ", which is labels: files swapped?",
            MAGIC[3]: ", which is pictures: files swapped?",
        }
        raise DataError(
            f"{name}: wanted idx magic 0x{MAGIC[axes]:x}, found 0x{magic:x}{holds.get(magic, '')}"
        )
    wanted = int(np.prod(shape, dtype=object))
    found = len(content) - header
    if found != wanted:
        raise DataError(
            f"{name}: its header promises {wanted} bytes, found {found}: cut off or overlong"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
