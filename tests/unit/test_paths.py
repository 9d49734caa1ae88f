"""The path grammar: every form of either client generation, URLs of any host, and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.errors import PathError
from wandkit.paths import (
    NeedsEntity,
    ProjectPath,
    RunPath,
    parse_path,
    parse_project_path,
    parse_run_path,
)

# What the newer official client makes of these texts, with the entity DEF and, where given, the project P.
PROBED_RUNS = [
    ("id", "P", ("DEF", "P", "id")),
    ("/runs/id", "P", ("DEF", "P", "id")),
    ("p/id", None, ("DEF", "p", "id")),
    ("p/runs/id", None, ("DEF", "p", "id")),
    ("p/sweeps/id", None, ("DEF", "p", "id")),
    ("runs/id", "P", ("DEF", "runs", "id")),
    ("e/p/id", None, ("e", "p", "id")),
    ("/e/p/id", None, ("e", "p", "id")),
    ("/e/p/runs/id/", None, ("e", "p", "id")),
    (" e/p/id ", None, ("e", "p", "id")),
    (" e / p / id ", None, ("e", "p", "id")),
    ("e/p/sweeps/id", None, ("e", "p", "id")),
    ("e/p:id", None, ("e", "p", "id")),
    ("p:id", None, ("DEF", "p", "id")),
    ("p:id", "P", ("DEF", "p", "id")),
    ("p:a:b", None, ("DEF", "p", "a:b")),
    ("e/p/x:id", None, ("e", "p", "x:id")),
    ("e/p/id:", None, ("e", "p", "id:")),
    ("e/p/id?nw=1", None, ("e", "p", "id?nw=1")),
    ("e/runs/runs/id", None, ("e", "runs", "id")),
    ("e/sweeps/runs/id", None, ("e", "sweeps", "id")),
    ("e/p/runs", None, ("e", "p", "runs")),
]

RUN_URLS = [
    "https://wandb.ai/e/p/runs/id",
    "http://localhost:8080/e/p/runs/id",
    "HTTPS://wandb.ai/e/p/runs/id/",
    "https://wandb.ai/e/p/runs/id?nw=nwuserx&panel=a/b#L3",
    "https://wandb.ai/e/p/runs/id/overview",
    "https://wandb.ai/e/p/runs/id/files/media/runs/x",
    "https://wandb.ai/%65/p/runs/id",
    "https://forge.coreweave.com/wandb/e/p/runs/id",
    "https://ml.example.com/tools/wandb/e/p/runs/id/logs",
    " https://wandb.ai/e/p/runs/id ",
]

PROJECT_URLS = [
    "https://wandb.ai/e/p",
    "https://wandb.ai/e/p/",
    "https://wandb.ai/e/p?workspace=user-x",
    "https://wandb.ai/e/p/workspace?nw=1#x",
    "https://wandb.ai/e/p/table",
    "https://wandb.ai/e/p/sweeps/abc",
    "https://wandb.ai/e/p/runs/id",
    "https://forge.coreweave.com/wandb/e/p",
    "https://forge.coreweave.com/wandb/e/p/workspace",
    "https://ml.example.com/base/e/p/workspace",
]

NO_RUNS = [
    "", "/", " ", "//", "id", ":id", "p:", "e//id", "a/b/c/d/e", "a/b/c/d", "e/p/reports/T--x", "e/p/i\nd",
    "e/p/\x00", "https://", "https://wandb.ai", "https://wandb.ai/e", "https://wandb.ai/e/p", "https://wandb.ai/e/p/runs",
    "https://wandb.ai/e/p/sweeps/s", "https://wandb.ai/e/p/reports/T--x", "https://wandb.ai/e/p/runs/a%2Fb",
    "https://wandb.ai/e/p/id", "ftp://wandb.ai/e/p/runs/id", "https://[wandb.ai/e/p/runs/id", "s3://bucket/e/p",
]  # fmt: skip


def full(path: RunPath | ProjectPath | NeedsEntity[RunPath] | NeedsEntity[ProjectPath]) -> tuple[str, ...]:
    """Return the pieces of a path that lacks nothing."""
    assert not isinstance(path, NeedsEntity)
    return path.pieces


@pytest.mark.parametrize(("text", "project", "expected"), PROBED_RUNS)
def test_a_run_path_is_read_as_the_newer_client_reads_it(
    text: str, project: str | None, expected: tuple[str, ...]
) -> None:
    assert full(parse_run_path(text, entity="DEF", project=project)) == expected


@pytest.mark.parametrize("url", RUN_URLS)
def test_the_url_of_a_run_on_any_host_names_the_run(url: str) -> None:
    assert full(parse_run_path(url)) == ("e", "p", "id")


@pytest.mark.parametrize("url", PROJECT_URLS)
def test_a_url_at_or_below_a_project_names_the_project(url: str) -> None:
    assert full(parse_project_path(url)) == ("e", "p")


def test_the_base_path_of_the_own_web_app_is_left_out() -> None:
    assert full(parse_project_path("https://h/x/y/e/p", app_url="https://h/x/y")) == ("e", "p")


def test_percent_encoded_pieces_of_a_url_are_decoded() -> None:
    assert full(parse_run_path("https://h/my%20team/p%C3%A9/runs/a+b")) == ("my team", "pé", "a+b")


@pytest.mark.parametrize("text", NO_RUNS)
def test_anything_else_is_no_run_path(text: str) -> None:
    with pytest.raises(PathError, match="Expected RUN, PROJECT/RUN"):
        parse_run_path(text, entity="DEF")


def test_the_error_shows_the_path_and_the_missing_default() -> None:
    with pytest.raises(PathError, match="'id': it names no project and there is no default project"):
        parse_run_path("id", entity="DEF")


def test_the_error_of_a_url_does_not_show_its_password() -> None:
    with pytest.raises(PathError) as caught:
        parse_run_path("https://user:secret@wandb.ai/e")
    assert "secret" not in str(caught.value)


def test_an_empty_run_path_is_the_default_run() -> None:
    assert full(parse_run_path("", entity="e", project="p", run="id")) == ("e", "p", "id")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ("DEF", "P")),
        ("", ("DEF", "P")),
        ("p", ("DEF", "p")),
        ("e/p", ("e", "p")),
        ("/e/p/", ("e", "p")),
        (" e/p ", ("e", "p")),
        ("e/p/x", ("e", "p/x")),
        ("my team/my project", ("my team", "my project")),
    ],
)
def test_a_project_path_is_read_as_either_client_reads_it(
    text: str | None, expected: tuple[str, ...]
) -> None:
    assert full(parse_project_path(text, entity="DEF", project="P")) == expected


def test_without_a_default_the_project_is_uncategorized() -> None:
    assert full(parse_project_path(None, entity="DEF")) == ("DEF", "uncategorized")


@pytest.mark.parametrize("text", ["e//p", "e/p//x", "e/\tp\n/ /x"])
def test_a_project_path_with_an_empty_piece_within_is_refused(text: str) -> None:
    with pytest.raises(PathError, match="empty"):
        parse_project_path(text)


@pytest.mark.parametrize("path", [3, b"e/p/r", ["e", "p", "r"]])
@pytest.mark.parametrize("parse", [parse_project_path, parse_run_path, parse_path])
def test_a_path_that_is_no_text_is_refused(parse: Callable[..., object], path: object) -> None:
    with pytest.raises(PathError, match="a text, not"):
        parse(path)


@pytest.mark.parametrize("parse", [parse_project_path, parse_run_path])
def test_a_path_without_an_entity_waits_for_the_viewers(parse: Callable[..., object]) -> None:
    waiting = parse("p:id", project="P")
    assert isinstance(waiting, NeedsEntity)
    assert waiting.complete("me").entity == "me"


def test_a_path_that_names_its_entity_never_waits() -> None:
    assert parse_run_path("e/p/id") == RunPath("e", "p", "id")


def test_without_any_entity_the_error_says_so() -> None:
    waiting = parse_run_path("p/id")
    assert isinstance(waiting, NeedsEntity)
    with pytest.raises(PathError, match="'p/id': it names no entity and there is no default entity"):
        waiting.complete(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p", ProjectPath("DEF", "p")),
        ("e/p", ProjectPath("e", "p")),
        ("e/p/id", RunPath("e", "p", "id")),
        ("p/runs/id", RunPath("DEF", "p", "id")),
        ("e/p/runs/id", RunPath("e", "p", "id")),
        ("e/p/run/id", RunPath("e", "p", "id")),
        ("/e/p/runs/id/", RunPath("e", "p", "id")),
        ("https://h/e/p/runs/id", RunPath("e", "p", "id")),
        ("https://h/e/p/workspace", ProjectPath("e", "p")),
    ],
)
def test_a_path_of_any_kind_says_what_it_names(text: str, expected: object) -> None:
    assert parse_path(text, entity="DEF") == expected


@pytest.mark.parametrize("text", ["", "a/b/c/d", "a/b/c/d/e"])
def test_a_path_of_no_kind_is_refused(text: str) -> None:
    with pytest.raises(PathError, match=r"ENTITY/PROJECT/runs/RUN.*ENTITY/PROJECT/reports/TITLE--ID"):
        parse_path(text, entity="DEF")


def test_pages_are_percent_encoded_below_the_web_address() -> None:
    path = RunPath("my team", "p", "a:b")
    assert path.url("https://app/base/") == "https://app/base/my%20team/p/runs/a%3Ab"
    assert path.project_path.url("https://app") == "https://app/my%20team/p"


def test_a_space_in_a_quoted_path_is_percent_20() -> None:
    assert RunPath("my team", "p", "id").quoted == ["my%20team", "p", "id"]


@pytest.mark.parametrize("path", [RunPath("e", "p", "id"), ProjectPath("e", "p"), parse_run_path("p/id")])
def test_paths_compare_hash_and_pickle_by_value(path: object) -> None:
    twin = pickle.loads(pickle.dumps(path))
    assert (twin, hash(twin)) == (path, hash(path))


def test_a_run_path_is_not_a_project_path() -> None:
    assert RunPath("e", "p", "id") != ProjectPath("e", "p")


@pytest.mark.parametrize(
    "pieces", [("", "p", "id"), ("e", "p", ""), ("e/x", "p", "id"), ("e", "p", "a/b"), (" e", "p", "i")]
)
def test_pieces_that_no_server_has_are_refused(pieces: tuple[str, str, str]) -> None:
    with pytest.raises(PathError):
        RunPath(*pieces)


PIECES = st.text(st.sampled_from("ab:? é%\n/runspweb."), max_size=6) | st.sampled_from(
    ["runs", "sweeps", "wandb", "https:"]
)
PATHS = st.lists(PIECES, max_size=5).map("/".join) | st.text(max_size=12)
URLS = st.builds("https://{}/{}".format, st.sampled_from(["wandb.ai", "forge.coreweave.com", "h:1"]), PATHS)


@given(PATHS | URLS)
def test_a_printed_run_path_parses_to_the_same_path(text: str) -> None:
    try:
        path = parse_run_path(text, entity="DEF", project="P")
    except PathError:
        return
    assert not isinstance(path, NeedsEntity)
    assert parse_run_path(str(path)) == path
    assert parse_run_path(path.url("https://h/base"), app_url="https://h/base") == path


@given(PATHS | URLS)
def test_a_printed_project_path_parses_to_the_same_path(text: str) -> None:
    try:
        path = parse_project_path(text, entity="DEF", project="P")
    except PathError:
        return
    assert not isinstance(path, NeedsEntity)
    assert parse_project_path(str(path)) == path


@given(PIECES, PIECES, PIECES)
def test_every_run_path_that_can_be_built_prints_and_parses_back(entity: str, project: str, run: str) -> None:
    try:
        path = RunPath(entity, project, run)
    except PathError:
        return
    assert parse_run_path(str(path)) == path
    assert parse_path(str(path)) == path
