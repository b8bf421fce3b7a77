"""Writing to a shop that others can reach takes a token, and each token has its own rate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from limits import RateLimitItemPerMinute
from sqlalchemy import Engine

import windowshop as ws
from db.errors import DependencyError, UsageError
from simulator.shop.web import guards
from simulator.shop.web.app import application
from simulator.shop.web.tokens import Tokens, place_of, token_of
from tests.service.shop import SIGNER, ToyPremises, serving
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

TOKEN = "a-token-of-many-letters"  # noqa: S105 - of this test alone
WRITES = (
    ("POST", "/api/v1/searches"),
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/items"),
    ("PATCH", "/api/v1/items/item-0001"),
    ("DELETE", "/api/v1/items/item-0001"),
    ("POST", "/api/v1/experiments"),
)


@pytest.fixture
def client(sqlite: Engine) -> Iterator[httpx.Client]:
    """Somebody who reached a shop that listens to others."""
    with LocalWorkforce(sqlite) as workforce:
        shop = ToyPremises(sqlite, workforce)
        app = application(shop, SIGNER, tokens=Tokens(TOKEN), listens_nearby=False)
        with serving(app) as found:
            yield found


def test_nothing_is_written_without_the_token(client: httpx.Client) -> None:
    """401 with what to send; reading stays open."""
    for given in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \u00e9"):
        for method, path in WRITES:
            headers = {"authorization": given.encode()}
            answer = client.request(method, path, headers=headers, json={})
            assert answer.status_code == 401, (given, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
            assert TOKEN not in answer.text
    assert client.get("/api/v1/items").status_code == 200
    assert client.get("/").status_code == 200


def test_who_has_the_token_writes(client: httpx.Client) -> None:
    """By hand, and by `ws.Client`; without it the client says what is wrong."""
    address = str(client.base_url)
    with ws.Client(address, token=TOKEN) as mine:
        assert len(mine.search("item-0005")["items"]) == 10
        assert mine.change_item("item-0001", price=2.5)["price"] == 2.5
    with ws.Client(address) as other, pytest.raises(DependencyError, match="takes a token"):
        other.change_item("item-0001", price=2.5)


def test_the_rate_is_the_tokens_own(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever guesses from an address uses up that address's rate, and not the token's."""
    monkeypatch.setattr(guards, "WRITES", RateLimitItemPerMinute(3))
    path = "/api/v1/events"
    guesses = [client.post(path, json={}).status_code for _ in range(4)]
    assert guesses == [401, 401, 401, 429]
    headers = {"authorization": f"Bearer {TOKEN}"}
    known = [client.post(path, json={}, headers=headers) for _ in range(4)]
    assert [one.status_code for one in known] == [422, 422, 422, 429]
    assert known[-1].headers["retry-after"]


def test_a_token_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    """The next start finds it; nobody else may read the file."""
    home = tmp_path / "home"
    token = token_of(home)
    assert token_of(home) == token
    assert len(token) >= 32
    assert token_of(tmp_path / "other") != token
    assert place_of(home).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "short\n", "a token of many l\u00e9tters"])
def test_a_file_without_a_token_is_no_open_door(tmp_path: Path, content: str) -> None:
    """It is refused by name, with the cure."""
    place_of(tmp_path).write_text(content)
    with pytest.raises(UsageError, match="holds no token of 16 or more"):
        token_of(tmp_path)


def form_of(client: httpx.Client, path: str = "/") -> dict[str, str]:
    """The mark that a page puts into its forms; the visitor's cookie comes with the page."""
    found = re.search(r'name="csrf" value="(\w+)"', client.get(path).text)
    assert found
    return {"csrf": found[1]}


PAGES = (
    "/search/item-0005",
    "/more/item-0005",
    "/cart-shelf/item-0005",
    "/basket/buy",
    "/choose",
    "/leave",
    "/blind/begin",
    "/ops/work",
    "/experiments",
    "/live/crowd",
    "/enter",
)


def test_pages_take_what_only_their_own_forms_carry(client: httpx.Client) -> None:
    """403 without the visitor's cookie, without the mark, and with another visitor's mark."""
    other = form_of(client)
    client.cookies.clear()
    for path in PAGES:
        assert client.post(path, data=other).status_code == 403, path
    mine = form_of(client)
    assert mine != other
    for path in PAGES:
        assert client.post(path).status_code == 403, path
        assert client.post(path, data=other).status_code == 403, path
    assert client.post("/search/item-0005", data=mine).text.count("<li class=") == 10
    marked = {"x-csrf": mine["csrf"]}
    assert client.post("/search/item-0005", headers=marked).status_code == 200
    said = client.post("/choose", headers={"accept": "text/html"}).text
    assert "Load it again" in said


def test_operations_in_pages_take_the_token_once(client: httpx.Client) -> None:
    """401 and where to give it; then this browser may, until it forgets or the token changes."""
    mine = form_of(client)
    work = {**mine, "deed": "drop", "work": "999999"}
    person = {"accept": "text/html", "accept-language": "pt-BR"}
    refused = client.post("/ops/work", data=work, headers=person)
    assert refused.status_code == 401
    assert 'href="/enter"' in refused.text
    assert "Informar o token" in refused.text
    assert 'action="/experiments"' not in client.get("/runs").text
    wrong = client.post("/enter", data={**mine, "token": TOKEN[:-1]})
    assert (wrong.status_code, "another token" in wrong.text) == (401, True)
    assert client.post("/ops/work", data=work).status_code == 401
    given = client.post("/enter", data={**mine, "token": f" {TOKEN}"})
    assert given.is_redirect
    assert TOKEN not in str(given.headers)
    assert client.post("/ops/work", data=work).status_code not in {401, 403}
    assert client.post("/ops/work", data={**work, "csrf": ""}).status_code == 403
    assert 'action="/experiments"' in client.get("/runs").text
    client.post("/enter/forget", data=mine)
    assert client.post("/ops/work", data=work).status_code == 401
    client.cookies.set("keeper", SIGNER.keeper("an-older-token-of-the-shop"))
    assert client.post("/ops/work", data=work).status_code == 401


def test_the_token_opens_pages_to_programs(client: httpx.Client) -> None:
    """As a header, without cookie and mark."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert client.post("/search/item-0005", headers=headers).status_code == 200
    work = {"deed": "drop", "work": "999999"}
    assert client.post("/ops/work", data=work, headers=headers).status_code not in {401, 403}
