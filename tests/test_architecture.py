"""Imports point one way, nothing happens at import, and no file, function or docstring is out of
measure.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import imports

ROOT = Path(__file__).parents[1]
PACKAGES = ("db", "recommender", "workers", "simulator")
DOOR = ROOT / "windowshop.py"
SOURCES = [
    DOOR,
    *sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")),
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MIGRATIONS = ROOT / "db" / "migrations"
SETTINGS = ROOT / "workers" / "settings.py"
BLAS = ROOT / "workers" / "blas.py"
"""Sets NumPy's threads before NumPy is there, so it cannot wait for the settings' libraries."""
KNOW_TENSORFLOW = {
    *(
        "checkpoint",
        "contrast",
        "descent",
        "mobilenet",
        "network",
        "own_network",
        "pretrained",
        "tensorflow_embedder",
        "transfer",
    )
}
BIG = {"keras", "tensorflow"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_IN_A_FOLDER = 14


def module(path: Path) -> str:
    """The name under which a file is imported."""
    words = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


OURS = {module(path): path for path in SOURCES}
MODULES = [
    module(path)
    for path in SOURCES
    if MIGRATIONS not in path.parents and path.name != "__main__.py"
]


@cache
def read_ours() -> imports.Imports:
    """Who imports whom, the big libraries among them."""
    return imports.read(OURS, foreign=BIG)


def name_of(path: Path) -> str:
    """How a test's parameter is shown."""
    return str(path.relative_to(ROOT))


def run(script: str, *words: str) -> str:
    """What a script of its own process prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_import_contracts_hold() -> None:
    """import-linter's contracts in pyproject.toml."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(program)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_those_that_are_named_know_tensorflow() -> None:
    """Nobody else in the recommender, the database or the world imports it, nor anything that does:
    a new module is held to it where it stands. checkpoint asks for networks in functions, when one
    is built.
    """
    graph = {name: set(found) for name, found in read_ours().all.items()}
    [checkpoint] = (name for name in OURS if name.endswith(".checkpoint"))
    graph[checkpoint] = {
        one for one in graph[checkpoint] if one.rpartition(".")[2] not in KNOW_TENSORFLOW
    }
    bound = [name for name in OURS if name.startswith(("recommender", "db", "simulator.world"))]
    free = [name for name in bound if name.rpartition(".")[2] not in KNOW_TENSORFLOW]
    assert {
        name: sorted(found) for name in free if (found := BIG & imports.reached(graph, name))
    } == {}
    named = [name for name in bound if name not in free and not BIG & imports.reached(graph, name)]
    assert named == [checkpoint], "named without need"


def test_nothing_imports_the_front_door() -> None:
    """It stands above everything: what somebody needs from it lies in a package."""
    graph = read_ours().all
    assert [name for name, found in graph.items() if "windowshop" in found] == []
    assert graph["windowshop"], "and it is looked at"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither at the top, for type checkers or not, nor with the imports that wait in functions."""
    found = read_ours()
    assert imports.circles(found.at_once) == [], "at the top of the modules"
    assert imports.circles(found.all) == [], "with imports in functions"


def test_a_circle_is_found_wherever_its_imports_stand(tmp_path: Path) -> None:
    """Planted: one at the top in which a type checker's import takes part, one through a
    function.
    """
    planted = {
        "a": "from b import x",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import c",
        "p": "",
        "p.c": "import a",
        "d": "def f():\n    from p import e",
        "p.e": "from d import f\nimport a",
    }
    files = {name: tmp_path / f"{name}.py" for name in planted}
    for name, text in planted.items():
        files[name].write_text(text)
    found = imports.read(files)
    assert found.later["d"] == {"p.e"}
    assert imports.circles(found.at_once) == [["a", "b", "p.c"]]
    assert imports.circles(found.all) == [["a", "b", "p.c"], ["d", "p.e"]]


def test_the_world_knows_one_vocabulary_and_computes() -> None:
    """When all of simulator.world is imported, nothing else of ours is but db.events, and no big
    library.
    """
    world = [name for name in MODULES if name.startswith("simulator.world.")]
    loaded = set(run(IMPORT_ALL, *world).split())
    ours = {name for name in loaded if name.split(".")[0] in PACKAGES}
    assert ours - set(world) <= {"simulator", "simulator.world", "db", "db.events", "db.errors"}
    libraries = {
        "sqlalchemy",
        "redis",
        "rq",
        "keras",
        "tensorflow",
        "pandas",
        "matplotlib",
        "typer",
        "PIL",
    }
    assert {name.split(".")[0] for name in loaded} & libraries == set()


IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sys.modules)
"""

WATCHED = """
import importlib, os, sys
from collections.abc import MutableMapping

ROOT, OURS = sys.argv[1], []

def who():
    # The file of ours that does it: the nearest one on the stack, unless an import lies in between.
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if 'importlib._bootstrap' in file:
            return None
        if file.startswith(ROOT) and '/.venv/' not in file:
            return file
        frame = frame.f_back

def note(what):
    found = who()
    if found:
        OURS.append(f'{found}: {what}')

EVENTS = ('subprocess.Popen', 'os.fork', 'os.posix_spawn', 'os.exec',
          'socket.connect', 'socket.bind', 'sqlite3.connect', 'os.putenv',
           'os.mkdir', 'signal.pthread_kill')

def audit(event, arguments):
    writes = event == 'open' and isinstance(arguments[1], str) and set(arguments[1]) & set('wax+')
    if writes or event in EVENTS:
        note(f'{event} {arguments}')

class Environment(MutableMapping):
    def __init__(self, real): self.real = real
    def __getitem__(self, key):
        if not key.startswith('PYDANTIC_'):  # it looks whenever a class of settings is made
            note(f'reads {key}')
        return self.real[key]
    def __setitem__(self, key, value): note(f'sets {key}'); self.real[key] = value
    def __delitem__(self, key): note(f'deletes {key}'); del self.real[key]
    def __iter__(self): note('reads all'); return iter(self.real)
    def __len__(self): return len(self.real)
    def copy(self): note('reads all'); return dict(self.real)

import threading
start = threading._start_new_thread
threading._start_new_thread = lambda *arguments: note('starts a thread') or start(*arguments)
sys.addaudithook(audit)
os.environ = Environment(os.environ)
for name in sys.argv[2:]:
    importlib.import_module(name)
import gc
from sqlalchemy import Engine
OURS += [f'an engine: {one}' for one in gc.get_objects() if isinstance(one, Engine)]
print(chr(10).join(OURS))
"""


@pytest.mark.thorough
def test_nothing_happens_at_import() -> None:
    """No module of ours makes an engine, thread, process, file or connection, or reads the
    environment.
    """
    assert run(WATCHED, str(ROOT), *MODULES).strip() == ""


def test_what_happens_at_import_would_be_noticed(tmp_path: Path) -> None:
    """The negative control of the test above."""
    (tmp_path / "guilty.py").write_text(
        "import os, subprocess, threading\n"
        "os.environ.get('HOME')\n"
        "threading.Thread(target=print).start()\n"
        "subprocess.run(['true'])\n"
        "open(__file__ + '.written', 'w').close()\n"
    )
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{WATCHED}"
    said = run(script, str(tmp_path), "guilty")
    assert [
        word
        for word in ("reads HOME", "starts a thread", "subprocess.Popen", "open")
        if word not in said
    ] == []


@pytest.mark.parametrize("path", [one for one in SOURCES if "env" in one.read_text()], ids=name_of)
def test_only_the_settings_know_the_environment(path: Path) -> None:
    """os.environ and os.getenv are for workers/settings.py and workers/blas.py, and there for
    functions only.
    """
    tree = ast.parse(path.read_text())
    asked = [node.lineno for node in ast.walk(tree) if knows_environment(node)]
    if path not in {SETTINGS, BLAS}:
        assert asked == []
    else:
        inside = {
            line for one in functions(tree) for line in range(one.lineno, (one.end_lineno or 0) + 1)
        }
        assert set(asked) <= inside


def knows_environment(node: ast.AST) -> bool:
    """Whether a piece of code names the environment."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    if isinstance(node, ast.Attribute):
        return node.attr in names and isinstance(node.value, ast.Name) and node.value.id == "os"
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and bool({one.name for one in node.names} & names)
    )


def test_every_file_is_in_measure() -> None:
    """Its first line says what it is for, it has at most 400 lines, and no function has more than
    60.
    """
    texts = {path: path.read_text() for path in (*SOURCES, *TESTS)}
    assert [name_of(path) for path, text in texts.items() if not text.startswith('"""')] == []
    lines = {path: len(text.splitlines()) for path, text in texts.items()}
    assert [name_of(path) for path, n in lines.items() if n > LONGEST_FILE] == []
    long = {
        name_of(path): [
            one.name for one in functions(ast.parse(text)) if length(one) > LONGEST_FUNCTION
        ]
        for path, text in texts.items()
        if lines[path] > LONGEST_FUNCTION
        and MIGRATIONS not in path.parents  # a migration is a list of tables, and history
    }
    assert {name: found for name, found in long.items() if found} == {}


def test_unit_tests_lie_where_their_source_lies() -> None:
    """tests/unit/simulator/playing/test_desk.py tests simulator/playing/desk.py, and so for all."""
    unit = ROOT / "tests" / "unit"
    tested = [path.relative_to(unit) for path in unit.rglob("test_*.py")]
    sources = {path: path.with_name(path.name.removeprefix("test_")) for path in tested}
    assert [str(test) for test, source in sources.items() if not (ROOT / source).exists()] == []


def test_a_class_name_means_one_class() -> None:
    """In all four packages: who reads a name need not ask which."""
    line = re.compile(r"^\s*class (\w+)[(:\[]", re.MULTILINE)
    names = [name for path in SOURCES for name in line.findall(path.read_text())]
    assert "Context" in names
    assert [name for name, n in Counter(names).items() if n > 1] == []


def test_nothing_of_ours_imports_the_front_door() -> None:
    """windowshop.py is for those outside; inside, a module imports the room it needs."""
    door = re.compile(r"^\s*(import|from) windowshop\b", re.MULTILINE)
    assert [name_of(path) for path in SOURCES if door.search(path.read_text())] == []


def test_no_folder_is_crowded() -> None:
    """A folder holds one subject; db and workers hold a module a table and a module a part."""
    sizes = Counter(path.parent.relative_to(ROOT) for path in SOURCES if path.name != "__init__.py")
    crowded = {str(folder): n for folder, n in sizes.items() if n > MOST_IN_A_FOLDER}
    assert set(crowded) <= {"db", "workers"}, crowded


@pytest.mark.parametrize("tier", ["service", "journey"])
def test_every_test_of_a_tier_bears_its_mark(tier: str) -> None:
    """`make test-postgres` knows the tiers by it: a file without its mark would be tested on SQLite
    alone.
    """
    bare = [
        path.name
        for path in sorted((ROOT / "tests" / tier).rglob("test_*.py"))
        if not re.search(
            rf"^pytestmark = .*\bpytest\.mark\.{tier}\b", path.read_text(), re.MULTILINE
        )
    ]
    assert bare == []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method."""
    return (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines, decorators left out."""
    return (function.end_lineno or function.lineno) - function.lineno + 1
