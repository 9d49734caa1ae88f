"""Twin every async source of the checkout."""

from __future__ import annotations

from pathlib import Path

from codegen.render import header
from codegen.twin.rewrite import Rewriter, async_classes

__all__ = ["FOLDERS", "TwinError", "write_twin"]

# Where each async folder's twin goes, below generated/.
FOLDERS = {
    "src/wandkit/_async": "wandkit_generated/sync",
    "src/wandkit/_transport/aio": "wandkit_generated/sync/transport",
    "tests/aio": "tests",
}


class TwinError(Exception):
    """An async name has no rule, or a rule has no use."""


def write_twin(root: Path, target: Path) -> list[str]:
    """Write the twin of the checkout at `root` below `target`.

    Returns:
        The rules that nothing used.

    Raises:
        TwinError: Naming every async name that is left over, with its file and line.
    """
    sources = {path: folder for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))}
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    classes = {name: name.removeprefix("Async") for text in texts.values() for name in async_classes(text)}
    rewriter = Rewriter(classes)
    left_over: list[str] = []
    for path, folder in sources.items():
        source = path.relative_to(root).as_posix()
        twin = rewriter.rewrite(texts[path])
        left_over += [f"{source} (its twin), {found}" for found in rewriter.left_over(twin)]
        place = target / FOLDERS[folder] / path.relative_to(root / folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(header(source) + twin, encoding="utf-8")
    if left_over:
        raise TwinError("No rule in codegen/twin/rules.py for:\n" + "\n".join(left_over))
    return rewriter.unused() if sources else []
