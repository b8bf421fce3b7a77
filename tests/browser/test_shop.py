"""The shop in a real Chromium: what people do there is in the log, and nothing is loaded from
elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from simulator.shop.web.app import application
from simulator.shop.web.tokens import Tokens
from tests.browser.visiting import (
    PAGES,
    Served,
    wait_until,
)
from tests.service.shop import SIGNER, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of one's own."""
    pixels = np.full((120, 120, 3), 255, np.uint8)
    pixels[30:90, 40:80] = np.random.default_rng(3).integers(0, 200, (60, 40, 3))
    place = tmp_path / "photo.png"
    Image.fromarray(pixels).save(place)
    return place


def test_a_visit_from_search_to_purchase_is_in_the_log(served: Served) -> None:
    """Search, open, into the basket, buy: an event each, by clicks alone."""
    before = served.kinds()
    with served.visitor() as visitor:
        page = visitor.page
        page.locator(".strip button").nth(1).click()
        page.locator(".card").first.wait_for()
        assert page.locator(".card").count() == 10
        page.locator(".card .picture").nth(2).click()
        page.locator("#detail[open] .strong").click()
        page.locator("#basket[open] .lines li").wait_for()
        page.locator("#basket .strong").click()
        page.locator("#basket .good").wait_for()
    found = served.kinds() - before
    wanted = ("search", "impression", "click", "cart", "purchase")
    assert {kind: found[kind] for kind in wanted} == dict.fromkeys(wanted, 1)


def test_more_and_less_like_this_ask_again(served: Served) -> None:
    """A view for more, the same search for less; each answers with a new slate."""
    before = served.kinds()
    with served.visitor() as visitor:
        page = visitor.page
        page.locator(".strip button").first.click()
        page.locator(".card").first.wait_for()
        page.get_by_role("button", name="More like this").first.click()
        wait_until(lambda: served.kinds()["impression"] - before["impression"] == 2, "more")
        page.get_by_role("button", name="Less").first.click()
        wait_until(lambda: served.kinds()["impression"] - before["impression"] == 3, "less")
    found = served.kinds() - before
    assert (found["view"], found["search"]) == (1, 2)


def test_a_picture_is_brought_by_file_drop_and_paste(served: Served, photo: Path) -> None:
    """Each way shows the picture and answers it."""
    content = photo.read_bytes().hex()
    make = """([hex, way]) => {
      const bytes = new Uint8Array(hex.match(/../g).map((one) => parseInt(one, 16)));
      const list = new DataTransfer();
      list.items.add(new File([bytes], "photo.png", { type: "image/png" }));
      if (way === "drop") document.getElementById("drop").dispatchEvent(
        new DragEvent("drop", { dataTransfer: list, bubbles: true, cancelable: true }));
      else document.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: list, bubbles: true, cancelable: true }));
    }"""
    for way in ("file", "drop", "paste"):
        with served.visitor() as visitor:
            page = visitor.page
            if way == "file":
                page.locator("#pick").set_input_files(photo)
            else:
                page.evaluate(make, [content, way])
            page.locator(".card").first.wait_for()
            assert page.locator("#preview").is_visible()
            assert page.locator(".card").count() == 10


def test_a_bad_picture_is_refused_kindly(served: Served, tmp_path: Path) -> None:
    """What is no picture is said before it is sent, or by the shop; the page goes on."""
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture at all")
    text = tmp_path / "words.txt"
    text.write_text("words")
    with served.visitor() as visitor:
        page = visitor.page
        page.locator("#pick").set_input_files(bad)
        page.locator("#answer .trouble").wait_for()
        assert "wanted a picture (jpg, png" in page.locator("#answer .trouble").inner_text()
        page.locator("#pick").set_input_files(text)
        assert "not a picture" in page.locator("#brought").inner_text()
        page.locator(".strip button").first.click()
        page.locator(".card").first.wait_for()


def test_the_keyboard_alone_is_enough(served: Served) -> None:
    """From the top of the page to a purchase, by Tab and Enter."""
    before = served.kinds()
    with served.visitor() as visitor:
        page = visitor.page
        page.locator(".strip button").first.focus()
        page.keyboard.press("Enter")
        page.locator(".card .picture").first.wait_for()
        page.locator(".card .picture").first.focus()
        page.keyboard.press("Enter")
        page.locator("#detail[open]").wait_for()
        for _ in range(6):
            if page.evaluate("document.activeElement.classList.contains('strong')"):
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("#basket[open] .lines").wait_for()
        page.keyboard.press("Escape")
        assert not page.locator("#basket").is_visible()
    found = served.kinds() - before
    assert (found["click"], found["cart"]) == (1, 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding_of_axe(served: Served, scheme: str) -> None:
    """Nor any other, on any page, in light and dark, at a desk and on a phone."""
    for width in (1280, 390):
        options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
        with served.visitor(bypass_csp=True, **options) as visitor:
            page = visitor.page
            for path in PAGES:
                page.goto(served.base + path)
                if path == "/":
                    page.locator(".strip button").first.click()
                    page.locator(".card").first.wait_for()
                found = Axe().run(page)
                assert found.violations_count == 0, (path, width, found.generate_report())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_blind_comparison_ends_with_whose_they_were(served: Served) -> None:
    """Begin, search, like three, and be told."""
    with served.visitor() as visitor:
        page = visitor.page
        page.goto(served.base + "/blind")
        page.get_by_role("button", name="Begin").click()
        page.locator(".strip button").first.click()
        page.locator(".card").first.wait_for()
        for _ in range(3):
            page.get_by_role("button", name="Like it").first.click()
            page.wait_for_timeout(50)
        wait_until(lambda: page.locator(".card .good").count() == 3, "three were noted")
        page.get_by_role("button", name="Show me whose they were").click()
        counts = [int(one) for one in page.locator(".tile b").all_inner_texts()]
        assert sum(counts) == 3


def test_the_live_page_moves_and_stops_when_nobody_looks(served: Served) -> None:
    """What somebody else does shows up; a stream a tab."""
    with served.visitor() as watcher, served.visitor() as shopper:
        watcher.page.goto(served.base + "/live")
        watcher.page.locator("#status.good").wait_for()
        cell = watcher.page.locator("#live td.number").first
        cell.wait_for()
        before = cell.inner_text()
        shopper.page.locator(".strip button").first.click()
        shopper.page.locator(".card").first.wait_for()
        wait_until(lambda: cell.inner_text() != before, "the live page moves")


def test_the_shop_in_portuguese(served: Served) -> None:
    """By the browser's language, and by the switch; a reload keeps it."""
    with served.visitor(locale="pt-BR") as visitor:
        assert visitor.page.get_by_role("heading", name="Na prateleira").is_visible()
        visitor.page.locator("#language").select_option("en")
        visitor.page.get_by_role("heading", name="On the shelf").wait_for()
        visitor.page.reload()
        assert visitor.page.locator("html").get_attribute("lang") == "en"


def test_what_cannot_be_tried_is_said_where_it_was_typed(served: Served) -> None:
    """By the keyboard, from the navigation; the address stays in its field, the cure beside it."""
    with served.visitor(locale="pt-BR") as visitor:
        page = visitor.page
        page.get_by_role("link", name="Teste o seu").press("Enter")
        page.get_by_label("O endereço dele").fill("http://me:secret@127.0.0.1:9000")
        visitor.said.clear()
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert "give http://HOST:PORT" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("O endereço dele").input_value().startswith("http://me")
        assert all("400 (Bad Request)" in said for said in visitor.said)
        visitor.said.clear()  # Chromium notes what was refused


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
def test_two_policies_beside_each_other(served: Served, locale: str) -> None:
    """Chosen on the page by the keyboard; each list counts its own clicks; also on a phone."""
    before = served.kinds()
    options = {"locale": locale, "viewport": {"width": 390, "height": 844}}
    with served.visitor(bypass_csp=True, **options) as visitor:  # type: ignore[arg-type]
        page = visitor.page
        page.get_by_label("Ao lado" if locale == "pt-BR" else "Beside it").select_option("visual")
        page.locator("[name=beside] option[selected]").wait_for(state="attached")
        page.locator(".strip button").first.click()
        page.locator(".beside .card").first.wait_for()
        assert page.locator(".beside h3").all_inner_texts() == ["blend", "visual"]
        lists = page.locator(".beside section")
        assert [lists.nth(place).locator(".card").count() for place in (0, 1)] == [10, 10]
        places = lists.evaluate_all("found => found.map((one) => [one.offsetLeft, one.offsetTop])")
        assert places[0][0] < places[1][0]
        assert places[0][1] == places[1][1]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        lists.nth(1).locator(".card .picture").first.click()
        page.locator("#detail[open] .strong").click()
        page.locator("#basket[open] .lines li").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Menos" if locale == "pt-BR" else "Less").first.click()
        wait_until(lambda: served.kinds()["impression"] - before["impression"] == 2, "less")
        assert page.locator(".beside h3").count() == 2
    found = served.kinds() - before
    assert (found["search"], found["impression"], found["click"]) == (2, 2, 0)


def test_a_shop_that_others_reach_is_shopped_in_and_operated(served: Served) -> None:
    """Everybody searches; who gives the token once, by the keyboard, may start experiments."""
    token = "a-token-of-many-letters"  # noqa: S105 - of this test alone
    app = application(served.shop, SIGNER, tokens=Tokens(token), listens_nearby=False)
    with serving(app) as client:
        outside = replace(served, base=str(client.base_url).rstrip("/"))
        with outside.visitor(bypass_csp=True) as visitor:
            page = visitor.page
            page.locator(".strip button").first.click()
            page.locator(".card").first.wait_for()
            page.goto(f"{outside.base}/runs")
            page.get_by_role("link", name="Give the token").press("Enter")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                assert Axe().run(page).violations_count == 0
            page.get_by_label("The token").fill(token)
            page.keyboard.press("Enter")
            page.get_by_role("heading", name="Operations").wait_for()
            page.goto(f"{outside.base}/runs")
            assert page.get_by_role("button", name="Start").is_visible()
