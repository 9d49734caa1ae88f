"""How every module reads: what it says about itself, what it exports, and how long it is."""

from __future__ import annotations

import ast
from pathlib import Path

from sources import ROOT, modules, tree_of

OURS = modules("src", "codegen")
EVERYWHERE = [
    path
    for path in [*OURS, *modules("generated/wandkit_generated", "tests", "benchmarks")]
    if "golden" not in path.parts
]
LONGEST_FILE = 450
LONGEST_FUNCTION = 60


def name_of(path: Path) -> str:
    """Return a path as a failure shows it."""
    return path.relative_to(ROOT).as_posix()


def test_every_module_says_what_it_is() -> None:
    """In its docstring, whose first line is a sentence."""
    assert [name_of(path) for path in EVERYWHERE if not _opening(path).endswith((".", ":", "?"))] == []


def test_every_module_names_its_exports_once_and_has_them() -> None:
    """In `__all__`; empty packages and entry points need none."""
    wrong = []
    for path in OURS:
        tree = tree_of(path)
        exports = next((_texts(node) for node in tree.body if _assigns_all(node)), None)
        if exports is None and path.name not in ("__init__.py", "__main__.py"):
            wrong.append(f"{name_of(path)} has no __all__")
        missing = {*(exports or ())} - {name for node in ast.walk(tree) for name in _names(node)}
        if missing and not any(
            isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body
        ):
            wrong.append(f"{name_of(path)} exports {missing}, which it does not have")
        if exports and len(exports) != len(set(exports)):
            wrong.append(f"{name_of(path)} exports a name twice")
    assert wrong == []


def test_annotations_are_not_evaluated_on_import() -> None:
    """Cheap imports, and newer syntax on the oldest Python."""
    eager = [
        name_of(path)
        for path in OURS
        if len(tree_of(path).body) > 1
        and not any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree_of(path).body
        )
    ]
    assert eager == []


def test_every_module_can_be_read_in_one_sitting() -> None:
    """Long files are where reading ends."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_every_function_fits_a_screen() -> None:
    """Its docstring included."""
    lengths = {
        f"{name_of(path)}:{node.name}": (node.end_lineno or 0) - node.lineno
        for path in OURS
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_no_module_is_a_drawer_for_everything() -> None:
    """A module is a noun or a job."""
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [name_of(path) for path in OURS if path.stem in drawers] == []


def _opening(path: Path) -> str:
    return (ast.get_docstring(tree_of(path)) or "").split("\n\n")[0]


def _assigns_all(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def _texts(node: ast.stmt) -> list[str]:
    found = (item.value for item in ast.walk(node) if isinstance(item, ast.Constant))
    return [text for text in found if isinstance(text, str)]


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    return []
