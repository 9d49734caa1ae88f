"""Filters as SQL agree with a plain Python evaluation, whatever the values and the filter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from wandkit.server import model
from wandkit.server.database import Base
from wandkit.server.filtering.functions import install
from wandkit.server.filtering.operators import compile_filter
from wandkit.server.filtering.run import run_field
from wandkit.server.model.run import Run

MISSING = object()

KEYS = st.sampled_from(["a", "b", "a.b", "b.a", "x/y", "k z", 'q"', "value", "é"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, -1.5, 1.0]),
    st.sampled_from(["", "a", "ab", "1"]),
)
LISTS = st.lists(SCALARS, max_size=3)
VALUES = st.recursive(SCALARS | LISTS, lambda inner: st.dictionaries(KEYS, inner, max_size=2), max_leaves=4)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=3)
PATHS = st.builds(".".join, st.lists(KEYS, min_size=1, max_size=2))
NAMES = st.one_of(PATHS.map("config.{}".format), PATHS.map("summary_metrics.{}".format), st.just("tags"))
PLAIN = SCALARS.filter(lambda value: value is not None)
CONDITIONS = st.one_of(
    SCALARS,
    LISTS,
    st.builds(lambda operator, value: {operator: value}, st.sampled_from(["$eq", "$ne"]), SCALARS | LISTS),
    st.builds(
        lambda operator, value: {operator: value}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), SCALARS
    ),
    st.builds(lambda operator, value: {operator: value}, st.sampled_from(["$in", "$nin", "$all"]), LISTS),
    st.builds(lambda value: {"$exists": value}, st.booleans()),
    st.builds(lambda value: {"$regex": value}, st.sampled_from(["a", "^a$", "b?$", ""])),
    st.builds(lambda value: {"$size": value}, st.integers(0, 3)),
    st.builds(lambda value: {"$contains": value}, PLAIN),
    st.builds(lambda value: {"$not": {"$lt": value}}, PLAIN),
)
LEAVES = st.builds(lambda name, condition: {name: condition}, NAMES, CONDITIONS)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda operator, parts: {operator: parts},
            st.sampled_from(["$and", "$or", "$nor"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda part: {"$not": part}, inner),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Give a session on an empty store in memory."""
    model.load_all()
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    sa.event.listen(engine, "connect", lambda connection, _: install(connection))
    Base.metadata.create_all(engine)
    with Session(engine) as open_session:
        yield open_session


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    config=DOCUMENTS,
    summary=DOCUMENTS,
    tags=st.lists(st.sampled_from(["a", "ab"]), max_size=2),
    document=FILTERS,
)
def test_sql_finds_what_a_plain_evaluation_finds(
    session: Session, config: dict[str, Any], summary: dict[str, Any], tags: list[str], document: Any
) -> None:
    session.execute(sa.delete(Run))
    run = Run(project_id=1, user_id=1, name="r", display_name="r", tags=tags)
    run.set_config(json.dumps({key: {"value": value} for key, value in config.items()}))
    run.set_summary(json.dumps(summary))
    session.add(run)
    session.flush()
    found = session.scalar(
        sa.select(sa.func.count()).select_from(Run).where(compile_filter(document, run_field))
    )
    session.rollback()
    assert bool(found) is holds(document, {"config": config, "summary_metrics": summary, "tags": tags})


def holds(document: dict[str, Any], run: dict[str, Any]) -> bool:
    """Return whether the run is one that the filter asks for."""
    return all(_entry(key, value, run) for key, value in document.items())


def _entry(key: str, value: Any, run: dict[str, Any]) -> bool:
    if key == "$and":
        return all(holds(part, run) for part in value)
    if key == "$or":
        return any(holds(part, run) for part in value)
    if key == "$nor":
        return not any(holds(part, run) for part in value)
    if key == "$not":
        return not holds(value, run)
    return _condition(_lookup(key, run), value)


def _lookup(key: str, run: dict[str, Any]) -> Any:
    section, _, rest = key.partition(".")
    if section == "tags":
        return run["tags"]
    parts = rest.split(".")
    if section == "summary_metrics":
        return next(_reach(run[section], parts), MISSING)
    wrapped = {name: {"value": value} for name, value in run["config"].items()}
    for steps in _splits(parts):
        for spelled in ([steps[0], "value", *steps[1:]], steps)[:: -1 if steps[1:2] == ["value"] else 1]:
            if spelled[1:2] != ["value"]:
                continue
            found = _walk(wrapped, spelled)
            if found is not MISSING:
                return found
    return next(
        (found for steps in _splits(parts) if (found := _walk(wrapped, steps)) is not MISSING), MISSING
    )


def _splits(parts: list[str]) -> Iterator[list[str]]:
    if len(parts) > 4:
        for head in (len(parts), 4, 3, 2, 1):
            yield [".".join(parts[:head]), *parts[head:]]
        return
    for head in range(len(parts), 0, -1):
        rests = _splits(parts[head:]) if parts[head:] else iter([[]])
        for rest in rests:
            yield [".".join(parts[:head]), *rest]


def _reach(value: Any, parts: list[str]) -> Iterator[Any]:
    for steps in _splits(parts):
        found = _walk(value, steps)
        if found is not MISSING:
            yield found


def _walk(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def _condition(value: Any, condition: Any) -> bool:
    if not isinstance(condition, dict):
        return _equals(value, condition)
    return all(_operator(value, operator, operand) for operator, operand in condition.items())


def _operator(value: Any, operator: str, operand: Any) -> bool:
    candidates = [value, *(value if isinstance(value, list) else ())]
    if operator in ("$gt", "$gte", "$lt", "$lte"):
        if operand is None:
            return operator in ("$gte", "$lte") and _equals(value, None)
        return any(_ordered(candidate, operator, operand) for candidate in candidates)
    if operator == "$regex":
        return any(isinstance(text, str) and re.search(operand, text) is not None for text in candidates)
    return {
        "$eq": lambda: _equals(value, operand),
        "$ne": lambda: not _equals(value, operand),
        "$in": lambda: any(_equals(value, item) for item in operand),
        "$nin": lambda: not any(_equals(value, item) for item in operand),
        "$all": lambda: bool(operand) and all(_equals(value, item) for item in operand),
        "$exists": lambda: (value is not MISSING) is operand,
        "$size": lambda: isinstance(value, list) and len(value) == operand,
        "$contains": lambda: _contains(value, operand),
        "$not": lambda: not _condition(value, operand),
    }[operator]()


def _equals(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return value is MISSING or value is None or (isinstance(value, list) and None in value)
    return _same(value, wanted) or (isinstance(value, list) and any(_same(item, wanted) for item in value))


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return _kind(left) == _kind(right) and left == right


def _ordered(left: Any, operator: str, right: Any) -> bool:
    if _kind(left) != _kind(right) or _kind(left) not in ("number", "str", "bool"):
        return False
    return bool(
        {"$gt": left > right, "$gte": left >= right, "$lt": left < right, "$lte": left <= right}[operator]
    )


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return wanted in value
    return isinstance(value, list) and any(_same(item, wanted) for item in value)


def _kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__
