"""A toy shop with an embedder that is real and quick: principal components of pixels."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import httpx
import numpy as np
from PIL import Image
from sqlalchemy import Engine

from db import embeddings, images, items, models
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.views import GREY
from recommender.embedding.checkpoint import model_key, verify
from recommender.embedding.unlabelled import pixel_pca
from simulator.playing.plan import Plan, resolve
from simulator.shop.live.live_run import LiveRun, live_config, open_live
from simulator.shop.opening import Premises
from tests import factories
from tests.service.shop import ToyPremises, client_of
from workers.local_workforce import LocalWorkforce


@lru_cache(1)
def fitted(pixels: bytes, shape: tuple[int, ...]) -> tuple[bytes, bytes]:
    """The manifest and weights of the components of pictures."""
    found = np.frombuffer(pixels, np.uint8).reshape(shape)
    return pixel_pca.fit(found, classes=["a"], data_sha256="0")


def learned(engine: Engine) -> EmbedderKey:
    """The toy catalogue in a database, embedded by the principal components of its own pixels."""
    stocked = factories.stock(engine)
    hashes = list(dict.fromkeys(one.image for one in stocked))
    with read_transaction(engine) as conn:
        pixels = images.read(conn, hashes, GREY)
    manifest, weights = fitted(pixels.tobytes(), pixels.shape)
    key = EmbedderKey(model_key(verify(manifest, weights)[0]), "numpy")
    vectors = pixel_pca.PixelPcaEmbedder.from_bytes(manifest, weights).embed(pixels)
    with write_transaction(engine) as conn:
        models.add(conn, key.model, manifest, weights)
        embeddings.add(conn, key, hashes, vectors)
    return key


class EmbeddedPremises(ToyPremises):
    """A toy shop into which pictures can be brought."""

    def _made(self, policy: str) -> LiveRun:
        """The live run of a policy on the toy catalogue."""
        key = learned(self.engine)
        with read_transaction(self.engine) as conn:
            stored = items.read(conn, factories.CATALOGUE)
        plan = Plan(
            policy=policy,
            items=factories.N_ITEMS,
            queries=factories.N_QUERIES,
            catalogue=factories.CATALOGUE,
        )
        found = resolve(plan, stored, model=key.model, runtime=key.runtime)
        config = live_config(found, None)
        return open_live(self.context, type(found)(config, found.items))


class OneAfterTheOther(LocalWorkforce):
    """A worker has one job in hand, however many threads of the server ring for it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._alone = threading.Lock()

    def ring(self, work_ids: Iterable[int]) -> None:
        """Do the work now, when what others rang for is done."""
        with self._alone:
            super().ring(work_ids)


@contextmanager
def open_shop(engine: Engine, *, policy: str = "blend") -> Iterator[tuple[Premises, httpx.Client]]:
    """A shop whose work is done by this process, and who asks it."""
    with OneAfterTheOther(engine) as workforce:
        shop = EmbeddedPremises(engine, workforce, policy=policy)
        with shop.decoder, client_of(shop) as client:
            yield shop, client


def picture_of(pixels: np.ndarray) -> bytes:
    """A PNG of a product: pixels uint8 [n, m] or [n, m, 3]."""
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "PNG")
    return packed.getvalue()


def like(shop: Premises, item_id: str, *, noise: int = 6) -> bytes:
    """A picture that looks much like an item of the shop, but is another one."""
    live = shop.live()
    with read_transaction(shop.engine) as conn:
        (pixels,) = images.read(conn, [live.items[live.numbers[item_id]].image], GREY)
    rough = np.random.default_rng(live.numbers[item_id]).integers(-noise, noise + 1, pixels.shape)
    rough = np.clip(pixels + rough, 0, 255).astype(np.uint8)
    rough[[0, -1]] = 0  # a dark ground, or it would be inverted
    rough[:, [0, -1]] = 0
    return picture_of(rough)
