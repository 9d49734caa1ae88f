"""The compiler's whole output for small checkouts, kept as text: a change of the compiler shows as a diff.

`WANDKIT_UPDATE_GOLDEN=1 pytest tests/codegen/test_golden.py` writes the texts anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codegen.build import format_tree
from codegen.compile import compile_operations
from codegen.tree import files_in
from codegen.twin import write_twin

GOLDEN = Path(__file__).parent / "golden"


def as_text(folder: Path) -> str:
    """Return all files below `folder` as one text."""
    return "\n".join(
        f"======== {name}\n{path.read_text(encoding='utf-8')}" for name, path in files_in(folder).items()
    )


def agrees(case: str, found: str) -> bool:
    """Say whether `found` is what the golden file holds; write it where that was asked for."""
    golden = GOLDEN / case / "expected.txt"
    if os.environ.get("WANDKIT_UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    return golden.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("case", ["gates", "shapes"])
def test_operations_compile_to_the_golden_text(case: str, tmp_path: Path) -> None:
    """Schema and queries in; models, pieces and functions out."""
    package = tmp_path / "wandkit_generated"
    package.mkdir()
    compile_operations(GOLDEN / case, package)
    format_tree(tmp_path)
    assert agrees(case, as_text(tmp_path))


def test_async_sources_become_the_golden_twin(tmp_path: Path) -> None:
    """Every rule of the twin at work: classes, properties, dunders, text, length, tests."""
    write_twin(GOLDEN / "twin", tmp_path)
    format_tree(tmp_path)
    assert agrees("twin", as_text(tmp_path))
