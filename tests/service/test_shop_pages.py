"""Pages of the shop beside the shelf: items, shoppers, runs, comparison, operations, reference."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from db import backlog, event_log, items, work
from db.engine import read_transaction, write_transaction
from db.events import Kind
from db.runs import read
from simulator.shop.live.live_run import live_config, open_live
from simulator.shop.live.sampler import RunNow, Sample
from simulator.shop.measuring.experiments import STOPPED, Experiments, Started
from simulator.shop.measuring.moments import moment_of
from simulator.shop.opening import Premises
from simulator.shop.pages.looking import visits_of
from simulator.shop.pages.render import commands
from simulator.shop.pages.studying import differing
from simulator.shop.pages.watching import curve
from simulator.world.draws import Purpose, uniform
from tests import factories
from tests.service.shop import ToyPremises, client_of
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

PERSON = {"accept": "text/html"}
Played = tuple[Premises, httpx.Client, str, str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A shop that goes on from a played run of blend; beside it one of visual."""
    from tests.conftest import up_to_date

    folder = tmp_path_factory.mktemp("shop")
    for engine in up_to_date(f"sqlite:///{folder / 'shop.db'}"):
        with LocalWorkforce(engine) as workforce:
            visual = factories.play(engine, workforce, policy="visual").run.id
            blend = factories.play(engine, workforce, policy="blend").run.id
            shop = ToyPremises(engine, workforce)
            with read_transaction(engine) as conn:
                base = read(conn, blend)
            resolved = factories.resolved(engine, policy="blend")
            going_on = type(resolved)(live_config(resolved, base), resolved.items)
            shop._lives["blend"] = open_live(shop.context, going_on)
            with client_of(shop) as client:
                yield shop, client, blend, visual


def test_a_live_run_begins_with_what_its_base_learned(played: Played) -> None:
    """Its generations are the base's; a simulated shopper is shown other items than a stranger."""
    _, client, _, _ = played
    asked = {"item": "query-0130", "k": 10}
    mine = client.post("/api/v1/searches", json=asked).json()
    assert mine["generation"] == factories.TOY_PLAN.days - 1
    slates = {tuple(one["item"] for one in mine["items"])}
    for shopper in range(8):
        client.cookies.set("shopper", str(shopper))
        answer = client.post("/api/v1/searches", json=asked).json()
        slates.add(tuple(one["item"] for one in answer["items"]))
    client.cookies.delete("shopper")
    assert len(slates) > 1


def test_the_table_of_runs_is_sorted_and_filtered_by_its_address(played: Played) -> None:
    """What stands in the address is what stands on the page."""
    _, client, blend, visual = played

    def shown(**query: str) -> list[str]:
        return re.findall(r"<code>(\w{12})</code>", client.get("/runs", params=query).text)

    assert set(shown()) >= {blend, visual}
    assert shown(policy="visual", kind="simulated") == [visual]
    assert shown(q="nothing like that") == []
    policies = [shown(sort="policy", kind="simulated", desc=desc) for desc in ("false", "true")]
    assert policies == [[blend, visual], [visual, blend]]


def test_two_runs_differ_in_what_they_differ_in(played: Played) -> None:
    """Only the settings that differ, and a plot of the differences."""
    shop, client, blend, visual = played
    with read_transaction(shop.engine) as conn:
        a, b = (read(conn, name).config for name in (blend, visual))
    assert [name for name, _, _ in differing(a, b)] == ["policy", "recommender.policy"]
    page = client.get("/compare", params={"a": blend, "b": visual}).text
    assert page.count('class="name"') >= 10
    assert "same policy" in client.get("/compare", params={"a": blend, "b": blend}).text
    assert client.get("/compare", params={"a": blend, "b": "0" * 12}).status_code == 404


def test_a_comparison_is_sent_as_it_comes(played: Played) -> None:
    """What differs first, then the plot, which takes long where runs are large."""
    _, client, blend, visual = played
    with client.stream("GET", "/compare", params={"a": blend, "b": visual}) as answer:
        pieces = list(answer.iter_text())
    assert "recommender.policy" in pieces[0]
    assert 'class="forest"' not in pieces[0]
    assert 'class="forest"' in "".join(pieces)


def test_two_runs_are_seen_at_one_moment(played: Played) -> None:
    """The same shopper and search, what each showed her, as it is stored; and the next shopper."""
    shop, client, blend, visual = played
    wanted = {"a": blend, "b": visual}
    page = client.get("/compare", params=wanted).text
    part = page.partition('id="moment"')[2]
    shown = re.findall(r'alt="([^"]+) (item-\d+)(, on both)?"', part)
    assert len(shown) == 20
    with read_transaction(shop.engine) as conn:
        found = moment_of(conn, (read(conn, blend), read(conn, visual)), 0)
        assert found is not None
        session = found.day * factories.TOY_PLAN.shoppers + found.shopper
        for run, slate in zip((blend, visual), found.slates, strict=True):
            number = read(conn, run).number
            impression = event_log.shown(conn, number, session, 0)
            assert impression is not None
            stored = impression[1]
            asked = event_log.query_of(conn, number, session, 0)
            assert items.of_run(conn, number)[asked] == found.query
            named = [one.item_id for one in items.of_run(conn, number)]
            assert [named[one] for one in stored] == [one.item_id for one in slate]
    assert [one[1] for one in shown] == [one.item_id for slate in found.slates for one in slate]
    assert {one[1] for one in shown if one[2]} == found.both
    other = client.get("/compare", params={**wanted, "moment": 1}).text
    assert other.partition('id="moment"')[2] != part
    assert 'id="moment"' not in client.get("/compare", params={**wanted, "moment": 200}).text


def test_a_download_is_what_was_on_the_screen(played: Played) -> None:
    """The table of runs as it is sorted and filtered; the differences that are drawn."""
    _, client, blend, visual = played
    chosen = {"sort": "run", "desc": "true", "kind": "simulated"}
    page = client.get("/runs", params=chosen).text
    answer = client.get("/runs.csv", params=chosen)
    assert answer.headers["content-disposition"] == 'attachment; filename="runs.csv"'
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["run"] for row in rows] == re.findall(r"<tr><th[^>]+><a href=./runs/(\w+)", page)
    assert [row["run"] for row in rows] == sorted((blend, visual), reverse=True)
    wanted = {"a": blend, "b": visual}
    drawn = re.findall(r'class="name">([^<]+)<', client.get("/compare", params=wanted).text)
    rows = list(csv.DictReader(client.get("/compare.csv", params=wanted).text.splitlines()))
    assert [row["measure"] for row in rows] == drawn


def test_an_experiment_that_ended_is_told_until_somebody_looked(
    played: Played, tmp_path: Path
) -> None:
    """On every page, on the live one by its stream; then no more, whoever starts the server."""
    shop, client, blend, visual = played
    made = json.dumps({"runs": {"visual": visual, "blend": blend}})
    with (tmp_path / "out.json").open("wb") as out:
        process = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=out)
    shop.experiments._started["one"] = Started("one", ("visual", "blend"), tmp_path, process)
    for path in ("/", "/runs", "/live/now"):
        assert "is being played." in client.get(path).text
    process.communicate(made.encode())
    for path in ("/", "/runs", "/live/now"):
        assert "It is done." in client.get(path).text
    assert "✓" in client.get("/experiments/one").text
    assert "It is done." not in client.get("/runs").text
    del shop.experiments._started["one"]


def test_a_restart_knows_the_experiments_that_were_started(tmp_path: Path) -> None:
    """What was done is news with its result; what was stopped says so; neither goes on."""
    whole = {"runs": {"visual": "a", "blend": "b"}}
    for name, told in (("done", json.dumps(whole)), ("stopped", ""), ("torn", None)):
        folder = tmp_path / "shop-experiments" / name
        folder.mkdir(parents=True)
        wish = json.dumps({"policies": ["visual", "blend"]}) if told is not None else "{"
        (folder / "wish.json").write_text(wish)
        (folder / "out.json").write_text(told or "")
        (folder / "said.txt").touch()
    news = {one["job"]: one for one in Experiments(tmp_path).news()}
    assert news.keys() == {"done", "stopped"}
    assert (news["done"]["state"], news["done"]["result"]) == ("done", whole)
    assert (news["stopped"]["state"], news["stopped"]["said"]) == ("failed", STOPPED)
    Experiments(tmp_path).look_at("done")
    assert [one["job"] for one in Experiments(tmp_path).news()] == ["stopped"]


def test_the_form_of_a_comparison_begins_with_two_that_can_be_compared(played: Played) -> None:
    """The newest run, and another policy beside the same shoppers."""
    _, client, blend, visual = played
    chosen = re.findall(r'<option value="(\w{12})" selected>', client.get("/compare").text)
    assert chosen == [blend, visual]


def test_a_quiet_shop_draws_a_flat_line() -> None:
    """One event in two minutes is no peak; many are."""
    low, high = 116.0, 20.0
    for events, is_flat in ((2, True), (20_000, False)):
        seen = [RunNow("r", "blend", "live", n, 0, 0, 0, 0, 0, 0) for n in (0, events, events)]
        points = curve([Sample(at, 60.0 * at, [one], 0, 0.0, 0, 2) for at, one in enumerate(seen)])
        top = min(float(one.split(",")[1]) for one in points.line.split())
        assert top > low - 10 if is_flat else top < high


def test_commands_in_texts_are_set_as_such() -> None:
    """And nothing else of a text is markup."""
    assert commands("`a <b>` & c") == "<code>a &lt;b&gt;</code> &amp; c"


def test_a_run_shows_its_measures_and_gives_them(played: Played) -> None:
    """The page and the API tell the same numbers."""
    _, client, blend, _ = played
    found = client.get(f"/api/v1/runs/{blend}/metrics").json()
    rate = found["policies"]["blend"]["metrics"]["hit_rate@10"]["value"]
    assert f"{100 * rate:.1f}" in client.get(f"/runs/{blend}").text
    assert client.get(f"/runs/{blend}/report").status_code == 404


def test_a_shopper_and_an_item_tell_what_happened(played: Played) -> None:
    """Her visits of the run before; the neighbours of an item of both kinds."""
    _, client, _, _ = played
    page = client.get("/shoppers/3").text
    assert "Simulated shopper" in page
    assert page.count('class="thumbs"') >= 1
    assert client.get("/shoppers/999999").status_code == 404
    item = client.get("/items/item-0004").text
    assert item.count('class="thumbs"') >= 1
    beside = client.get("/api/v1/items/item-0004/neighbours").json()
    cosines = [one["cosine"] for one in beside["visual"]]
    assert cosines == sorted(cosines, reverse=True)
    assert "item-0004" not in [one["item"] for one in beside["visual"]]


def test_a_shopper_is_shown_with_what_is_believed_and_what_is_true(played: Played) -> None:
    """The judge's knowledge is marked, and stands on pages of simulated shoppers alone; what they
    clicked pleases them more than the average item, by the judge and by what was learned.
    """
    shop, client, blend, _ = played
    live = shop.live()
    page = client.get("/shoppers/3").text
    assert page.count("only in a simulation") == 1
    assert "What the recommender believes" in page
    client.get("/")
    client.post("/search/query-0130")
    (person,) = {one.shopper for one in log_of(shop) if one.shopper >= live.known_shoppers}
    hers = client.get(f"/shoppers/{person}").text
    assert "only in a simulation" not in hers
    assert "Nothing of her own yet" in hers
    assert "Why she left" not in hers
    believed, true = [], []
    for one in range(live.known_shoppers):
        with read_transaction(shop.engine) as conn:
            log = event_log.read_shopper(conn, read(conn, blend).number, one, k=live.k)
        clicked = log.of(Kind.CLICK)["item"]
        if (belief := shop.insight.belief(live, one)) is not None:
            assert 0 < belief.certainty < 1
            believed += belief.liking.score[clicked].tolist()
            true += shop.insight.judged(live, one, belief).liking.score[clicked].tolist()
    assert len(true) > 40
    assert np.mean(believed) > 0
    assert np.mean(true) > 0


def test_why_she_left_is_what_the_world_decided_by(played: Played) -> None:
    """With the world's own draw, the chance that is told ends every visit where it ended."""
    shop, _, blend, _ = played
    live = shop.live()
    n_visits = 0
    with read_transaction(shop.engine) as conn:
        base = read(conn, blend)
        logs = [
            event_log.read_shopper(conn, base.number, one, k=live.k)
            for one in range(live.known_shoppers)
        ]
    for number, log in enumerate(logs):
        for visit in visits_of(log, days=base.config["shoppers"]):
            n_visits += 1
            acts = [one.acts for one in visit.slates]
            for step in range(len(acts)):
                told = shop.insight.leaving(live, number, acts[: step + 1])
                who = np.array([number])
                draw = uniform(base.config["seed"], Purpose.LEAVE, who, visit.day, step)[0]
                leaves = draw < told.chance or told.is_last
                assert leaves == (step == len(acts) - 1), (number, visit.day, step)
    assert n_visits > 50


def log_of(shop: Premises) -> list[np.void]:
    """The events of the live run."""
    live = shop.live()
    with read_transaction(shop.engine) as conn:
        rows = event_log.read(conn, live.run.number, k=live.k).rows
    return list(rows.view(np.recarray))


def test_parked_work_is_shown_with_its_reason_and_can_be_dropped(played: Played) -> None:
    """And tried again."""
    shop, client, _, _ = played
    number = shop.live().run.number
    with write_transaction(shop.engine) as conn:
        (one,) = work.add(conn, number, "fold", {"99": {"generation": 99}})
        for _ in range(work.MOST_TRIES):
            work.take(conn, one, "w")
            work.give_back(conn, one, "the sky fell", worker="w")
    assert "the sky fell" in client.get("/ops").text
    done = client.post("/ops/work", data={"deed": "drop", "work": one})
    assert done.status_code == 303
    with read_transaction(shop.engine) as conn:
        assert backlog.pieces(conn) == []


def test_a_person_gets_a_page_where_a_program_gets_a_problem(played: Played) -> None:
    """Of what is not there; never a trace."""
    _, client, _, _ = played
    for address in ("/nowhere", "/items/nothing", "/runs/000000000000", "/pictures/x"):
        answer = client.get(address, headers=PERSON)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        program = client.get(address)
        assert program.headers["content-type"] == "application/problem+json"


def test_the_reference_names_every_call(played: Played) -> None:
    """As the OpenAPI document does."""
    _, client, _, _ = played
    page = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page
