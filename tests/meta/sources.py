"""The files of the checkout, as the laws of its layout see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "imports_of", "module_name", "modules", "text_files", "tree_of"]

ROOT = Path(__file__).parents[2]
_FOLDERS = ("src", "generated", "codegen", "schema", "queries", "tests", "docs", "benchmarks", ".ci")
_TEXT = {".py", ".md", ".toml", ".graphql", ".jinja", ".lock", ".txt", ".html", ".css", ".sh", ".cfg", ""}
_NOT_SOURCES = {"__pycache__", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules"}


@cache
def text_files() -> tuple[Path, ...]:
    """Return every text file of the checkout, caches left out."""
    found = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in _TEXT]
    for folder in _FOLDERS:
        found += [
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix in _TEXT and not _NOT_SOURCES & {*path.relative_to(ROOT).parts}
        ]
    return tuple(sorted(found))


def modules(*folders: str) -> list[Path]:
    """Return the Python modules below `folders`."""
    return [
        path
        for path in text_files()
        if path.suffix == ".py" and any(path.is_relative_to(ROOT / folder) for folder in folders)
    ]


def module_name(path: Path) -> str:
    """Return how a module of src/ or generated/ is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """Yield the modules that a module imports when it runs, types aside.

    With `lazy` False only those that its own import loads, not those that a function loads.
    """
    yield from _imports(tree_of(path).body, lazy=lazy)


def _imports(body: list[ast.stmt], *, lazy: bool) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if lazy:
                yield from _imports(node.body, lazy=lazy)
        elif isinstance(node, ast.If) and _is_type_checking(node):
            yield from _imports(node.orelse, lazy=lazy)
        else:
            for below in ("body", "orelse", "finalbody", "handlers"):
                statements = getattr(node, below, [])
                for statement in statements:
                    yield from _imports(getattr(statement, "body", [statement]), lazy=lazy)


def _is_type_checking(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
