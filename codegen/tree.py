"""Compare and replace whole folders, so that nothing left over or missing is overlooked."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Drift", "compare_trees", "files_in", "replace_tree"]

_NOT_OURS = ("__pycache__",)


@dataclass(frozen=True)
class Drift:
    """How a folder differs from what the sources make; paths are relative to it."""

    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.left_over or self.changed)

    def report(self, folder: str) -> str:
        """Return one line per file: what is wrong, and which file."""
        lines = [f"missing    {folder}/{path}" for path in self.missing]
        lines += [f"left over  {folder}/{path}" for path in self.left_over]
        lines += [f"changed    {folder}/{path}" for path in self.changed]
        return "\n".join(lines)


def files_in(folder: Path) -> dict[str, Path]:
    """Return every file below `folder` by its relative path, without caches."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part in _NOT_OURS for part in path.relative_to(folder).parts)
    }


def compare_trees(wanted: Path, found: Path) -> Drift:
    """Compare two folders both ways, byte for byte."""
    want, have = files_in(wanted), files_in(found)
    return Drift(
        missing=tuple(sorted(want.keys() - have.keys())),
        left_over=tuple(sorted(have.keys() - want.keys())),
        changed=tuple(
            name
            for name in sorted(want.keys() & have.keys())
            if want[name].read_bytes() != have[name].read_bytes()
        ),
    )


def replace_tree(wanted: Path, target: Path) -> Drift:
    """Make `target` equal to `wanted`, touching only files that differ."""
    drift = compare_trees(wanted, target)
    for name in (*drift.missing, *drift.changed):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(wanted / name, target / name)
    for name in drift.left_over:
        (target / name).unlink()
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not files_in(folder):
            shutil.rmtree(folder)
    return drift
