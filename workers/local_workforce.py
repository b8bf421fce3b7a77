"""A workforce without Redis: this process does at once what it is rung for."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from workers.tasks import Worker


class LocalWorkforce:
    """Stands where the supervisor stands; nothing is started and nothing is left."""

    def __init__(self, engine: Engine) -> None:
        self._worker = Worker(engine, "local")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._worker.library.close()

    def ring(self, work_ids: Iterable[int]) -> None:
        """Do the work now; what fails is raised here."""
        for work_id in work_ids:
            self._worker.perform(work_id)

    def ring_first(self, work_ids: Iterable[int]) -> None:
        """The same: nothing waits here."""
        self.ring(work_ids)
