"""Fashion-MNIST is found where it is, refused where it is damaged, its absence explained in one
line.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import socket
import struct
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from db.errors import DataError
from simulator.catalogues import fashion_mnist as datasets
from simulator.catalogues.fashion_mnist import Sources, load_fashion_mnist, parse_idx


def idx(array: np.ndarray, magic: int | None = None) -> bytes:
    """A gzipped idx file of an array."""
    words = (magic or datasets.MAGIC[array.ndim], *array.shape)
    return gzip.compress(
        struct.pack(f">{len(words)}I", *words) + array.astype(np.uint8).tobytes(), mtime=0
    )


@pytest.fixture
def files() -> dict[str, bytes]:
    """A tiny set: 7 training and 3 test pictures, all different."""
    pixels = np.arange(10 * 784).reshape(10, 28, 28) % 251
    labels = np.arange(10)
    parts = (pixels[:7], labels[:7], pixels[7:], labels[7:])
    return {name: idx(part) for name, part in zip(datasets.SHA256, parts, strict=True)}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Writes the files into a new folder."""
    folder.mkdir(parents=True)
    for name, blob in files.items():
        (folder / name).write_bytes(blob)
    return folder


def sources(
    files: dict[str, bytes], *folders: Path, address: str | None = None, package: str | None = None
) -> Sources:
    """Sources that believe exactly these files."""
    sha256 = {name: hashlib.sha256(blob).hexdigest() for name, blob in files.items()}
    return Sources(folders=folders, address=address, package=package, sha256=sha256)


def load(
    tmp_path: Path, where: Sources, said: list[str] | None = None, offline: bool = False
) -> datasets.FashionMnist:
    """Loads with the cache and Keras' home under tmp_path."""
    say = (said if said is not None else []).append
    home = tmp_path / "keras"
    return load_fashion_mnist(
        tmp_path / "cache", keras_home=home, say=say, offline=offline, sources=where
    )


@pytest.mark.parametrize("place", ["cache", "keras/datasets/fashion-mnist", "system"])
def test_the_files_are_found_in_every_local_place(
    tmp_path: Path, files: dict[str, bytes], place: str
) -> None:
    """Cache, Keras' cache and the system folder each suffice alone, and give train and test
    apart.
    """
    put(tmp_path / place, files)
    found = load(tmp_path, sources(files, tmp_path / "system"))
    assert found.train_images.shape == (7, 28, 28)
    assert found.train_labels.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert found.test_labels.tolist() == [7, 8, 9]
    assert found.test_images[0, 0, 0] == 7 * 784 % 251


def test_a_damaged_file_is_named_and_the_next_place_is_tried(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    """One flipped bit in the cache: the talk names file and place, and the system folder's file is
    used.
    """
    broken = bytearray(files[datasets.TEST_IMAGES])
    broken[-9] ^= 1
    put(tmp_path / "cache", files | {datasets.TEST_IMAGES: bytes(broken)})
    put(tmp_path / "system", files)
    said: list[str] = []
    assert len(load(tmp_path, sources(files, tmp_path / "system"), said).test_images) == 3
    assert len(said) == 1
    assert datasets.TEST_IMAGES in said[0]
    assert str(tmp_path / "cache") in said[0]


def test_what_came_over_the_network_is_kept(tmp_path: Path, files: dict[str, bytes]) -> None:
    """After one download the cache suffices offline, and no partial file is left."""
    served = put(tmp_path / "served", files)
    handler = partial(_Silent, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        load(tmp_path, sources(files, address=f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == sorted(files)
    assert len(load(tmp_path, sources(files), offline=True).train_images) == 7


def test_a_second_source_is_asked_with_the_reason(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which source failed and how, and which is asked next."""
    monkeypatch.setattr(datasets, "_package", lambda *_: files.__getitem__)
    said: list[str] = []
    load(tmp_path, sources(files, address="http://127.0.0.1:9", package="toy"), said)
    first, second = said[:2]
    name = next(iter(datasets.SHA256))
    assert first == f"fetching {name} from http://127.0.0.1:9"
    assert second.startswith(
        f"fetching {name} from apt-get download toy, because http://127.0.0.1:9 failed ("
    )
    assert "refused" in second


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_offline_asks_no_network(tmp_path: Path, files: dict[str, bytes]) -> None:
    """With offline, neither address nor package is even mentioned as tried."""
    with pytest.raises(DataError) as caught:
        load(
            tmp_path,
            sources(files, address="http://127.0.0.1:9", package="no-such-package"),
            offline=True,
        )
    assert "127.0.0.1" not in str(caught.value)
    assert "apt-get download" not in str(caught.value)


def test_when_nothing_helps_one_line_says_what_was_tried_and_what_mends_it(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    """The message names every place and a command, in one line."""
    with pytest.raises(DataError) as caught:
        load(tmp_path, sources(files, tmp_path / "system", address="http://127.0.0.1:9"))
    message = str(caught.value)
    for part in (
        "cache",
        "keras",
        "system",
        "127.0.0.1:9",
        "apt-get install dataset-fashion-mnist",
    ):
        assert part in message
    assert "\n" not in message


PIXELS = np.zeros((2, 28, 28))
LABELS = np.zeros(2)


@pytest.mark.parametrize(
    ("blob", "complaint"),
    [
        (idx(PIXELS)[:-20], "cut off or damaged"),
        (b"not gzip", "cut off or damaged"),
        (gzip.compress(b"\0\0\x08\x03", mtime=0), "header"),
        (
            gzip.compress(gzip.decompress(idx(PIXELS))[:-1], mtime=0),
            "promises 1568 bytes, found 1567",
        ),
        (idx(LABELS), "cut off"),
        (idx(np.zeros(5000), magic=0x801), "labels: files swapped"),
        (idx(PIXELS, magic=0xD03), "magic 0x803, found 0xd03"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(blob: bytes, complaint: str) -> None:
    """Truncated, swapped and foreign files each have their own words, and the file is named."""
    with pytest.raises(DataError, match=complaint) as caught:
        parse_idx(blob, "some-images.gz", axes=3)
    assert "some-images.gz" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({datasets.TRAIN_LABELS: idx(np.zeros(6))}, "7 pictures.* 6 labels"),
        ({datasets.TRAIN_LABELS: idx(np.full(7, 10))}, r"labels 0\.\.9, found 10"),
        ({datasets.TRAIN_LABELS: idx(np.zeros((7, 28, 28)))}, "pictures: files swapped"),
        ({datasets.TRAIN_IMAGES: idx(np.zeros((7, 14, 56)))}, "28x28, found 14x56"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    tmp_path: Path, files: dict[str, bytes], changed: dict[str, bytes], complaint: str
) -> None:
    """Count mismatch, foreign labels, swapped files, other sizes: refused in spite of a right
    checksum.
    """
    put(tmp_path / "cache", files | changed)
    with pytest.raises(DataError, match=complaint):
        load(tmp_path, sources(files | changed))


def test_an_address_that_does_not_answer_is_asked_once() -> None:
    """Four files are not four times the wait."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        asked: list[str] = []

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                asked.append("once")
                connection.close()

        server = Thread(target=hang_up, daemon=True)
        server.start()
        fetch = datasets._download(f"http://127.0.0.1:{listener.getsockname()[1]}")
        for name in datasets.SHA256:
            with pytest.raises(OSError, match=r"closed|reset"):
                fetch(name)
        listener.shutdown(socket.SHUT_RDWR)
    server.join(5)
    assert asked == ["once"]


APT = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *Dir::State::lists=*download*) cp {deb} . ;;
  *download*) echo 'E: Unable to locate package' >&2; exit 100 ;;
esac
"""


@pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb unpacks packages, on Debian only"
)
def test_a_machine_without_package_lists_fetches_its_own(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Into a scratch folder, which needs no root, once for all four files; a stand-in plays
    apt-get.
    """
    tree = tmp_path / "tree"
    put(tree / "usr" / "share" / "datasets", files)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(
        "Package: toy\nVersion: 1\nArchitecture: all\nMaintainer: no <no@localhost>\nDescription:"
        " toy\n"
    )
    deb = tmp_path / "toy_1_all.deb"
    log = tmp_path / "log"
    subprocess.run(["dpkg-deb", "-b", str(tree), str(deb)], check=True, capture_output=True)
    stand_in = put(tmp_path / "bin", {"apt-get": APT.format(log=log, deb=deb).encode()}) / "apt-get"
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
    assert len(load(tmp_path, sources(files, package="toy")).test_images) == 3
    verbs = [line.split()[-2:] for line in log.read_text().splitlines()]
    assert [words[-1] for words in verbs] == ["toy", "update", "toy"]
