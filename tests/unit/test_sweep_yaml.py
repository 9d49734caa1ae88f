"""The YAML of sweeps: numbers stay numbers, texts stay texts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.sweep_yaml import dump_yaml, load_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_what_is_written_reads_back(value: dict[str, Any]) -> None:
    assert load_yaml(dump_yaml(value)) == value


@pytest.mark.parametrize(
    ("text", "value"), [("1e-4", 1e-4), ("1E5", 1e5), ("-2e+3", -2000.0), ("1.5e-3", 0.0015)]
)
def test_an_exponent_without_a_dot_is_a_number(text: str, value: float) -> None:
    assert load_yaml(f"lr: {text}") == {"lr": value}


@pytest.mark.parametrize("text", ["1e-4", "008", "on", "null", "0x1f"])
def test_a_text_that_looks_like_something_else_stays_a_text(text: str) -> None:
    assert load_yaml(dump_yaml({"x": text})) == {"x": text}


def test_keys_keep_their_order() -> None:
    assert list(load_yaml(dump_yaml({"z": 1, "a": 2}))) == ["z", "a"]


def test_json_is_yaml() -> None:
    value = {"parameters": {"lr": {"values": [1e-05, 2]}}}
    assert load_yaml(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["a: [", "\t- x: y: z", "!!python/object:os.system {}"])
def test_what_is_no_yaml_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="not YAML"):
        load_yaml(text)


def test_what_cannot_be_written_says_so() -> None:
    with pytest.raises(ValueError, match="set"):
        dump_yaml({"x": {1, 2}})


def test_importing_wandkit_does_not_load_yaml() -> None:
    code = "import sys, wandkit; wandkit.Api; print('yaml' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
