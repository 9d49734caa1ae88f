"""What the official client's users call is here, or stands in one list that says why not."""

from __future__ import annotations

import ast
import importlib.util

import pytest
from parity import EXPORTS, Row, checklist, gaps, left_out, left_out_errors, shown_otherwise, told
from sources import ROOT, tree_of

import wandkit

ROWS = {row.name: row for row in checklist()}


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in checklist()])
def test_a_member_is_as_its_callers_know_it_or_is_left_out_for_a_reason(row: Row) -> None:
    """By name, place, default and kind, in the sync classes."""
    found = gaps(row)
    if row.name in left_out():
        assert found, f"{row.name} is there; take it off the list"
    else:
        assert found == []


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in checklist() if row.name not in left_out()]
)
def test_a_member_is_in_the_async_class_as_well(row: Row) -> None:
    """What sends is awaited; the rest is the same."""
    assert gaps(row, sync=False) == []


@pytest.mark.parametrize("name", EXPORTS)
def test_a_class_that_people_import_can_be_imported_here(name: str) -> None:
    """From `wandkit` itself."""
    if name in left_out():
        assert not hasattr(wandkit, name), f"{name} is there; take it off the list"
    else:
        assert hasattr(wandkit, name)


def test_the_list_of_what_is_left_out_names_rows_and_exports_only() -> None:
    """A misspelt entry would excuse nothing."""
    assert {*left_out()} - {*ROWS} - {*EXPORTS} == set()
    assert [key for key in left_out_errors() if key[1] not in ROWS[key[0]].errors] == []


def test_the_page_about_the_official_client_has_the_list() -> None:
    """Row by row, and nothing else in that table."""
    page = (ROOT / "docs" / "official-client.md").read_text(encoding="utf-8")
    table = page.partition("## What is not here")[2].partition("|---|---|")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert rows == [f"| {what} | {why} |" for what, why in told()]


@pytest.mark.parametrize(("module", "function"), shown_otherwise())
def test_what_is_otherwise_here_is_shown_by_a_test(module: str, function: str) -> None:
    """So that an entry of the list cannot outlive what it says."""
    nodes = tree_of(ROOT / "tests" / module).body
    functions = [node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    assert function in functions


def test_every_documented_error_has_a_case_or_a_reason() -> None:
    """The cases are in tests/aio/test_parity.py, which calls each through the server."""
    cases = _cases()
    documented = {(row.name, one) for row in checklist() if row.name not in left_out() for one in row.errors}
    excused = {*left_out_errors()}
    drafts = {(name, one) for name, one in documented if name.startswith("Artifact.") and one == "draft"}
    assert sorted(documented - cases - drafts - excused) == []
    assert sorted((cases | excused) - documented) == []
    assert sorted(cases & excused) == []


def _cases() -> set[tuple[str, str]]:
    spec = importlib.util.spec_from_file_location("parity_cases", ROOT / "tests" / "aio" / "test_parity.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {*module.CASES} | {(row, "refused") for row in module.REFUSED}
