"""A recommender of one's own in a run: let in before anything slow, known by what it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from db.errors import DependencyError, UsageError
from workers.guests.address import is_guest, parse
from workers.guests.door import GuestError, Limits
from workers.guests.guest import Guest


@dataclass(frozen=True)
class Admitted:
    """A guest that was there when it was asked for, and how it is asked."""

    guest: Guest
    limits: Limits = field(default_factory=Limits)
    is_strict: bool = False
    """A bad answer stops the run."""


def admitted(policy: str, *, is_strict: bool = False) -> Admitted | None:
    """The guest of a policy's name, loaded once to see that it can be; None for a policy of ours.

    Raises UsageError for one that cannot be loaded, DependencyError for a server that is away.
    """
    if not is_guest(policy):
        return None
    guest = parse(policy)
    if guest.door == "here":
        return Admitted(guest, is_strict=is_strict)
    known = _known(guest.place, guest.target, guest.name, policy, _changed(guest))
    return Admitted(known, is_strict=is_strict)


def refuse(policy: str, what: str) -> None:
    """Raise UsageError for a recommender of one's own where only ours are played."""
    if is_guest(policy):
        raise UsageError(
            f"{what} plays our own policies, not {policy}; play that with `windowshop experiment`"
        )


def spec_of(config: dict[str, Any]) -> str:
    """How the policy of a run is named on a command line, in the folder of its file."""
    name = str(config["policy"])
    about = config.get("guest")
    return name if about is None else Guest(name=name, place="", **about).spec


@lru_cache(maxsize=64)
def _known(place: str, target: str, name: str, policy: str, changed: int) -> Guest:
    """A guest with its version. The arguments tell apart what may differ."""
    del place, target, name, changed
    guest = parse(policy)
    version = _VERSION[guest.door](guest)
    return replace(guest, version=version)


def _changed(guest: Guest) -> int:
    """When its file, or one beside a class, was last changed; 0 for what is no file."""
    path = Path(guest.place)
    if guest.door == "http" or not path.is_file():
        return 0
    beside = path.parent.glob("*.py") if guest.door == "python" else []
    return max(one.stat().st_mtime_ns for one in [path, *beside])


def _of_python(guest: Guest) -> str:
    from workers.guests.doors.process import PythonDoor  # noqa: PLC0415 - Arrow, where needed

    door = PythonDoor(guest, Limits())
    try:
        about = door.load()
    except GuestError as error:
        raise UsageError(
            f"{guest.target} cannot be loaded: {error}; in Python,"
            f" {guest.target.rpartition(':')[2]}({_options(guest)}) must work"
        ) from None
    finally:
        door.close()
    if missing := about["missing"]:
        raise UsageError(
            f"{guest.target} has no {missing[0]}; a recommender has start, slates and learn"
            " (docs/YOUR_OWN.md)"
        )
    return str(about["sha256"])


def _options(guest: Guest) -> str:
    """As the class is called with them."""
    return ", ".join(f"{name}={value!r}" for name, value in guest.options.items())


def _of_http(guest: Guest) -> str:
    from workers.guests.doors.http import HttpDoor  # noqa: PLC0415 - Arrow, where needed

    door = HttpDoor(guest, Limits(seconds=5.0), "")
    try:
        about = door.health()
    except GuestError as error:
        raise DependencyError(
            f"no recommender answers at {guest.place} ({error}); start it, then call again"
        ) from None
    finally:
        door.close()
    return f"{about.get('name', '')} {about.get('version', '')}".strip()


def _of_file(guest: Guest) -> str:
    from workers.guests.doors.lists import read  # noqa: PLC0415 - Arrow, where needed

    read(Path(guest.place))
    return hashlib.sha256(Path(guest.place).read_bytes()).hexdigest()


_VERSION = {
    "python": _of_python,
    "http": _of_http,
    "file": _of_file,
}
