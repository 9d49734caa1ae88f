"""Twin every async source of the checkout."""

from __future__ import annotations

from pathlib import Path

from codegen.render import header
from codegen.twin.rewrite import Rewriter, async_classes

__all__ = ["FOLDERS", "SHARED", "TwinError", "write_twin"]

# Where the twin of each async folder or file goes, below generated/.
FOLDERS = {
    "src/wandkit/_async": "wandkit_generated/sync",
    "src/wandkit/_transport/aio": "wandkit_generated/sync/transport",
    "tests/aio": "tests",
}
# The fixtures that both kinds of tests share; tests/aio has no conftest.py of its own.
SHARED = {"tests/conftest.py": "tests/conftest.py"}


class TwinError(Exception):
    """An async name has no rule, a rule has no use, or a source is no Python."""


def write_twin(root: Path, target: Path) -> list[str]:
    """Write the twin of the checkout at `root` below `target`.

    Returns:
        The rules that nothing used.

    Raises:
        TwinError: Naming every async name that is left over, with its file and line, or the file that is no
            Python.
    """
    sources = _sources(root)
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    classes = {
        name: name.removeprefix("Async")
        for path, text in texts.items()
        for name in _async_classes(text, path.relative_to(root).as_posix())
    }
    rewriter = Rewriter(classes)
    left_over: list[str] = []
    for path, place in sources.items():
        source = path.relative_to(root).as_posix()
        twin = rewriter.rewrite(texts[path])
        left_over += [f"{source} (its twin), {found}" for found in rewriter.left_over(twin)]
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        (target / place).write_text(header(source) + twin, encoding="utf-8")
    if left_over:
        raise TwinError("No rule in codegen/twin/rules.py for:\n" + "\n".join(left_over))
    return rewriter.unused() if sources else []


def _async_classes(text: str, source: str) -> set[str]:
    try:
        return async_classes(text)
    except SyntaxError as error:
        raise TwinError(f"{source}, line {error.lineno}: {error.msg}") from None


def _sources(root: Path) -> dict[Path, Path]:
    """Return every async source with the place of its twin."""
    found = {
        path: Path(place) / path.relative_to(root / folder)
        for folder, place in FOLDERS.items()
        for path in sorted((root / folder).rglob("*.py"))
    }
    shared = {root / source: Path(place) for source, place in SHARED.items() if (root / source).exists()}
    return {**found, **shared}
