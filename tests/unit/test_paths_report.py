"""Paths of reports: every form, back and forth, and what is refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.errors import PathError
from wandkit.paths_report import ReportPath, is_report_path, parse_report_path, report_url

ID = "VmlldzoxMjM="


@pytest.mark.parametrize(
    "text",
    [
        "ada/spirals/reports/My-title--VmlldzoxMjM",
        "/ada/spirals/reports/My-title--VmlldzoxMjM=/",
        "ada/spirals/report/My-title--VmlldzoxMjM",
        "https://wandb.ai/ada/spirals/reports/My-title--VmlldzoxMjM",
        "https://wandb.ai/ada/spirals/reports/My-title--VmlldzoxMjM?accessToken=a--b#x",
        "https://host/base/ada/spirals/reports/My-title--VmlldzoxMjM/edit?draftId=1",
    ],
)
def test_a_path_or_url_names_a_report(text: str) -> None:
    assert parse_report_path(text) == ReportPath(ID, "My title", "ada", "spirals")
    assert is_report_path(text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("VmlldzoxMjM", None),
        ("VmlldzoxMjM=", None),
        ("Title--VmlldzoxMjM", "Title"),
        ("Title-?---VmlldzoxMjM".replace("?", ""), "Title"),
        ("a--b--VmlldzoxMjM", "a  b"),
        ("100%25--VmlldzoxMjM", "100%"),
    ],
)
def test_a_token_alone_names_a_report(text: str, title: str | None) -> None:
    found = parse_report_path(text)
    assert (found.id, found.entity) == (ID, None)
    assert (found.title or "").strip() == (title or "").strip()


@pytest.mark.parametrize(
    "text",
    ["", "/", "ada/spirals", "ada/spirals/runs/abc", "My-title", "ada/spirals/reports/My-title", "a--nothing",
     "ada/spirals/reports/T--x", "https://wandb.ai/ada/spirals", "ftp://wandb.ai/a/b/reports/T--VmlldzoxMjM",
     "https://[/a", "a/b/c/reports/T--VmlldzoxMjM", "é--VmlldzoxMjMé", 5, None, b"T"],
)  # fmt: skip
def test_what_names_no_report_is_a_value_error(text: Any) -> None:
    with pytest.raises(PathError) as caught:
        parse_report_path(text)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "text", ["ada/spirals", "ada/spirals/runs/x", "https://host/reports-team/p", "a/b/c"]
)
def test_other_paths_are_no_reports(text: str) -> None:
    assert not is_report_path(text)


@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.integers(1, 10**9))
def test_the_url_of_a_report_leads_back_to_it(entity: str, project: str, title: str, number: int) -> None:
    wanted = base64.b64encode(f"View:{number}".encode()).decode()
    try:
        url = report_url("https://wandb.ai", entity, project, title, wanted)
    except UnicodeEncodeError:
        return
    assert parse_report_path(url).id == wanted


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(PathError) as caught:
        parse_report_path("https://ada:secret@host/a/b")
    assert "secret" not in str(caught.value)
