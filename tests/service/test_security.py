"""What SECURITY.md claims of the code: SQL by parameters, nothing that runs what it reads, confined
names.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine

from db import items, runs
from db.engine import read_transaction
from db.errors import NotFoundError, UsageError, WindowshopError
from simulator.catalogues.add import add
from simulator.playing.report import report
from tests import factories
from tests.test_architecture import ROOT, SOURCES, name_of

pytestmark = pytest.mark.service

SQL_FROM_TEXT = {"text", "exec_driver_sql", "execute", "executemany", "executescript"}
BULK = ROOT / "db" / "bulk.py"
"""The one module that puts a statement together: of the names of our own tables, never of a
value.
"""

RUNS_CODE = {
    *("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"),
    *("code", "codeop", "runpy"),
}
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
ALLOWING = {"shell", "allow_pickle"}
"""Arguments that must be False wherever they are given."""


def nodes(path: Path) -> Iterator[ast.AST]:
    """Every piece of a file's code."""
    return ast.walk(ast.parse(path.read_text()))


def called(node: ast.AST) -> str:
    """The last name of what is called; empty when it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def is_made_up(argument: ast.AST) -> bool:
    """Whether a text is put together of pieces that are not all written out."""
    return any(
        isinstance(one, ast.FormattedValue)
        or (isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mod | ast.Add))
        or called(one) in {"format", "join", "replace"}
        for one in ast.walk(argument)
    )


def test_sql_is_never_put_together_of_texts() -> None:
    """Statements are SQLAlchemy's or constants; PRAGMAs are spelt from a constant list."""
    guilty = {
        name_of(path): ast.unparse(node)
        for path in SOURCES
        if path != BULK
        for node in nodes(path)
        if called(node) in SQL_FROM_TEXT and isinstance(node, ast.Call) and node.args
        if isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
        and is_made_up(node.args[0])
    }
    assert set(guilty.values()) == {"dbapi_connection.execute(f'PRAGMA {pragma}')"}, guilty


def test_the_bulk_path_takes_names_from_our_tables_and_values_by_parameter() -> None:
    """Every piece of its statements is a name of a table or column, a type, or a mark."""
    pieces = {
        ast.unparse(one.value)
        for node in nodes(BULK)
        if isinstance(node, ast.JoinedStr)
        for one in node.values
        if isinstance(one, ast.FormattedValue)
    }
    assert pieces <= {"table.name", "names", "name", "marks", "tail", "arrays", "kind"}


def test_nothing_unpickles_or_evaluates() -> None:
    """No module that runs what it reads, no `eval`, no shell, no NumPy file that may hold
    objects.
    """
    guilty = [
        f"{name_of(path)}: {ast.unparse(node)}"
        for path in SOURCES
        for node in nodes(path)
        if imports_what_runs_code(node) or calls_what_runs_code(node)
    ]
    assert guilty == []


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "import os.path, yaml", "from code import interact", "eval(text)"),
        *("run(words, shell=True)", "os.system(word)", "np.load(path)"),
        "np.load(path, allow_pickle=True)",
    ],
)
def test_what_runs_what_it_reads_would_be_noticed(line: str) -> None:
    """The negative control of the test above."""
    assert any(
        imports_what_runs_code(node) or calls_what_runs_code(node)
        for node in ast.walk(ast.parse(line))
    )


def imports_what_runs_code(node: ast.AST) -> bool:
    """Whether a piece of code imports a module of RUNS_CODE."""
    if isinstance(node, ast.Import):
        return bool({alias.name.split(".")[0] for alias in node.names} & RUNS_CODE)
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in RUNS_CODE


def calls_what_runs_code(node: ast.AST) -> bool:
    """Whether a piece of code calls one of DANGEROUS_CALLS, a shell, or a loader of objects."""
    if not isinstance(node, ast.Call):
        return False
    given = {one.arg: ast.unparse(one.value) for one in node.keywords if one.arg in ALLOWING}
    if any(value != "False" for value in given.values()):
        return True
    if called(node) not in {name.rpartition(".")[2] for name in (*DANGEROUS_CALLS, "np.load")}:
        return False
    name = ast.unparse(node.func)
    return name in DANGEROUS_CALLS or (name == "np.load" and "allow_pickle" not in given)


def test_every_requirement_is_pinned_by_hash() -> None:
    """What is installed is what was locked, in both lists."""
    for name in ("runtime", "dev"):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        packages = [
            place for place, line in enumerate(lines) if "==" in line and not line.startswith(" ")
        ]
        assert len(packages) > 20
        assert all("--hash=sha256:" in lines[place + 1] for place in packages)


def test_the_runtime_needs_nothing_that_was_not_locked() -> None:
    """Each dependency of pyproject.toml stands in the lock."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    names = {one.split(">")[0].split("[")[0].strip() for one in wanted}
    assert [name for name in names if f"\n{name}" not in f"\n{locked}"] == []


EVIL = (
    "../../etc/passwd",
    "/etc/passwd",
    "a/../b",
    "' OR 1=1 --",
    "\x00",
    "latest/../..",
    "x" * 5000,
    "日本",
)


@pytest.mark.parametrize("evil", EVIL)
def test_a_run_id_is_a_value_and_never_a_path(engine: Engine, tmp_path: Path, evil: str) -> None:
    """Whatever is asked for: nothing is found, and nothing outside the run directories is read or
    written.
    """
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "run.json").write_text('{"run": "0123456789ab"}')
    context = factories.context_of(engine, runs=tmp_path / "runs", home=tmp_path / "home")
    with pytest.raises(WindowshopError) as told, read_transaction(engine) as conn:
        runs.read(conn, evil)
    assert "\n" not in str(told.value)
    with pytest.raises(NotFoundError, match="no run or experiment"):
        report(context, evil)
    assert [one.name for one in (tmp_path / "outside").iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    "evil", ["../outside.png", "/etc/hostname", "a/../../outside.png", "link/outside.png"]
)
def test_a_csv_cannot_reach_out_of_its_folder(
    any_engine: Engine, tmp_path: Path, evil: str
) -> None:
    """A file it names outside the folder, by whatever way, is no picture of it."""
    picture = Image.new("RGB", (60, 60), "white")
    picture.paste((10, 10, 200), (20, 20, 40, 40))
    folder = tmp_path / "photos"
    folder.mkdir()
    for file in (tmp_path / "outside.png", folder / "inside.png"):
        picture.save(file)
    (folder / "link").symlink_to(tmp_path)
    (tmp_path / "list.csv").write_text(f"file,id\n{evil},stolen\ninside.png,mine\n")
    context = factories.context_of(any_engine, home=tmp_path / "home")
    found = add(context, folder, csv=tmp_path / "list.csv", name="shop")
    with read_transaction(any_engine) as conn:
        assert [item.item_id for item in items.read(conn, "shop")] == ["mine"]
    assert "there is no picture" in str(found.to_json())


@pytest.mark.parametrize("evil", ["../shop", "a/b", ".hidden", "x" * 100, "", "a b", "a\nb"])
def test_a_catalogue_s_name_is_no_path(any_engine: Engine, tmp_path: Path, evil: str) -> None:
    """Letters, digits, dot, stroke; at most 64."""
    with pytest.raises(UsageError, match="name"):
        add(factories.context_of(any_engine, home=tmp_path), tmp_path, name=evil)
