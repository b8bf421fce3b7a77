"""A shop that is served to a real Chromium, and those who visit it."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from db import embeddings, event_log, work
from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.events import Kind
from simulator.shop.opening import Premises
from tests import factories
from tests.conftest import up_to_date
from tests.service.shop import ToyPremises, client_of
from workers.local_workforce import LocalWorkforce
from workers.tasks import PERFORMERS

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30.0
PAGES = ("/", "/live", "/runs", "/ops", "/docs", "/blind", "/compare", "/plug", "/items/item-0004")


@dataclass
class Watched:
    """A page, and all that was said in its console and asked of other places."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """A request to another origin is one too many."""
        if not request.url.startswith((self.base, "blob:", "data:")):
            self.foreign.append(request.url)


@dataclass(frozen=True)
class Served:
    """A shop that is served to a browser."""

    shop: Premises
    base: str
    browser: Browser

    def kinds(self) -> Counter[str]:
        """How many events of each kind are in the log of the live run."""
        live = self.shop.live()
        with read_transaction(self.shop.engine) as conn:
            log = event_log.read(conn, live.run.number, k=live.k)
        return Counter(Kind(kind).name.lower() for kind in log.rows["kind"].tolist())

    @contextmanager
    def visitor(self, **options: object) -> Iterator[Watched]:
        """Somebody new with a browser of her own; her console stays empty."""
        context = self.browser.new_context(**options)  # type: ignore[arg-type]
        watched = Watched(context.new_page(), self.base)
        watched.page.on("console", lambda message: watched.said.append(message.text))
        watched.page.on("pageerror", lambda error: watched.said.append(str(error)))
        watched.page.on("request", watched.note)
        watched.page.goto(self.base)
        yield watched
        context.close()
        assert watched.said == []
        assert watched.foreign == []


def embed_by_hand(library: object, job: work.Work) -> int:
    """Stands for the network, which toys have none of: a picture's embedding is its category's."""
    engine = library.engine  # type: ignore[attr-defined]
    key = EmbedderKey(job.payload["model"], job.payload["runtime"])
    with write_transaction(engine) as conn:
        lacking = embeddings.missing(conn, job.run, key)
        rows = np.eye(16, dtype=np.float32)[np.arange(len(lacking)) % 4]
        embeddings.add(conn, key, lacking, rows)
    job.payload["brings"] = False
    return ANSWER(library, job)  # type: ignore[arg-type]


ANSWER = PERFORMERS["answer"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One shop for all tests; each visitor has a cookie of her own."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "these tests need Chromium: apt-get install chromium"
    PERFORMERS["answer"] = embed_by_hand  # type: ignore[assignment]
    folder = tmp_path_factory.mktemp("shop")
    for engine in up_to_date(f"sqlite:///{folder / 'shop.db'}"):
        with LocalWorkforce(engine) as workforce, sync_playwright() as playwright:
            factories.play(engine, workforce, policy="blend")
            factories.play(engine, workforce, policy="visual")
            shop = ToyPremises(engine, workforce)
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            with shop.decoder, client_of(shop) as client:
                yield Served(shop, str(client.base_url), browser)
                shop.is_closing = True
            browser.close()
    PERFORMERS["answer"] = ANSWER


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as it holds; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.02)
