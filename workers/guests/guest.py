"""A recommender that is not ours: what it is, and where it is found here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Guest:
    """A recommender that is not ours."""

    name: str
    """What the report calls it."""
    door: Literal["python", "http", "file", "here"]
    """How it is reached."""
    target: str
    """What was named, without the folders before it."""
    place: str
    """Where it is found on this machine: an absolute path, a module, or an address."""
    options: dict[str, Any] = field(default_factory=dict)
    """What its class is called with."""
    version: str = ""
    """The sha256 of its sources or lists; over HTTP what it says."""

    def identity(self) -> dict[str, Any]:
        """What enters the id of a run: everything but where it lies here."""
        return {
            name: value for name, value in asdict(self).items() if name not in {"place", "name"}
        }

    @property
    def located(self) -> str:
        """How it is named from anywhere on this machine."""
        return self._named(self.place if self.door != "python" else self._class_at_place())

    def _class_at_place(self) -> str:
        return f"{self.place}:{self.target.rpartition(':')[2]}"

    def _named(self, target: str) -> str:
        options = "&".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}={target}" + (f"?{options}" if options else "")

    @property
    def spec(self) -> str:
        """How it is named on a command line, in the folder where it lies."""
        return self._named(self.target)
