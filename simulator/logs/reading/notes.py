"""What was found wrong with a log: lines left out with their reason, doubtful ones, doubles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from db.errors import DataError
from simulator.catalogues.csv_file import Skipped, printable

MOST_BAD = 1_000_000
"""Bad lines are kept with their reasons; a pipe that holds nothing else would fill the memory."""
SHOWN = 20
"""Lines that are named one by one to people; JSON names all of them."""
TOLERATED = 0.05
"""Share of the events that may be left out before the rest stands for something else."""


@dataclass
class Notes:
    """The account of one log: every event of the file is in exactly one of its counts."""

    file: str
    part: str = ""
    """The file of a folder or of an archive that is being read, as messages name it."""
    skipped: list[Skipped] = field(default_factory=list)
    """Lines left out."""
    reasons: Counter[str] = field(default_factory=Counter)
    """How many of them for which kind of reason."""
    doubtful: list[Skipped] = field(default_factory=list)
    """Lines that were kept all the same."""
    remarks: list[str] = field(default_factory=list)
    """What was assumed about the whole log."""
    set_aside: Counter[str] = field(default_factory=Counter)
    """Events of kinds that are known and say nothing here, by kind."""
    duplicates: int = 0
    """Events that equal an earlier one in everything that is read."""
    read: int = 0
    """Events kept."""
    size: int = 0  # bytes so far
    digest: str = ""
    format: str = ""
    """The preset that was read, "columns" where its columns were named."""
    run: str = ""
    """The run that an export says it is of."""

    @property
    def place(self) -> str:
        """What messages call the file that is being read."""
        return printable(self.part or self.file)

    def skip(self, line: int, reason: str, kind: str) -> None:
        """Leave a line out; DataError when the file is hardly anything but such lines."""
        self.skipped.append(Skipped(self.place, line, printable(reason)))
        self.reasons[kind] += 1
        if len(self.skipped) >= MOST_BAD and len(self.skipped) > self.read:
            raise DataError(
                f"{self.file}: gave up at {MOST_BAD:,} bad lines, more than good ones; "
                f"the first: {self.skipped[0].text()}"
            )

    def doubt(self, line: int, reason: str) -> None:
        """Keep a line, but say what is odd."""
        self.doubtful.append(Skipped(self.place, line, printable(reason)))

    def remark(self, text: str) -> None:
        """Say once what was assumed."""
        if (text := printable(text)) not in self.remarks:
            self.remarks.append(text)

    @property
    def n_events(self) -> int:
        """Events that were meant for us: kept, double or left out."""
        return self.read + self.duplicates + len(self.skipped)

    def refuse_if_too_many(self) -> None:
        """DataError when more than TOLERATED of the events were left out."""
        if len(self.skipped) > TOLERATED * self.n_events:
            share = 100 * len(self.skipped) / self.n_events
            raise DataError(
                f"{self.file}: {len(self.skipped):,} of {self.n_events:,} lines ({share:.1f} %)"
                f" left out, wanted at most {100 * TOLERATED:.0f} %; the first:"
                f" {self.skipped[0].text()}; --lenient goes on with the others"
            )

    def lines(self) -> list[str]:
        """The account for people, at most SHOWN lines of it one by one."""
        told = [f"{printable(self.file)}: {text}" for text in self.remarks]
        noted = [*self.skipped, *self.doubtful]
        told += [one.text() for one in noted[:SHOWN]]
        if len(noted) > SHOWN:
            told.append(f"and {len(noted) - SHOWN:,} lines more; --json lists them all")
        if self.skipped:
            by_reason = ", ".join(f"{n:,} {kind}" for kind, n in self.reasons.most_common())
            told.append(
                f"{len(self.skipped):,} of {self.n_events:,} lines left out ({by_reason}),"
                f" {self.read:,} kept"
            )
        if self.duplicates:
            told.append(f"{self.duplicates:,} events equal an earlier one and count once")
        if self.set_aside:
            of_kind = ", ".join(f"{n:,} {printable(k)}" for k, n in self.set_aside.most_common(8))
            told.append(f"{self.set_aside.total():,} events of other kinds set aside ({of_kind})")
        return told

    def to_json(self) -> dict[str, Any]:
        """The account for programs."""
        return {
            "kept": self.read,
            "left_out": len(self.skipped),
            "duplicates": self.duplicates,
            "set_aside": dict(sorted(self.set_aside.items())),
            "reasons": dict(self.reasons.most_common()),
            "format": self.format,
            "remarks": self.remarks,
            "skipped": [one._asdict() for one in self.skipped],
            "doubtful": [one._asdict() for one in self.doubtful],
        }
