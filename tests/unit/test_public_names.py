"""The public names: each loads, each is typed, and importing the package loads none of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import wandkit

SOURCE = Path(wandkit.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", wandkit.__all__)
def test_every_public_name_loads(name: str) -> None:
    assert getattr(wandkit, name) is getattr(wandkit, name)


def test_the_names_that_type_checkers_see_are_the_public_ones() -> None:
    guarded = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    seen = [alias.asname for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(name or "" for name in seen) == sorted(wandkit.__all__)


def test_the_public_names_are_listed_without_being_loaded() -> None:
    assert set(wandkit.__all__) <= set(dir(wandkit))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Appi'"):
        _ = wandkit.Appi


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = ["httpx", "pydantic", "pandas", "polars", "pyarrow", "numpy", "stamina", "sqlalchemy", "tqdm"]
    script = f"import sys, wandkit; print([name for name in {heavy} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
