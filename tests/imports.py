"""Which of our modules imports which, read from the sources; and the circles among them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Graph = dict[str, set[str]]
"""Module -> the modules of ours that it imports."""


@dataclass(frozen=True)
class Imports:
    """at_once: imports at the top of a module, those for type checkers among them; later: in
    functions.
    """

    at_once: Graph
    later: Graph

    @property
    def all(self) -> Graph:
        """Both."""
        return {name: self.at_once[name] | self.later[name] for name in self.at_once}


def read(sources: Mapping[str, Path], *, foreign: Collection[str] = ()) -> Imports:
    """The imports among modules, given by name, and of foreign libraries; a package goes by its
    folder's.
    """
    at_once: Graph = {}
    later: Graph = {}
    for name, path in sources.items():
        tree = ast.parse(path.read_text())
        inner = {id(node) for one in _functions(tree) for node in ast.walk(one)}
        found: dict[bool, set[str]] = {True: set(), False: set()}
        for node in ast.walk(tree):
            found[id(node) in inner].update(_imported(node, sources))
            found[id(node) in inner].update(set(_libraries(node)) & set(foreign))
        at_once[name] = found[False] - {name}
        later[name] = found[True] - {name}
    return Imports(at_once, later)


def reached(graph: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """All that a module imports, itself or through others."""
    found: set[str] = set()
    left = [start]
    while left:
        new = set(graph.get(left.pop(), ())) - found
        found |= new
        left.extend(new)
    return found


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The sets of modules that reach each other, each sorted: Tarjan's strongly connected
    components.
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        open_.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in number:
                visit(other)
            if other in open_:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            start = open_.index(name)
            found.append(sorted(open_[start:]))
            del open_[start:]

    for name in sorted(graph):
        if name not in number:
            visit(name)
    return sorted(one for one in found if len(one) > 1)


def _functions(tree: ast.AST) -> Iterator[ast.AST]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def _libraries(node: ast.AST) -> Iterator[str]:
    """The first words of what one statement imports."""
    if isinstance(node, ast.Import):
        yield from (one.name.partition(".")[0] for one in node.names)
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]


def _imported(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """What one statement imports of ours: the module named, or what it is asked for where that is
    one.
    """
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names if one.name in known)
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for one in node.names:
            inner = f"{node.module}.{one.name}"
            if inner in known:
                yield inner
            elif node.module in known:
                yield node.module
