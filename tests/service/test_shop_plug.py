"""/plug: a recommender of one's own is tried from the browser, at the shop's own machine alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

import windowshop as ws
from db.errors import NotFoundError, UsageError
from simulator.guests.check import ADVICE
from simulator.shop.measuring.trials import TrialWish
from simulator.shop.pages import plugging
from simulator.shop.pages.language import Language
from simulator.shop.web.app import application
from tests.guest_classes import HERE
from tests.installation import Installer
from tests.service.shop import SIGNER, ToyPremises, client_of, serving
from workers.guests.address import parse
from workers.guests.doors.serve import Served, app_of
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

PATIENCE = 240.0


@pytest.fixture(scope="module")
def shop(installed: Installer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyPremises]:
    """A toy shop in an installation that can also be reached by the command line."""
    made = installed(tmp_path_factory.mktemp("plug") / "shop")
    context = ws.open(home=made.home, database_url=made.database_url).context
    with LocalWorkforce(context.engine) as workforce:
        found = ToyPremises(context.engine, workforce)
        found.context = replace(found.context, settings=context.settings)
        yield found
        found.trials.close()
    context.engine.dispose()


@pytest.fixture(scope="module")
def client(shop: ToyPremises) -> Iterator[httpx.Client]:
    """Who sits at the shop's machine."""
    with client_of(shop) as found:
        yield found


@contextmanager
def served(name: str) -> Iterator[str]:
    """A class of tests.guest_classes as a server, at its address."""
    guest = Served(parse(f"{HERE}:{name}"))
    try:
        with serving(app_of(guest)) as client:
            yield str(client.base_url).rstrip("/")
    finally:
        guest.close()


def tried(client: httpx.Client, **given: object) -> str:
    """The page of a trial that is over."""
    begun = client.post("/plug", follow_redirects=False, **given)  # type: ignore[arg-type]
    assert begun.status_code == 303, begun.text
    deadline = time.monotonic() + PATIENCE
    while "being tried" in (page := client.get(begun.headers["location"]).text):
        assert time.monotonic() < deadline, page
        time.sleep(0.1)
    return page


@pytest.mark.thorough
def test_a_server_is_tried_and_each_line_says_how_it_stands(client: httpx.Client) -> None:
    """What `windowshop check` says, on a page, and in Portuguese."""
    with served("Looks") as address:
        page = tried(client, data={"address": address})
        assert "It is ready to be judged" in page
        assert f"--policies visual,blend,{address}" in page
        assert page.count('class="tag good"') >= 11
        assert 'class="tag bad"' not in page


@pytest.mark.thorough
def test_what_is_wrong_has_its_cure(client: httpx.Client) -> None:
    """An item twice on one slate is named with what mends it, in both languages."""
    with served("Odd?how=twice") as address:
        page = tried(client, data={"address": address})
    assert "Something has to be mended" in page
    assert "show each item once" in page


@pytest.mark.thorough
def test_a_server_that_is_away_is_said_with_the_command(client: httpx.Client) -> None:
    """The trial fails, the page says who did not answer and how one is started."""
    page = tried(client, data={"address": "http://127.0.0.1:9"})
    assert "no recommender answers at http://127.0.0.1:9" in page
    assert "python -m workers.guests.doors.serve" in page


@pytest.mark.thorough
def test_a_file_of_lists_is_tried(client: httpx.Client, shop: ToyPremises) -> None:
    """It comes with the form, and leaves nothing behind but what was found."""
    live = shop.live()
    queries = [one for one in live.items if one.split == "query"]
    rows = [
        f"{query.item_id},item-{place:04d},{place + 1}" for query in queries for place in range(30)
    ]
    table = "\n".join(["query,item,rank", *rows]).encode()
    page = tried(client, files={"lists": ("mine.csv", table, "text/csv")})
    assert "mine.csv" in page
    assert "What was looked at" in page, page


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"data": {"address": ""}}, 400, "an address or a file was wanted"),
        ({"data": {"address": "mine.py:Mine"}}, 400, "windowshop check mine.py:Mine"),
        ({"data": {"address": "file:///etc/passwd"}}, 400, "give http://HOST:PORT"),
        ({"data": {"address": "http://"}}, 400, "give http://HOST:PORT"),
        ({"files": {"lists": ("mine.py", b"import os", "text/plain")}}, 400, "no file of lists"),
    ],
)
def test_what_cannot_be_tried_is_said_beside_the_form(
    client: httpx.Client, given: dict[str, dict[str, object]], status: int, words: str
) -> None:
    """Code is not taken from a browser; nothing is started."""
    answer = client.post("/plug", **given)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert words in answer.text
    assert "Its address" in answer.text


def test_a_trial_that_nobody_began_is_not_there(client: httpx.Client) -> None:
    """It says where one begins."""
    answer = client.get("/plug/000000000000", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "begin another at /plug" in answer.text


@pytest.mark.parametrize(
    "headers", [{"x-forwarded-for": "10.0.0.7"}, {"via": "1.1 gate"}, {"host": "shop.example"}]
)
def test_nobody_from_elsewhere_has_addresses_called(
    client: httpx.Client, shop: ToyPremises, headers: dict[str, str]
) -> None:
    """Behind a gate or by another name the page says so kindly, and nothing is started."""
    before = len(shop.trials._started)
    for method, path in (("GET", "/plug"), ("POST", "/plug"), ("GET", "/plug/x")):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert "Only at the shop&#39;s own machine" in answer.text
    assert "Try yours" not in client.get("/", headers=headers).text
    assert "Try yours" in client.get("/").text
    assert len(shop.trials._started) == before


def test_a_shop_that_listens_to_others_tries_nothing(shop: ToyPremises) -> None:
    """Whoever asks, also from loopback: a gate may stand before it."""
    with serving(application(shop, SIGNER, listens_nearby=False)) as outside:
        answer = outside.post("/plug", data={"address": "http://127.0.0.1:9"})
        assert answer.status_code == 403
        assert "windowshop check" in answer.text


def test_a_wish_knows_what_it_may_be() -> None:
    """Addresses and files of lists, nothing that runs code."""
    for spec in ("mine.py:Mine", "here:abc", "package:Mine", "ftp://x", "lists.csv"):
        with pytest.raises(UsageError, match="no address"):
            TrialWish(spec, "toy", 10, 10)
    with pytest.raises(UsageError, match="no file of lists"):
        TrialWish("mine.py", "toy", 10, 10, b"")


def test_all_that_a_check_advises_is_translated() -> None:
    """So that an advice that is added is not forgotten here; numbers are written by the locale."""
    assert set(ADVICE.values()) <= set(plugging.PLAIN)
    assert set(ADVICE) <= set(plugging.NAMES)
    portuguese = Language("pt_BR")
    told = plugging.in_words(portuguese, "3 of 1234 slates; show each item once")
    assert told == "3 de 1.234 listas; mostre cada item uma vez"
    assert plugging.in_words(portuguese, "it raised: KeyError") == "it raised: KeyError"


def test_one_trial_goes_on_at_a_time(shop: ToyPremises) -> None:
    """The second is told of the first."""
    wish = TrialWish("http://127.0.0.1:9", "toy", 120, 40)
    first = shop.start_trial(wish)
    with pytest.raises(UsageError, match="is being tried"):
        shop.start_trial(wish)
    first.end()
    with pytest.raises(NotFoundError):
        shop.trials.one("nothing")
