"""Paths of sweeps: the forms of run paths, with `/sweeps/` and the URLs of sweeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.errors import PathError
from wandkit.paths import NeedsEntity, RunPath, SweepPath, parse_path, parse_run_path, parse_sweep_path

PIECE = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-_."), min_size=1)


@pytest.mark.parametrize(
    "text",
    [
        "e/p/s",
        "/e/p/sweeps/s/",
        " e/p/s ",
        "e/p:s",
        "p/s",
        "s",
        "https://wandb.ai/e/p/sweeps/s",
        "https://wandb.ai/e/p/sweeps/s?nw=1#top",
        "https://box.example.com/base/e/p/sweeps/s/table",
    ],
)
def test_every_form_names_the_sweep(text: str) -> None:
    assert parse_sweep_path(text, entity="e", project="p") == SweepPath("e", "p", "s")


def test_without_an_entity_the_path_waits_for_it() -> None:
    found = parse_sweep_path("p/s")
    assert isinstance(found, NeedsEntity)
    assert found.complete("e") == SweepPath("e", "p", "s")


@pytest.mark.parametrize(
    "text", ["", "a/b/c/d/e", "https://wandb.ai/e/p/runs/s", "https://wandb.ai/e/p", "s"]
)
def test_what_names_no_sweep_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        parse_sweep_path(text, entity="e")


def test_the_url_of_a_sweep_names_no_run() -> None:
    with pytest.raises(PathError, match="not to a run"):
        parse_run_path("https://wandb.ai/e/p/sweeps/s")


@pytest.mark.parametrize("text", ["e/p/sweeps/s", "https://wandb.ai/e/p/sweeps/s"])
def test_from_path_tells_sweeps_from_runs(text: str) -> None:
    assert parse_path(text) == SweepPath("e", "p", "s")
    assert parse_path("e/p/s") == RunPath("e", "p", "s")


@given(PIECE, PIECE, PIECE)
def test_a_path_and_its_url_read_back(entity: str, project: str, sweep: str) -> None:
    path = SweepPath(entity, project, sweep)
    assert parse_sweep_path(str(path)) == parse_path(str(path)) == path
    assert parse_sweep_path(path.url("https://wandb.ai")) == path
    assert path.quoted == [entity, project, sweep]
    assert str(path.project_path) == f"{entity}/{project}"
