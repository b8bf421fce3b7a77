"""The shop's REST interface from Python: `windowshop.Client("http://127.0.0.1:8000")`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from db.errors import DataError, DependencyError, NotFoundError, TakenError, UsageError
from db.errors import WindowshopError as Error

RAISED: dict[int, type[Error]] = {
    400: UsageError,
    404: NotFoundError,
    409: TakenError,
    413: DataError,
    422: DataError,
}
"""By the status of a problem; DependencyError for all others."""


class Client:
    """Asks a shop that is served somewhere. Every method gives what the API answers, as a dict.

    Raises NotFoundError, TakenError, UsageError or DataError for what the shop refuses, with its
    words, and DependencyError when it does not answer or is behind.

    A context: its connections are closed at the end.
    """

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 60.0) -> None:
        """url: where the shop is; token: for writing to a shop on another machine."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        base = f"{url.rstrip('/')}/api/v1/"
        self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def search(self, what: str | Path, *, wait: float = 10.0, **more: Any) -> Any:
        """The slate of an item, by its id, or of a picture, by its path. more: k, policy, run."""
        if isinstance(what, Path):
            fields = {"wait": str(wait), **{name: str(one) for name, one in more.items()}}
            return self._sent("POST", "searches", data=fields, files=_file(what))
        return self._sent("POST", "searches", json={"item": what, "wait": wait, **more})

    def recommendation(self, search: str, *, wait: float = 0.0, k: int = 10) -> Any:
        """The slate of a search that was promised."""
        return self._sent("GET", f"recommendations/{search}", params={"wait": wait, "k": k})

    def event(self, kind: str, search: str, **more: Any) -> Any:
        """Tell what happened to a slate: click, cart, purchase or leave. more: position, event_id,
        dwell.
        """
        return self._sent("POST", "events", json={"kind": kind, "search": search, **more})

    def items(self, **wanted: Any) -> Any:
        """What is sold, 50 a page. wanted: category, page, split, available."""
        return self._sent("GET", "items", params=wanted)

    def item(self, item: str) -> Any:
        """One item."""
        return self._sent("GET", f"items/{item}")

    def neighbours(self, item: str, k: int = 10) -> Any:
        """What looks like an item, and what was clicked beside it."""
        return self._sent("GET", f"items/{item}/neighbours", params={"k": k})

    def add_item(self, picture: Path, *, category: str, price: float, **more: Any) -> Any:
        """Sell something more: it is on slates as soon as this returns with its picture's address.

        more: name, item (its id), wait. Where `wait` seconds are not enough it says "waiting".
        """
        fields = {"category": category, "price": str(price)}
        fields |= {name: str(one) for name, one in more.items()}
        return self._sent("POST", "items", data=fields, files=_file(picture))

    def change_item(self, item: str, **changes: Any) -> Any:
        """Change price, name or availability (`available=False`: on no slate)."""
        return self._sent("PATCH", f"items/{item}", json=changes)

    def remove_item(self, item: str) -> None:
        """Take an item out of the shop for good."""
        self._sent("DELETE", f"items/{item}")

    def runs(self) -> Any:
        """All runs of the shop's database."""
        return self._sent("GET", "runs")

    def metrics(self, run: str) -> Any:
        """The measures of a finished run."""
        return self._sent("GET", f"runs/{run}/metrics")

    def _sent(self, method: str, path: str, **what: Any) -> Any:
        try:
            answer = self._http.request(method, path, **what)
        except httpx.HTTPError as error:
            raise DependencyError(
                f"no shop answers at {self._http.base_url} ({error or type(error).__name__});"
                " `windowshop serve` opens one"
            ) from None
        if answer.is_success:
            return answer.json() if answer.content else None
        raise RAISED.get(answer.status_code, DependencyError)(_said(answer))


def _file(picture: Path) -> Mapping[str, Any]:
    try:
        return {"image": (picture.name, picture.read_bytes())}
    except OSError as error:
        raise UsageError(f"{picture}: cannot be read ({error.strerror}); check the path") from None


def _said(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the shop answered {answer.status_code} {answer.reason_phrase}"
