"""Pictures by the sha256 of what is stored: drawn large enough for a page, kept for ever."""

from __future__ import annotations

import io
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import Response
from PIL import Image
from sqlalchemy import Engine

from db import images
from db.engine import read_transaction
from db.errors import NotFoundError
from db.views import COLOUR, COLOUR_SIDE, View
from simulator.shop.opening import Premises

router = APIRouter(include_in_schema=False)

SIDE = 224
KEPT = 4096


@router.get("/pictures/{sha256}")
def picture(request: Request, sha256: str) -> Response:
    """A stored picture as WebP, dark on light."""
    shop: Premises = request.app.state.shop
    if len(sha256) != 64 or not all(one in "0123456789abcdef" for one in sha256):
        raise NotFoundError("pictures are named by 64 hex digits")
    content = _drawn(shop.engine, sha256)
    return Response(
        content,
        media_type="image/webp",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


@lru_cache(KEPT)
def _drawn(engine: Engine, sha256: str) -> bytes:
    try:
        with read_transaction(engine) as conn:
            pixels = images.read(conn, [sha256], View(COLOUR_SIDE, COLOUR.channels))[0]
    except KeyError:
        raise NotFoundError(f"no picture {sha256[:12]}... in this database") from None
    drawn = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    drawn.save(packed, "WEBP", quality=82, method=4)
    return packed.getvalue()
