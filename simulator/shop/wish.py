"""What somebody asks to be served; nothing heavy is imported for it."""

from __future__ import annotations

from dataclasses import dataclass

from db.errors import UsageError
from recommender.registry import RANKED

OFFERED = tuple(name for name in RANKED if name != "logging")
"""The policies that a visitor may choose from."""


@dataclass(frozen=True)
class Wish:
    """What is served: a policy, and the run it goes on from."""

    policy: str = "blend"
    run: str | None = None
    catalogue: str = "fashion-mnist"
    shoppers: int = 0
    """Simulated shoppers let in beside people."""
    pace: float = 60.0
    """Simulated seconds in a real one."""


def refuse_unless_offered(policy: str) -> None:
    """UsageError for a policy that no worker answers with."""
    if policy not in OFFERED:
        raise UsageError(f"no policy {policy!r} to serve; choose one of {', '.join(OFFERED)}")
