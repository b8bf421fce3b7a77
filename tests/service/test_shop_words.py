"""The pages in two languages, two policies in one blind list, and pictures that mean harm."""

from __future__ import annotations

import io
import re
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from db import event_log
from db.engine import read_transaction
from db.events import Kind
from simulator.report.numbers.measures import MEASURES
from simulator.report.text import labels
from simulator.shop.live.blind import Blind, arrangement, team_draft
from simulator.shop.live.cards import SAID
from simulator.shop.measuring.experiments import STOPPED
from simulator.shop.pages import plugging
from simulator.shop.pages.language import Language, choose
from simulator.shop.pages.looking import REASONS
from tests.service.shop import open_shop

pytestmark = pytest.mark.service

MOST_GROWN = 64 * (1 if sys.platform == "linux" else 1024) * 1024
"""64 MB in the unit of this system's getrusage."""
TEMPLATES = Path(__file__).parents[2] / "simulator" / "shop" / "templates"
TEXT = re.compile(r"""_\(\s*("([^"]*)"|'([^']*)')""")


def texts() -> set[str]:
    """All that templates say, reasons, what a trial of a recommender finds, and measures."""
    found = {
        match[2] or match[3]
        for template in TEMPLATES.rglob("*.j2")
        for match in TEXT.finditer(template.read_text())
    }
    tried = {*plugging.NAMES, *plugging.DETAILS.values(), *plugging.PLAIN}
    found |= {labels.of(name).title for name in MEASURES}
    found |= {labels.of(name).meaning for name in labels.headlines(MEASURES)}
    found.add(STOPPED)
    return found | set(SAID.values()) | set(REASONS.values()) | tried


def test_every_text_of_the_pages_has_its_portuguese() -> None:
    """With the same places for values, so that none is lost."""
    portuguese = Language("pt_BR")
    alike = {"Total", ""}
    missing = [one for one in texts() - alike if portuguese.say_plain(one) == one]
    assert missing == []
    for one in texts():
        places = re.findall(r"%\(\w+\)s", one)
        assert sorted(re.findall(r"%\(\w+\)s", portuguese.say_plain(one))) == sorted(places)


def test_figures_have_the_marks_of_the_language() -> None:
    """As the report writes them, and an interval's ends."""
    assert Language("pt_BR").figures("1,234.50 to 4.75") == "1.234,50 a 4,75"
    assert Language("en").figures("1,234.50 to 4.75") == "1,234.50 to 4.75"


def test_the_language_is_chosen_then_the_browsers() -> None:
    """A choice comes first; what nobody speaks is English."""
    assert choose("pt_BR", "en").code == "pt_BR"
    assert choose("", "pt-BR,pt;q=0.9,en;q=0.8").code == "pt_BR"
    assert choose("", "pt;q=0.9").code == "pt_BR"
    assert choose("xx", "tlh, de;q=0.5").code == "en"
    assert choose("", "*;q=,,;").code == "en"
    assert Language("pt_BR").money(123456) == "US$\u00a01.234,56"
    assert Language("en").money(123456) == "$1,234.56"


def test_the_shop_speaks_portuguese(any_engine: Engine) -> None:
    """The whole front page, its language said in the document."""
    with open_shop(any_engine) as (_, client):
        page = client.get("/", headers={"accept-language": "pt-BR"}).text
        assert '<html lang="pt-BR">' in page
        assert "Na prateleira" in page
        assert "On the shelf" not in page


def test_a_blind_list_is_fair_and_the_same_again() -> None:
    """Each policy gets every other place, its own best first; over many lists each begins half."""
    first = list(range(10))
    second = [5, 6, 7, 8, 9, 20, 21, 22, 23, 24]
    began = []
    for number in range(400):
        picks = team_draft(first, second, 10, f"list {number}")
        assert picks == team_draft(first, second, 10, f"list {number}")
        teams = [pick.team for pick in picks]
        assert all(sorted(teams[place : place + 2]) == [0, 1] for place in range(0, 10, 2))
        assert len({pick.item for pick in picks}) == 10
        began.append(teams[0])
        mine = arrangement(picks, 0, 10)
        theirs = arrangement(picks, 1, 10)
        assert ((mine >= 0) ^ (theirs >= 0)).all()
    assert 150 < sum(began) < 250
    assert [pick.item for pick in team_draft([1, -1], [1], 3, "x")] == [1]


def test_a_preference_needs_clicks() -> None:
    """Five to none is chance (p 0.06), nine to one is not."""
    assert Blind(("a", "b"), clicks=[5, 0]).preferred is None
    assert Blind(("a", "b"), clicks=[0, 0]).p == 1.0
    assert Blind(("a", "b"), clicks=[1, 9]).preferred == "b"


def test_a_blind_comparison_from_beginning_to_end(any_engine: Engine) -> None:
    """Each policy's log holds what it has shown, at the places where it stood; the end tells."""
    with open_shop(any_engine, policy="blend") as (shop, client):
        client.get("/blind")
        assert client.post("/blind/begin", data={"one": "blend", "other": "random"}).is_redirect
        page = client.post("/blind/search/query-0130").text
        places = re.findall(r"/blind/click/(\S+?)/(\d+)", page)
        assert [int(position) for _, position in places] == list(range(1, 11))
        for ticket, position in places[:4]:
            assert "Noted" in client.post(f"/blind/click/{ticket}/{position}").text
        shown = []
        for policy in ("blend", "random"):
            live = shop.live(policy)
            with read_transaction(any_engine) as conn:
                log = event_log.read(conn, live.run.number, k=live.k)
            shown.append(log.shown[0])
            assert len(log.of(Kind.CLICK)) == 2
            assert (log.shown[0] >= 0).sum() == 5
        assert ((shown[0] >= 0) ^ (shown[1] >= 0)).all()
        told = client.post("/blind/end").text
        assert "You clicked 2 of blend and 2 of random." in told


def poisoned() -> dict[str, bytes]:
    """Pictures that are none, or that mean harm."""
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)).save(
        whole, "PNG"
    )
    good = whole.getvalue()
    bomb = io.BytesIO()
    Image.new("L", (12_000, 12_000)).save(bomb, "PNG")
    cut = {f"cut at {at}": good[: at * len(good) // 16] for at in range(1, 16)}
    flipped = {}
    for at in range(180):
        bad = bytearray(good)
        bad[(at * 97 + 8 if at < 120 else at - 120) % len(bad)] ^= 0xFF
        flipped[f"flipped {at}"] = bytes(bad)
    return {
        **cut,
        **flipped,
        "empty": b"",
        "zeros": b"\0" * 5000,
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
        "html": b"<html><script>alert(1)</script></html>",
        "bomb": bomb.getvalue(),
        "plain": _plain(),
    }


def _plain() -> bytes:
    packed = io.BytesIO()
    Image.new("RGB", (100, 100), "white").save(packed, "PNG")
    return packed.getvalue()


@pytest.mark.thorough
def test_poisoned_pictures_are_refused_and_the_shop_goes_on(any_engine: Engine) -> None:
    """200 of them: by 4xx with a reason, never a 5xx; by the page kindly; without more memory than
    the first forty took; then it still answers.
    """
    sent = poisoned()
    assert len(sent) >= 200
    with open_shop(any_engine) as (_, client):
        for number, (name, content) in enumerate(sent.items()):
            if number == 40:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            wait = {"wait": "0"}
            files = {"image": (f"../../{name}.png", content)}
            answer = client.post("/api/v1/searches", files=files, data=wait)
            if not name.startswith("flipped"):  # some of these are still pictures
                assert 400 <= answer.status_code < 500, (name, answer.text)
                assert answer.json()["detail"]
            assert answer.status_code < 500, (name, answer.text)
            page = client.post("/search", files=files)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWN
        client.cookies.clear()  # the pictures that were sound wait: toys have no network for them
        found = client.post("/api/v1/searches", json={"item": "query-0130"})
        assert found.status_code == 200
