"""Opens the door of a guest; each kind needs its own libraries, so their imports wait."""

from __future__ import annotations

from workers.guests.door import Door, Limits
from workers.guests.guest import Guest

# ruff: noqa: PLC0415 - see above


def open_door(guest: Guest, limits: Limits, run: str) -> Door:
    """The door of a guest, which is asked with the first call; run: what it calls this run."""
    if guest.door == "python":
        from workers.guests.doors.process import PythonDoor

        return PythonDoor(guest, limits)
    if guest.door == "file":
        from workers.guests.doors.lists import ListsDoor

        return ListsDoor(guest)
    if guest.door == "here":
        from workers.guests.doors.here import HereDoor

        return HereDoor(guest)
    from workers.guests.doors.http import HttpDoor

    return HttpDoor(guest, limits, run)
