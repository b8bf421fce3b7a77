"""/docs: the API as its OpenAPI document describes it, without a script from elsewhere."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from simulator.shop.pages.render import page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def reference(request: Request) -> Response:
    """Each call with its parameters, an example and its answers."""
    document = request.app.openapi()
    return page(
        request,
        "reference.html.j2",
        about=document["info"]["description"],
        operations=[
            _operation(path, method, told)
            for path, methods in document["paths"].items()
            for method, told in methods.items()
        ],
    )


def _operation(path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    content = told.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("example")
    return {
        "path": path,
        "method": method.upper(),
        "summary": told.get("description", ""),
        "parameters": [
            {"description": "", **parameter} for parameter in told.get("parameters", [])
        ],
        "example": _shown(method, path, example) if example else "",
        "answers": [
            (status, answer.get("description", ""))
            for status, answer in told.get("responses", {}).items()
        ],
    }


def _shown(method: str, path: str, example: Any) -> str:
    return (
        f"curl -X {method.upper()} http://127.0.0.1:8000{path}"
        f" -H 'content-type: application/json' -d '{json.dumps(example)}'"
    )
