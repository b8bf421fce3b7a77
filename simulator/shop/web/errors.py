"""Errors as RFC 9457 wants them: application/problem+json, one handler for all of ours."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from db.errors import (
    DataError,
    DependencyError,
    NotFoundError,
    TakenError,
    UsageError,
    WindowshopError,
    WorkError,
)

RETRY_SECONDS = 5
STATUS: tuple[tuple[type[WindowshopError], int], ...] = (
    (NotFoundError, 404),
    (TakenError, 409),
    (UsageError, 400),
    (DataError, 422),
    (DependencyError, 503),
    (WorkError, 503),
    (WindowshopError, 503),
)


def problem(status: int, detail: str, instance: str, **more: Any) -> JSONResponse:
    """An answer that says what was wanted and what was found."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        **more,
    }
    headers = {"Retry-After": str(RETRY_SECONDS)} if status in {429, 503} else {}
    return JSONResponse(document, status, headers=headers, media_type="application/problem+json")


def status_of(error: WindowshopError) -> int:
    """The status of one of our errors."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


AsPage = Callable[[Request, int, str], Response]
"""(request, status, detail) -> what a person is shown."""


def install(app: FastAPI, as_page: AsPage) -> None:
    """Have the application answer so: programs with a problem, people with a page."""

    def told(request: Request, status: int, detail: str) -> Response:
        is_api = request.url.path.startswith(("/api/", "/readyz", "/healthz", "/metrics"))
        if is_api or "text/html" not in request.headers.get("accept", ""):
            return problem(status, detail, request.url.path)
        return as_page(request, status, detail)

    @app.exception_handler(WindowshopError)
    async def ours(request: Request, error: WindowshopError) -> Response:
        return told(request, status_of(error), str(error))

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, error: HTTPException) -> Response:
        answer = told(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> Response:
        found = [
            {"where": ".".join(str(part) for part in one["loc"]), "reason": one["msg"]}
            for one in error.errors()
        ]
        said = "; ".join(f"{one['where']}: {one['reason']}" for one in found[:5])
        return problem(422, said, request.url.path, errors=found[:20])
