"""Pages as a real Chromium lays them out: on a phone, and on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.catalogues.fashion_mnist import CLASS_NAMES
from simulator.report.pages import embedder
from simulator.report.pages.study import render
from tests.unit.simulator.embedders.test_evaluate import measured

pytestmark = pytest.mark.browser

MEASURE = """<script>
const wide = [...document.querySelectorAll('.wide')];
const hidden = wide.filter((one) => one.scrollWidth > one.clientWidth + 1);
document.title = `${innerWidth} wide, ${wide.length} tables, ${hidden.length} hide something`;
</script></body>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser; without one there is nothing to test."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "these tests need Chromium: apt-get install chromium"
    return found


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """What `evaluate` writes, and a word inside its closed details."""
    origin = {"model": "toy-1", "runtime": "handmade", "data_sha256": "0"}
    html = render(embedder.page(measured(), CLASS_NAMES, 1234, origin, "windowshop evaluate"))
    assert "<details>" in html
    written = tmp_path / "page.html"
    written.write_text(html.replace("</body>", MEASURE))
    return written


def asked(chromium: str, page: Path, *words: str) -> str:
    """What a headless Chromium says."""
    start = (
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={page.parent / 'own'}",
    )
    done = subprocess.run(
        [*start, *words, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_a_phone_shows_every_column_of_the_tables(chromium: str, page: Path) -> None:
    """At 390 pixels mAP and P@10 need no scrolling sideways."""
    text = asked(chromium, page, "--window-size=390,2000", "--dump-dom")
    found = re.search(r"<title>(\d+) wide, (\d+) tables, (\d+) hide something</title>", text)
    assert found, text[:500]
    width, tables, hidden = map(int, found.groups())
    assert width <= 500
    assert tables >= 5
    assert hidden == 0


def test_paper_shows_what_the_screen_has_closed(chromium: str, page: Path) -> None:
    """With its details closed for good the page is a shorter document."""
    sizes = []
    for html in (
        page.read_text(),
        page.read_text().replace("details::details-content", "details::nothing"),
    ):
        page.write_text(html.replace("<dd>toy-1</dd>", f"<dd>{'a long story ' * 2000}</dd>"))
        out = page.with_suffix(".pdf")
        asked(chromium, page, f"--print-to-pdf={out}")
        sizes.append(len(re.findall(rb"/Type\s*/Page\b", out.read_bytes())))
    assert sizes[0] > sizes[1]
