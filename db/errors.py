"""Every error an operator can mend: one root, an exit code each; the docstring is the default
message.
"""

from __future__ import annotations


class WindowshopError(Exception):
    """Something went wrong that one line of text can explain and one command can mend."""

    exit_code = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class UsageError(WindowshopError):
    """The command was called with values that do not fit."""

    exit_code = 2


class DependencyError(WindowshopError):
    """Redis or the database does not answer."""

    exit_code = 3


class GateError(WindowshopError):
    """A check that was asked for did not hold."""

    exit_code = 4


class DataError(WindowshopError):
    """A file is not what its name and checksum promise."""


class SchemaError(WindowshopError):
    """The database was made by another version."""


class NotFoundError(UsageError):
    """Nothing has that name."""


class TakenError(UsageError):
    """Something else has that name already."""


class WorkError(WindowshopError):
    """A piece of work was parked after its last try."""


class FinalError(WorkError):
    """Work that would fail in the same way however often it were tried."""
