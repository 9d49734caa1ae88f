"""What type checkers see in filters, paths, settings and errors. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from typing_extensions import assert_type

from wandkit import Expression, F, Order, ProjectPath, RunPath, Settings, SweepPath, WandkitError
from wandkit.errors import NotFoundError
from wandkit.filters import Field, KeyField, compile_filters, compile_order
from wandkit.paths import NeedsEntity, parse_path, parse_project_path, parse_run_path


def filters() -> None:
    """Check expressions and orders."""
    assert_type(F.config["lr"], KeyField)
    assert_type(F.config["a"]["b"], KeyField)
    assert_type(F.state, Field[str])
    assert_type(F.config["lr"] == 0.1, Expression)
    assert_type(F.config["lr"] != "x", Expression)
    assert_type(F.summary["loss"] < 0.1, Expression)
    assert_type(F.created_at >= datetime.now(), Expression)
    assert_type(F.tags.contains("best"), Expression)
    assert_type(F.state.in_(["finished"]), Expression)
    assert_type(F.display_name.matches(re.compile("x")), Expression)
    assert_type((F.state == "a") & ~(F.group == "b") | (F.host == "c"), Expression)
    assert_type(F.summary["loss"].asc(), Order)
    assert_type(compile_filters({"state": "a"}), str)
    assert_type(compile_order(F.created_at.desc()), str)


def paths() -> None:
    """Check that a path may lack its entity until it is completed."""
    assert_type(parse_run_path("p/id"), "RunPath | NeedsEntity[RunPath]")
    assert_type(parse_project_path(None), "ProjectPath | NeedsEntity[ProjectPath]")
    path = parse_run_path("p/id")
    done = path.complete("e") if isinstance(path, NeedsEntity) else path
    assert_type(done, RunPath)
    assert_type(done.project_path, ProjectPath)
    assert_type(done.url("https://wandb.ai"), str)
    any_kind = parse_path("e/p")
    assert_type(
        any_kind,
        ProjectPath
        | RunPath
        | SweepPath
        | NeedsEntity[ProjectPath]
        | NeedsEntity[RunPath]
        | NeedsEntity[SweepPath],
    )


def settings() -> None:
    """Check the settings."""
    found = Settings.resolve({"entity": "e"}, api_key=None, timeout=3)
    assert_type(found, Settings)
    assert_type(found.entity, "str | None")
    assert_type(found.require_key(), str)
    assert_type(found.verify, "bool | str")
    assert_type(found.proxies, Mapping[str, str])


def errors() -> None:
    """Check what an error carries."""
    try:
        raise NotFoundError("no run", operation="GetRun")
    except WandkitError as error:
        assert_type(error.operation, "str | None")
        assert_type(error.status, "int | None")
        assert_type(error.next_step, str)


def mistakes(path: RunPath, settings: Settings) -> None:
    """Check that mistakes are found: each line needs its comment."""
    print(F.created_at > 3)  # type: ignore[operator]
    print(F.duration < "long")  # type: ignore[operator]
    print(F.stat)  # type: ignore[attr-defined]
    F.tags.contains(3)  # type: ignore[arg-type]
    F.state.in_(3)  # type: ignore[arg-type]
    path.run = "x"  # type: ignore[misc]
    settings.entity = "x"  # type: ignore[misc]
    compile_order(3)  # type: ignore[arg-type]
