"""Build the whole of generated/ into an empty folder."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

from codegen.compile import compile_operations
from codegen.render import header
from codegen.twin import write_twin

__all__ = ["build", "format_tree"]

_PINNED = ("ariadne-codegen", "ruff")
_STYLE = (
    "--isolated",
    "--quiet",
    "--no-cache",
    "--target-version=py310",
    "--line-length=110",
    "--config=lint.isort.known-first-party=['wandkit', 'wandkit_generated']",
)

_INIT = '''"""Machine-made parts of wandkit, the compiled operations and the sync twin. Import `wandkit`."""

from __future__ import annotations

# The twin and wandkit refer to each other; whichever is imported first, wandkit has to start.
import wandkit as _wandkit

__all__: list[str] = []

del _wandkit
'''


def build(root: Path, target: Path) -> list[str]:
    """Write into the empty folder `target` what generated/ has to be for the checkout at `root`.

    Returns:
        The rules of the twin that nothing used.

    Raises:
        QueryError: A query breaks the schema or a rule.
        TwinError: An async name has no rule.
    """
    package = target / "wandkit_generated"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(header("codegen/build.py") + _INIT, encoding="utf-8")
    (package / "py.typed").write_text(header("codegen/build.py"), encoding="utf-8")
    compile_operations(root, package)
    unused = write_twin(root, target)
    format_tree(target)
    (target / "codegen.lock").write_text(_lock(root), encoding="utf-8")
    return unused


def format_tree(folder: Path) -> None:
    """Sort the imports of all modules below `folder`, drop unused ones, and lay the code out."""
    for command in (["check", "--select", "I,F401", "--fix"], ["format"]):
        subprocess.run([find_ruff_bin(), *command, *_STYLE, str(folder)], check=True)


def _lock(root: Path) -> str:
    lines = [header("schema/, queries/, codegen/"), "[tools]\n"]
    lines += [f'{name} = "{version(name)}"\n' for name in _PINNED]
    lines.append("\n[sources]\n")
    for folder, patterns in (
        ("schema", ["*.graphql"]),
        ("queries", ["*.graphql"]),
        ("codegen", ["*.py", "*.jinja"]),
    ):
        paths = sorted(path for pattern in patterns for path in (root / folder).rglob(pattern))
        lines.append(f'{folder} = "sha256:{_digest(root, paths)}"\n')
    return "".join(lines)


def _digest(root: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
