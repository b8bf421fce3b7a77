"""A decoder that a picture took over runs any code it likes: it gets nowhere, as root and as
nobody.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from db.errors import DataError
from simulator.catalogues import pictures
from simulator.catalogues.decoder import Decoder
from simulator.catalogues.decoder_rights import CALLS, NETWORK, PRIVILEGES
from simulator.operations import doctor
from tests.faults.poisoned import good, poisons
from tests.service.picture_acts import ACTS, PRELUDE, ROOTS
from workers import settings

pytestmark = pytest.mark.service

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere limits alone hold it, says the doctor"
)

NOBODY = 65534
USERS = {"root": 0, "nobody": NOBODY} if os.geteuid() == 0 else {"ourselves": os.geteuid()}

BECOME = f"""
def become(user):
    if os.geteuid() == 0 != user:
        os.setgroups([])
        os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
        os.setresuid(user, user, user)
"""

TAKEN_OVER = """
import json
from db.errors import DataError
from simulator.catalogues import decoder_process, pictures
given = json.loads({given!r})
globals().update(given)
decode = pictures._decoded
def outcome(act):
    try:
        exec(act, globals())
    except Exception as error:
        return [type(error).__name__, getattr(error, "errno", None)]
    return "done"
def evil(name, content):
    if not name.endswith("evil.png"):
        return decode(name, content)
    raise DataError(json.dumps({{name: outcome(act) for name, act in acts.items()}}))
if not threads:
    pictures.register_heic = lambda: False
pictures.register_heic()
decoder_process.warm_up()  # as root, who may read what is imported, wherever it lies
become(user)
pictures._decoded = evil
decoder_process.main()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that everybody may write into, with files of everybody."""
    made = Path(tempfile.mkdtemp(prefix="windowshop-acts-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def addresses(folder: Path) -> Iterator[dict[str, object]]:
    """Where somebody listens."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        udp.bind(("127.0.0.1", 0))
        unix.bind(f"{folder}/socket")
        unix.listen(99)
        (folder / "socket").chmod(0o777)
        yield {"tcp": tcp.getsockname(), "udp": udp.getsockname(), "unix": f"{folder}/socket"}


@pytest.fixture(scope="module", params=USERS)
def given(
    request: pytest.FixtureRequest, folder: Path, addresses: dict[str, object]
) -> Iterator[dict[str, object]]:
    """All that the acts know, for one user: a process of that user is there for being attacked."""
    user = USERS[request.param]
    own = folder / request.param
    own.mkdir()
    for name in ("file", "unlinked", "renamed", "own"):
        (own / name).touch()
        os.chown(own / name, user, -1)
    os.chown(own, user, -1)
    sleep = "import os, time; become(int(sys.argv[1])); os.execv('/bin/sleep', ['sleep', '600'])"
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys, os{BECOME}{sleep}", str(user)]
    ) as victim:
        yield {"folder": str(own), "victim": victim.pid, "user": user, **addresses}
        victim.kill()


@linux
def test_with_its_rights_it_gets_everywhere(given: dict[str, object]) -> None:
    """The acts are possible ones: in a process that gave up nothing each is done, by whom may do
    it.
    """
    acts = ACTS | (ROOTS if given["user"] == 0 else {})
    code = (
        f"{PRELUDE}{BECOME}\nimport json\nglobals().update(json.loads(sys.argv[1]))\nbecome(user)\n"
    )
    failed = {}
    for name, act in acts.items():
        words = [sys.executable, "-c", f"{code}{act}\nprint('done', flush=True)", json.dumps(given)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        if "done" not in done.stdout:
            failed[name] = done.stderr[-200:]
    assert failed == {}


@linux
@pytest.mark.parametrize("threads", [False, True], ids=["", "with threads"])
def test_a_decoder_that_was_taken_over_gets_nowhere(
    given: dict[str, object], folder: Path, monkeypatch: pytest.MonkeyPatch, threads: bool
) -> None:
    """Each act is refused by the kernel, and the next picture is served all the same.

    Photos of HEIC are decoded by threads: a process that may begin some gets no further.
    """
    picture = Image.new("RGB", (60, 60), "white")
    picture.paste((10, 10, 200), (20, 20, 40, 40))
    for name in ("evil.png", "good.png"):
        picture.save(folder / name)
    photo = heic(picture)
    told = json.dumps({**given, "acts": ACTS | ROOTS, "threads": threads})
    script = PRELUDE + BECOME + TAKEN_OVER.format(given=told)
    monkeypatch.setattr("simulator.catalogues.decoder.COMMAND", ("-c", script))
    with Decoder() as decoder:
        with pytest.raises(DataError) as caught:
            decoder.read(folder / "evil.png")
        outcomes = json.loads(str(caught.value))
        assert len(outcomes) >= 21
        assert {name: one for name, one in outcomes.items() if one != ["PermissionError", 1]} == {}
        assert decoder.read(folder / "good.png").canonical.shape == (96, 96, 3)
        if threads:
            assert decoder.understand("IMG_1.HEIC", photo).format == "heic"


def heic(picture: Image.Image) -> bytes:
    """A photo as a telephone keeps it."""
    import pillow_heif  # an extra

    packed = io.BytesIO()
    pillow_heif.from_pillow(picture).save(packed)
    return packed.getvalue()


def test_decoding_needs_nothing_that_was_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every picture, sound or poisoned, comes out as in this process, or is refused in the same
    words.
    """
    path = tmp_path / "picture"
    contents = [
        heic(Image.linear_gradient("L").convert("RGB")),
        *good().values(),
        *(content for _, content in poisons(1, frames=200)),
    ]
    assert len(contents) > 200
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    assert pictures.register_heic()
    with Decoder() as decoder:
        for content in contents:
            path.write_bytes(content)
            assert said(decoder.read, path) == said(pictures.read, path)


def said(read: Callable[[Path], pictures.Photo], path: Path) -> bytes | str:
    """A picture's stored pixels, or what is said against it."""
    try:
        return read(path).canonical.tobytes()
    except DataError as error:
        return str(error)


@linux
def test_what_the_process_says_it_gave_up_is_gone() -> None:
    """Its word is compared with what the kernel says of it."""
    with Decoder() as decoder:
        held = decoder.held()
        assert decoder._process is not None
        process = Path("/proc") / str(decoder._process.pid)
        lines = (process / "status").read_text().splitlines()
        said = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        network = (process / "ns" / "net").readlink()
    assert {CALLS, PRIVILEGES} <= set(held)
    assert said["Seccomp"] == "2"
    assert said["Threads"] == said["NoNewPrivs"] == "1"
    assert {int(said[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    assert (NETWORK in held) == (network != Path("/proc/self/ns/net").readlink())
    if os.geteuid() == 0 and int(said["CapBnd"], 16) & 1 << 21:
        assert NETWORK in held


@linux
def test_where_there_is_no_filter_it_says_so_and_decodes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine of another kind, as this one calls itself in its 32-bit personality."""
    script = (
        "import ctypes; ctypes.CDLL(None).personality(8); "
        "from simulator.catalogues import decoder_process; decoder_process.main()"
    )
    monkeypatch.setattr("simulator.catalogues.decoder.COMMAND", ("-c", script))
    Image.linear_gradient("L").save(folder / "grey.png")
    with Decoder() as decoder:
        assert CALLS not in decoder.held()
        assert PRIVILEGES in decoder.held()
        assert decoder.read(folder / "grey.png").canonical.shape == (96, 96, 3)
    finding = doctor._pictures(settings.load())
    assert finding.ok
    assert "limits alone" in finding.detail
    assert "containers" in finding.cure


@linux
def test_the_doctor_says_what_holds_it() -> None:
    """One line, in the words of people."""
    finding = doctor._pictures(settings.load())
    assert finding.ok
    assert "compute and answer, and nothing else" in finding.detail
    assert finding.cure == ""


def test_the_doctor_says_when_no_decoder_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what shows the reason."""
    monkeypatch.setattr("simulator.catalogues.decoder.COMMAND", ("-c", "raise SystemExit(1)"))
    with pytest.raises(DataError, match=r"gave up at its start; run `.* < /dev/null`"):
        doctor._pictures(settings.load())
