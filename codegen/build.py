"""Build the whole of generated/ into an empty folder."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from codegen.compile import compile_operations
from codegen.render import header

__all__ = ["build"]

_PINNED = ("ariadne-codegen", "ruff")
_RUFF = ["ruff", "--isolated", "--quiet"]

_INIT = '''"""Machine-made parts of wandkit: compiled operations and the sync twin. Import `wandkit` instead."""

from __future__ import annotations

# The twin and wandkit refer to each other; whichever is imported first, wandkit has to start.
import wandkit as _wandkit

__all__: list[str] = []

del _wandkit
'''


def build(root: Path, target: Path) -> None:
    """Write into the empty folder `target` what generated/ has to be for the checkout at `root`."""
    package = target / "wandkit_generated"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(header("codegen/build.py") + _INIT, encoding="utf-8")
    (package / "py.typed").write_text(header("codegen/build.py"), encoding="utf-8")
    compile_operations(root, package)
    _format(target)
    (target / "codegen.lock").write_text(_lock(root), encoding="utf-8")


def _format(folder: Path) -> None:
    options = ["--line-length", "110", "--target-version", "py310"]
    subprocess.run(
        [*_RUFF[:1], "check", *_RUFF[1:], *options, "--select", "I,F401", "--fix", "--no-cache", str(folder)],
        check=True,
    )
    subprocess.run([*_RUFF[:1], "format", *_RUFF[1:], *options, "--no-cache", str(folder)], check=True)


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
