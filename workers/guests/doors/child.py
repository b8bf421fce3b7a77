"""The process in which a guest of Python lives: loads its class, and answers one call at a time.

Started as `python -m workers.guests.doors.child`. It is told what to load on standard input and
answers on what was standard output; whatever the guest prints goes to standard error.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.util
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from workers.guests.doors import wire
from workers.guests.doors.wire import Message
from workers.guests.protocol import Day, Requests, Shop, Slates

_PR_SET_PDEATHSIG = 1
INSTALLED = {"site-packages", "dist-packages"}
OURS = {"windowshop.py", "db", "recommender", "simulator", "workers"}


def main() -> None:
    """Answer until nobody asks any more."""
    asked, said = _streams()
    _die_with(os.getppid())
    guest = Inhabitant()
    while True:
        try:
            message = wire.receive(asked)
        except EOFError:
            return
        try:
            answer = guest.answer(message)
        except Exception as error:
            answer = Message({"error": _about(error)})
        wire.send(said, answer)


class Inhabitant:
    """The one guest of this process."""

    def __init__(self) -> None:
        self._guest: Any = None
        self._earlier: list[pa.Table] = []

    def answer(self, message: Message) -> Message:
        """What the guest says to one call."""
        match message.head["call"]:
            case "load":
                return Message(self._load(message.head))
            case "start":
                self._start(message)
                return Message({})
            case "slates":
                return self._slates(message)
            case "learn":
                self._learn(message)
                return Message({})
            case call:
                raise ValueError(f"no call {call!r}")

    def _load(self, head: dict[str, Any]) -> dict[str, Any]:
        if memory := head.get("memory"):
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        before = set(sys.modules)
        module = _module(head["place"])
        beside = _beside(module, set(sys.modules) - before)
        named = getattr(module, head["name"])
        self._guest = named(**head["options"]) if callable(named) else named
        missing = [call for call in ("start", "slates", "learn") if not hasattr(self._guest, call)]
        return {"missing": missing, "sha256": _sources(module, beside), "class": head["name"]}

    def _start(self, message: Message) -> None:
        pictures = message.arrays["pictures"]
        vectors = message.arrays["vectors"]
        shop = Shop(
            message.tables["items"],
            message.tables["queries"],
            pictures,
            vectors,
            message.head["k"],
            message.head["seed"],
        )
        self._guest.start(shop)

    def _slates(self, message: Message) -> Message:
        table = message.tables["requests"]
        earlier = _of(self._earlier, table["shopper"]) if self._wants_earlier else None
        requests = Requests(table, message.arrays["on_sale"], earlier)
        found = self._guest.slates(requests)
        return packed(found)

    def _learn(self, message: Message) -> None:
        if self._wants_earlier:
            self._earlier.append(message.tables["events"])
        self._guest.learn(
            Day(message.head["day"], message.tables["slates"], message.tables["events"])
        )

    @property
    def _wants_earlier(self) -> bool:
        return bool(getattr(self._guest, "wants_earlier", False))


def packed(found: Any) -> Message:
    """An answer as a message. What is no array at all goes as its words, to be quoted."""
    slates = found if isinstance(found, Slates) else Slates(found)
    try:
        items = np.asarray(slates.items)
        if items.dtype == object or str(items.dtype) not in wire.DTYPES:
            raise TypeError(f"items of {items.dtype}")
    except (TypeError, ValueError):
        return Message({"odd": repr(slates.items)[:200]})
    arrays = {"items": items}
    for name in ("scores", "propensities"):
        if (values := getattr(slates, name)) is not None:
            arrays[name] = np.asarray(values, np.float64)
    reasons = slates.reasons
    said = None if reasons is None else [[str(one)[:200] for one in row] for row in reasons]
    return Message({"reasons": said}, arrays=arrays)


def _of(days: list[pa.Table], shoppers: Any) -> Any:
    """The events of some shoppers on all days."""
    if not days:
        return None
    every = pa.concat_tables(days)
    wanted = np.isin(every["shopper"].to_numpy(), shoppers.to_numpy())
    return every.filter(pa.array(wanted))


def _module(place: str) -> ModuleType:
    """A file, or a module by its name; what lies beside a file can be imported from it."""
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _beside(module: ModuleType, loaded: set[str]) -> list[Path]:
    """The files that a module loaded from its own folder. What is installed is not its source."""
    folder = Path(str(module.__file__)).resolve().parent
    files = {Path(str(getattr(sys.modules[name], "__file__", None))).resolve() for name in loaded}
    # PyTorch has modules whose __file__ is a bare name, which would lie in the working directory.
    own = {
        one for one in files if one.suffix == ".py" and one.is_relative_to(folder) and one.is_file()
    }
    own.discard(Path(str(module.__file__)).resolve())
    return sorted(one for one in own if not INSTALLED & set(one.parts) and not _is_ours(one))


def _is_ours(file: Path) -> bool:
    """Whether a file is part of this package, beside which somebody may keep a class."""
    home = Path(__file__).resolve().parents[3]
    return file.is_relative_to(home) and file.relative_to(home).parts[0] in OURS


def _sources(module: ModuleType, beside: list[Path]) -> str:
    """The sha256 of a module's file and of what it loaded from beside it; of all files of its
    package where it is in one.
    """
    package = module.__name__.partition(".")[0]
    home = getattr(sys.modules.get(package), "__path__", None)
    alone = [Path(str(module.__file__)), *beside]
    files = sorted(Path(home[0]).rglob("*.py")) if home else alone
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _about(error: Exception) -> dict[str, Any]:
    """What a worker is told of an exception."""
    frames = traceback.format_exception(error)
    return {
        "kind": type(error).__name__,
        "says": str(error)[:500],
        "traceback": "".join(frames)[-4000:],
        "out_of_memory": isinstance(error, MemoryError),
    }


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The two ends of the talk, out of the guest's reach: it reads nothing and prints elsewhere."""
    asked = os.fdopen(os.dup(0), "rb")
    said = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return asked, said


def _die_with(parent: int) -> None:
    """End when the worker is killed, in the middle of a call too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


if __name__ == "__main__":
    main()
