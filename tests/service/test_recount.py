"""`windowshop recount`: engines that know nothing of our code count the same, cell by cell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, delete, select, update

from db import schema
from db.engine import open_engine, write_transaction
from db.errors import DependencyError, UsageError
from db.events import Kind
from db.tables import cointeraction, event
from simulator.logs.import_log import import_log
from simulator.recount.engines import engine as engines
from simulator.recount.engines.engine import Means
from simulator.recount.engines.engine_names import EngineName
from simulator.recount.recount import Recounted, RecountWish, recount
from tests import factories
from tests.databases import KINDS, POSTGRES, copied, fresh_postgres
from tests.tiers import first_of
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.service

PLAN = replace(factories.TOY_PLAN, days=2, shoppers=40)
LAST = PLAN.days - 1
NEEDS_JAVA = pytest.mark.skipif(
    shutil.which("java") is None,
    reason="there is no Java for Spark: apt-get install default-jre-headless",
)
ENGINES = [
    EngineName.SCIPY,
    EngineName.DUCKDB,
    pytest.param(EngineName.SPARK, marks=[pytest.mark.thorough, NEEDS_JAVA]),
]


@pytest.fixture(scope="module", params=KINDS)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """The address of a database with a finished run, and the run's id."""
    address = f"sqlite:///{tmp_path_factory.mktemp('recount') / 'shop.db'}"
    if request.param == POSTGRES:
        address = fresh_postgres(request.getfixturevalue("postgres"))
    engine = open_engine(address)
    schema.ensure(engine)
    run = factories.play(engine, LocalWorkforce(engine), PLAN).run.id
    engine.dispose()
    return address, run


@pytest.fixture
def shop(played: tuple[str, str], tmp_path: Path) -> Iterator[Engine]:
    """A copy of it that may be spoilt."""
    engine = open_engine(copied(played[0], tmp_path))
    yield engine
    engine.dispose()


def counted(engine: Engine, name: str, by: EngineName, folder: Path) -> Recounted:
    """What an engine says."""
    wish = RecountWish(by, "local[2]", 500, folder)
    return recount(factories.context_of(engine), name, wish, policy=None, seed=None)


@pytest.mark.parametrize("by", ENGINES)
def test_every_cell_of_a_run_is_the_same(
    shop: Engine, played: tuple[str, str], by: EngineName, tmp_path: Path
) -> None:
    """As many cells as are stored, and none differs; of what was put on disk nothing stays."""
    found = counted(shop, played[1], by, tmp_path)
    with shop.connect() as conn:
        packed = conn.execute(select(cointeraction.c.increments)).scalars().all()
    assert found.ok, found.text()
    assert (found.cells, found.parts) == (sum(map(len, packed)) // 16, LAST + 1)
    assert not list(tmp_path.glob("windowshop-recount-*"))


@pytest.mark.parametrize("by", ENGINES)
def test_every_cell_of_an_imported_log_is_the_same(
    shop: Engine, played: tuple[str, str], by: EngineName, tmp_path: Path
) -> None:
    """Order within sessions, beside what `evaluate-log` counts."""
    file = tmp_path / "log.jsonl"
    file.write_text(factories.exported(shop, played[1]))
    log = import_log(factories.context_of(shop), file).log
    found = counted(shop, log, by, tmp_path)
    assert found.ok, found.text()
    assert found.cells > 100
    assert found.text().startswith(f"log {log}: all {found.cells:,} cells of ")


@pytest.mark.parametrize("by", first_of([EngineName.DUCKDB, EngineName.SCIPY]))
def test_the_first_cell_that_differs_is_named(
    shop: Engine, played: tuple[str, str], by: EngineName, tmp_path: Path
) -> None:
    """One showing more in one stored cell of the last generation; both numbers are told."""
    here = cointeraction.c.generation == LAST
    with write_transaction(shop) as conn:
        row = conn.execute(select(cointeraction).where(here).limit(1)).one()
        n = len(row.increments) // 16
        item = int(np.frombuffer(row.increments, "<i4", 1)[0])
        shown = np.frombuffer(row.increments, "<i8", n, 4 * n).copy()
        shown[0] += 1
        spoilt = row.increments[: 4 * n] + shown.tobytes() + row.increments[12 * n :]
        at = here & (cointeraction.c.item == row.item)
        conn.execute(update(cointeraction).where(at).values(increments=spoilt))
    found = counted(shop, played[1], by, tmp_path)
    told = f"generation {LAST}, items {row.item} and {item}: stored shown {shown[0]:,}, acted "
    assert told in found.text()
    assert f"counted shown {shown[0] - 1:,}, acted " in found.text()


@pytest.mark.parametrize("by", first_of([EngineName.DUCKDB, EngineName.SCIPY]))
def test_a_click_that_is_gone_from_the_events_is_missed(
    shop: Engine, played: tuple[str, str], by: EngineName, tmp_path: Path
) -> None:
    """The engines read events, and nothing that was derived from them."""
    with write_transaction(shop) as conn:
        one = select(event.c.session).where(event.c.kind == int(Kind.CLICK)).limit(1)
        session = conn.execute(one).scalar_one()
        acts = event.c.kind.in_([int(Kind.CLICK), int(Kind.CART), int(Kind.PURCHASE)])
        conn.execute(delete(event).where((event.c.session == session) & acts))
    assert not counted(shop, played[1], by, tmp_path).ok


@pytest.mark.thorough
def test_a_run_that_goes_on_is_refused(sqlite: Engine, tmp_path: Path) -> None:
    """Its last sessions are not folded yet; `verify` is what knows live runs."""
    from tests.service.shop import open_shop

    factories.stock(sqlite)
    with open_shop(sqlite) as (premises, _):
        run = premises.live().run.id
        with pytest.raises(UsageError, match=f"`windowshop verify {run}`"):
            counted(sqlite, run, EngineName.SCIPY, tmp_path)


def test_little_memory_is_told_in_one_line(
    shop: Engine, played: tuple[str, str], tmp_path: Path
) -> None:
    """DuckDB within a megabyte."""
    wish = RecountWish(EngineName.DUCKDB, "", 1, tmp_path)
    with pytest.raises(Exception, match="more of --memory") as raised:
        recount(factories.context_of(shop), played[1], wish, policy=None, seed=None)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("by", [EngineName.DUCKDB, EngineName.SPARK])
def test_an_engine_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, by: EngineName
) -> None:
    """In one line, before anything is looked up."""
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    with pytest.raises(DependencyError, match=rf"`pip install '\.\[{by}\]'`"):
        engines.require(by)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyspark's pipe
def test_a_missing_java_is_told_with_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line; Spark says it on a page."""
    context = pytest.importorskip("pyspark").SparkContext
    for name in ("_gateway", "_jvm"):  # other tests of this process may have started a Java
        monkeypatch.setattr(context, name, None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DependencyError, match="apt-get install default-jre-headless"):
        engines.open_engine(EngineName.SPARK, Means(tmp_path, 500, "local[2]"))
