"""The command line: what it builds, what it calls drift, and that it builds the same twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

from codegen.__main__ import main
from codegen.tree import compare_trees, files_in, replace_tree

GATES = Path(__file__).parent / "golden" / "gates"


def run(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run `python -m codegen` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "codegen", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a small checkout that was just generated."""
    for folder in ("schema", "queries"):
        shutil.copytree(GATES / folder, tmp_path / folder)
    assert main(["--root", str(tmp_path)]) == 0
    return tmp_path


def test_two_runs_are_byte_identical(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever order sets have in either process."""
    other = tmp_path_factory.mktemp("other")
    for folder in ("schema", "queries"):
        shutil.copytree(checkout / folder, other / folder)
    assert run("--root", str(other), seed="4711").returncode == 0
    assert not compare_trees(checkout / "generated", other / "generated")


@pytest.mark.parametrize(
    ("harm", "report"),
    [
        (lambda path: path.unlink(), "missing    generated/wandkit_generated/gql/aio/thing.py"),
        (
            lambda path: path.write_text(path.read_text() + "x = 1\n"),
            "changed    generated/wandkit_generated/gql/aio/thing.py",
        ),
        (
            lambda path: path.with_name("gone.py").write_text(""),
            "left over  generated/wandkit_generated/gql/aio/gone.py",
        ),
    ],
    ids=["missing", "an appended line", "left over"],
)
def test_drift_is_named_with_the_command_that_mends_it(
    checkout: Path, capsys: pytest.CaptureFixture[str], harm: object, report: str
) -> None:
    """Missing, changed and left over files; the unused rules of a checkout without async sources aside."""
    harm(checkout / "generated/wandkit_generated/gql/aio/thing.py")  # type: ignore[operator]
    assert main(["--check", "--root", str(checkout)]) == 1
    said = capsys.readouterr().err
    assert report in said
    assert "nox -s generate" in said


def test_generating_mends_drift(checkout: Path) -> None:
    """And removes what is left over, folders too."""
    stray = checkout / "generated/old/deep/thing.py"
    stray.parent.mkdir(parents=True)
    stray.write_text("", encoding="utf-8")
    main(["--root", str(checkout)])
    assert not (checkout / "generated/old").exists()


def test_a_file_that_is_right_is_not_touched(checkout: Path) -> None:
    """So that tools that watch files stay calm."""
    path = checkout / "generated/wandkit_generated/gql/aio/thing.py"
    before = path.stat().st_mtime_ns
    main(["--root", str(checkout)])
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("query A { nothing }", "Cannot query field 'nothing'"),
        ("query A { thing(id: 1) { ...F } } fragment F on Gone { id }", "Unknown type 'Gone'"),
        ("{ thing(id: 1) { id } }", "anonymous operation"),
        ("query A($gql: ID!) { thing(id: $gql) { id } }", "has an argument of this name"),
        ("query A { thing(id: 1) { id }", "Syntax Error"),
    ],
)
def test_a_wrong_query_stops_the_build_with_its_place(
    checkout: Path, capsys: pytest.CaptureFixture[str], query: str, fault: str
) -> None:
    """The file and line are named; nothing is written."""
    (checkout / "queries/wrong.graphql").write_text(query, encoding="utf-8")
    before = {name: path.read_bytes() for name, path in files_in(checkout / "generated").items()}
    assert main(["--root", str(checkout)]) == 1
    said = capsys.readouterr().err
    assert fault in said
    assert "queries/wrong.graphql:1" in said
    assert {name: path.read_bytes() for name, path in files_in(checkout / "generated").items()} == before


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ("type Wrong { a: ", "Syntax Error"),
        ("type Wrong { a: Nope }", "Unknown type 'Nope'"),
        ("type Query { a: Int }", "only one type named 'Query'"),
        ("extend type Query { a: Int @feature }", "'name' of type 'String!' is required"),
        ("enum Wrong\ntype Other { a: Wrong }", "Enum type Wrong must define one or more values"),
    ],
)
def test_a_wrong_schema_stops_the_build_with_its_place(
    checkout: Path, capsys: pytest.CaptureFixture[str], schema: str, fault: str
) -> None:
    """The file and line are named, in place of a traceback."""
    (checkout / "schema/wrong.graphql").write_text(schema, encoding="utf-8")
    assert main(["--root", str(checkout)]) == 1
    said = capsys.readouterr().err
    assert fault in said
    assert "schema/wrong.graphql:1" in said


def test_a_name_that_nobody_has_seen_spelt_may_not_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in a fragment and not in a variable."""
    for folder in ("schema", "queries"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "queries/wrong.graphql").write_text(
        "mutation A($input: CreateRunFilesInput!) { createRunFiles(input: $input) { runID } }",
        encoding="utf-8",
    )
    assert main(["--root", str(tmp_path)]) == 1
    assert "'CreateRunFilesInput' is a name that nobody has seen spelt" in capsys.readouterr().err


def test_an_abstract_selection_needs_its_typename(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its members could not be told apart."""
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/a.graphql").write_text(
        "query A { artifact(id: 1) { createdBy { ... on User { name } } } }", encoding="utf-8"
    )
    assert main(["--root", str(tmp_path)]) == 1
    assert "Select __typename here: ArtifactCreator" in capsys.readouterr().err


def test_generated_is_what_its_sources_make() -> None:
    """The checkout itself."""
    found = run("--check")
    assert found.returncode == 0, found.stderr


def test_replacing_a_tree_says_what_it_did(tmp_path: Path) -> None:
    """The same report as the check's."""
    wanted, target = tmp_path / "wanted", tmp_path / "target"
    (wanted / "a").mkdir(parents=True)
    target.mkdir()
    (wanted / "a/x").write_text("1", encoding="utf-8")
    (target / "y").write_text("2", encoding="utf-8")
    assert replace_tree(wanted, target).report("t") == "missing    t/a/x\nleft over  t/y"
