"""Paths of artifacts, in every form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.errors import PathError
from wandkit.paths import NeedsEntity
from wandkit.paths_artifact import ArtifactPath, parse_artifact_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("data", ArtifactPath("ada", "demo", "data")),
        ("data:v3", ArtifactPath("ada", "demo", "data", "v3")),
        ("other/data:best", ArtifactPath("ada", "other", "data", "best")),
        ("bo/other/data:a/b", ArtifactPath("bo", "other", "data", "a/b")),
        ("/data", ArtifactPath("ada", "demo", "data")),
        ("acme/wandb-registry-x/data:v0", ArtifactPath("acme", "wandb-registry-x", "data", "v0")),
        ("https://wandb.ai/bo/p/artifacts/model/net/v2", ArtifactPath("bo", "p", "net", "v2")),
        ("https://wandb.ai/bo/p/artifacts/model/net/v2/files", ArtifactPath("bo", "p", "net", "v2")),
        ("https://wandb.ai/bo/p/artifacts/model/net", ArtifactPath("bo", "p", "net")),
        (
            "https://wandb.ai/orgs/acme/registry/x?selectionPath=acme%2Fwandb-registry-x%2Fnet&version=v1",
            ArtifactPath("acme", "wandb-registry-x", "net", "v1"),
        ),
    ],
)
def test_a_text_names_an_artifact(text: str, path: ArtifactPath) -> None:
    assert parse_artifact_path(text, entity="ada", project="demo") == path


def test_a_registry_without_an_organization_waits_for_it() -> None:
    found = parse_artifact_path("wandb-registry-x/net:v0", entity="ada")
    assert isinstance(found, NeedsEntity)
    assert found.complete("acme") == ArtifactPath("acme", "wandb-registry-x", "net", "v0")


def test_without_defaults_the_project_is_the_usual_one() -> None:
    found = parse_artifact_path("net")
    assert isinstance(found, NeedsEntity)
    assert str(found.complete("ada")) == "ada/uncategorized/net"


@pytest.mark.parametrize(
    "text",
    ["", " ", "a/b/c/d", "a//c", "ftp://x/y", "https://wandb.ai/bo/p/runs/x", 5, None, b"net"],
)
def test_what_names_no_artifact_is_refused(text: Any) -> None:
    with pytest.raises(PathError):
        parse_artifact_path(text, entity="ada", project="demo")


def test_a_slash_at_the_end_is_left_out() -> None:
    assert parse_artifact_path("a/b/", entity="e") == ArtifactPath("e", "a", "b")


words = st.from_regex(r"[A-Za-z0-9_.\-]{1,12}", fullmatch=True)


@given(words, words, words, st.just("") | words)
def test_a_path_prints_back(entity: str, project: str, collection: str, alias: str) -> None:
    path = ArtifactPath(entity, project, collection, alias)
    assert parse_artifact_path(str(path)) == path
