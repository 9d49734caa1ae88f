"""Filters as SQL: what every operator and key spelling finds, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from wandkit.server import model
from wandkit.server.database import Base
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.functions import install
from wandkit.server.filtering.operators import compile_filter, compile_filter_text
from wandkit.server.filtering.order import compile_order
from wandkit.server.filtering.run import run_field
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.user import User

RUNS: dict[str, dict[str, Any]] = {
    "one": {
        "config": {"lr": 0.1, "model": {"type": "resnet", "layers": [3, 4]}, "a.b": 1, "seed": 1, "on": True},
        "summary": {"loss": 0.5, "val/acc": 0.9, "best": {"loss": 0.4}, "odd": float("nan")},
        "tags": ["best", "v1"],
        "state": "finished",
        "group": "g1",
        "created_at": "2024-01-01T00:00:00.000000Z",
        "heartbeat_at": "2024-01-01T00:01:40.000000Z",
        "history_keys": (
            '{"keys":{"loss":{"typeCounts":[{"type":"number","count":3}]},"train/x":{"typeCounts":[]}}}'
        ),
    },
    "two": {
        "config": {"lr": 0.01, "model": {"type": "vit"}, "a": {"b": 2}, "seed": "1", "on": 1, 'say "hi"': 5},
        "summary": {"loss": float("inf"), "val/acc": 0.5, "my metric": 7},
        "tags": ["v2"],
        "state": "failed",
        "display_name": "Second Run",
        "created_at": "2024-06-01T12:30:00.500000Z",
        "host": "gpu-1",
    },
    "three": {
        "config": {"lr": None, "größe": 3, "words": ["red", "green"]},
        "summary": {},
        "tags": [],
        "state": "running",
        "job_type": "train",
        "sweep_name": "s1",
        "commit": "abc",
        "created_at": "2025-01-01T00:00:00.000000Z",
    },
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Give a session on a store in memory that holds `RUNS`."""
    model.load_all()
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    sa.event.listen(engine, "connect", lambda connection, _: install(connection))
    Base.metadata.create_all(engine)
    with Session(engine) as open_session:
        entity, user = Entity(name="lab", kind="team"), User(username="ada", name="Ada", email="")
        open_session.add_all([entity, user])
        open_session.flush()
        project = Project(entity_id=entity.id, user_id=user.id, name="p", access="PRIVATE")
        open_session.add(project)
        open_session.flush()
        for name, fields in RUNS.items():
            plain = {key: value for key, value in fields.items() if key not in ("config", "summary")}
            run = Run(project_id=project.id, user_id=user.id, name=name, **{"display_name": name, **plain})
            run.set_config(json.dumps({key: {"value": value} for key, value in fields["config"].items()}))
            run.set_summary(json.dumps(fields["summary"]))
            open_session.add(run)
        open_session.commit()
        yield open_session


def found(session: Session, document: Any) -> str:
    """Return the names of the runs that the filter finds, in the order of `RUNS`."""
    query = sa.select(Run.name).where(compile_filter(document, run_field)).order_by(Run.id)
    return " ".join(session.scalars(query))


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({}, "one two three"),
        ({"name": "one"}, "one"),
        ({"displayName": "Second Run"}, "two"),
        ({"display_name": "Second Run"}, "two"),
        ({"state": "failed"}, "two"),
        ({"state": {"$in": ["failed", "running"]}}, "two three"),
        ({"group": "g1"}, "one"),
        ({"group": None}, "two three"),
        ({"jobType": "train"}, "three"),
        ({"job_type": "train"}, "three"),
        ({"sweep": "s1"}, "three"),
        ({"username": "ada", "user": "ada", "entity": "lab"}, "one two three"),
        ({"username": {"$ne": "ada"}}, ""),
        ({"host": {"$regex": "^gpu"}}, "two"),
        ({"commit": {"$exists": True}}, "three"),
        ({"createdAt": {"$gt": "2024-06-01"}}, "two three"),
        ({"created_at": {"$gte": "2024-06-01T12:30:00.5", "$lt": "2025"}}, "two"),
        ({"createdAt": "2024-01-01T00:00:00Z"}, "one"),
        ({"created_at": {"$lt": "2024-06-01T14:30:00+02:00"}}, "one"),
        ({"heartbeatAt": {"$lt": "2024-02-01"}}, "one"),
        ({"duration": 100}, "one"),
        ({"duration": {"$lt": 101, "$gt": 99}}, "one"),
    ],
)
def test_columns_are_found_under_every_spelling(session: Session, document: Any, names: str) -> None:
    assert found(session, document) == names


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"config.lr": 0.1}, "one"),
        ({"config.lr.value": 0.1}, "one"),
        ({"config.lr": {"$lt": 1}}, "one two"),
        ({"config.lr": {"$gt": 1}}, ""),
        ({"config.lr": None}, "three"),
        ({"config.lr": {"$exists": True}}, "one two three"),
        ({"config.model.type": "vit"}, "two"),
        ({"config.model.value.type": "vit"}, "two"),
        ({"config.model.layers": 4}, "one"),
        ({"config.model.layers": [3, 4]}, "one"),
        ({"config.model.layers": [4, 3]}, ""),
        ({"config.model.layers.1": 4}, "one"),
        ({"config.model": {"type": "vit"}}, "two"),
        ({"config.a.b": 1}, "one"),
        ({"config.a.b": 2}, "two"),
        ({"config.a.b.value": 1}, "one"),
        ({"config.a.value.b": 2}, "two"),
        ({"config.seed": 1}, "one"),
        ({"config.seed": "1"}, "two"),
        ({"config.on": True}, "one"),
        ({"config.on": 1}, "two"),
        ({'config.say "hi"': 5}, "two"),
        ({"config.größe": 3}, "three"),
        ({"config.words": "red"}, "three"),
        ({"config.words": {"$regex": "^gre"}}, "three"),
        ({"config.words": {"$gt": "green"}}, "three"),
    ],
)
def test_config_values_compare_by_type_at_the_flat_key_or_the_nested_path(
    session: Session, document: Any, names: str
) -> None:
    assert found(session, document) == names


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"summary_metrics.loss": 0.5}, "one"),
        ({"summaryMetrics.loss": 0.5}, "one"),
        ({"summary_metrics.loss": {"$gt": 1000}}, "two"),
        ({"summary_metrics.loss": float("inf")}, "two"),
        ({"summary_metrics.odd": float("nan")}, "one"),
        ({"summary_metrics.best.loss": {"$lte": 0.4}}, "one"),
        ({"summary_metrics.val/acc": {"$gte": 0.5}}, "one two"),
        ({"summary_metrics.my metric": 7}, "two"),
        ({"summary_metrics.loss": {"$ne": 0.5}}, "two three"),
        ({"summary_metrics.loss": {"$nin": [0.5]}}, "two three"),
        ({"summary_metrics.loss": {"$not": {"$lt": 1}}}, "two three"),
        ({"keys_info.keys.loss": {"$exists": True}}, "one"),
        ({"keys_info.keys.train/x": {"$exists": True}}, "one"),
        ({"keys_info.keys.loss": "number"}, "one"),
        ({"keys_info.keys.loss": None}, "two three"),
    ],
)
def test_summary_values_and_logged_keys_are_found(session: Session, document: Any, names: str) -> None:
    assert found(session, document) == names


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"tags": "best"}, "one"),
        ({"tags": {"$in": ["best", "v2"]}}, "one two"),
        ({"tags": {"$nin": ["best"]}}, "two three"),
        ({"tags": {"$ne": "best"}}, "two three"),
        ({"tags": {"$all": ["best", "v1"]}}, "one"),
        ({"tags": {"$all": ["best", "v2"]}}, ""),
        ({"tags": {"$size": 0}}, "three"),
        ({"tags": {"$contains": "v2"}}, "two"),
        ({"tags": {"$regex": "^v[0-9]$"}}, "one two"),
        ({"tags": []}, "three"),
        ({"tags": ["best", "v1"]}, "one"),
        ({"tags.best": True}, "one"),
        ({"tags.best": False}, "two three"),
        ({"tags.best": None}, "two three"),
        ({"tags.v1": {"$exists": True}}, "one"),
        ({"$or": [{"tags": None}, {"tags": {"$ne": "best"}}]}, "two three"),
    ],
)
def test_tags_are_a_list_and_each_a_key(session: Session, document: Any, names: str) -> None:
    assert found(session, document) == names


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"$and": [{"state": "finished"}, {"config.lr": 0.1}]}, "one"),
        ({"$or": [{"name": "one"}, {"name": "two"}]}, "one two"),
        ({"$nor": [{"name": "one"}, {"config.lr": {"$exists": False}}]}, "two three"),
        ({"$not": {"name": "one"}}, "two three"),
        ({"state": "finished", "config.lr": 0.01}, ""),
        ({"config.lr": {"$gt": 0.05, "$lt": 0.5}}, "one"),
        ({"$or": [{"$and": []}]}, "one two three"),
        ({"$and": [None, {"name": "one"}]}, "one"),
        ({"name": {"$eq": "one"}}, "one"),
        ({"name": {"$in": []}}, ""),
        ({"name": {"$nin": []}}, "one two three"),
        ({"displayName": {"$regex": "second", "$options": "i"}}, "two"),
        ({"displayName": {"$regex": "d R"}}, "two"),
        ({"displayName": {"$not": {"$regex": "^Second"}}}, "one three"),
        ({"displayName": {"$contains": "Run"}}, "two"),
    ],
)
def test_logic_follows_mongo(session: Session, document: Any, names: str) -> None:
    assert found(session, document) == names


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"name": {"$near": 1}}, "unknown operator '$near'"),
        ({"$xor": []}, "unknown operator '$xor'"),
        ({"stat": "x"}, "did you mean state"),
        ({"loss": 1}, "summary_metrics.loss"),
        ({"name": {"$in": "one"}}, "$in takes a list"),
        ({"$or": {"name": "one"}}, "$or takes a list"),
        ({"name": {"$regex": 1}}, "$regex takes a text"),
        ({"name": {"$regex": "(?=a)"}}, "not RE2 syntax"),
        ({"name": {"$regex": "("}}, "not RE2 syntax"),
        ({"name": {"$regex": "a", "$options": "q"}}, "$options takes"),
        ({"name": {"$options": "i"}}, "$options belongs"),
        ({"name": {"$regex": "a" * 3000}}, "longer than"),
        ({"createdAt": {"$gt": "yesterday"}}, "is not a date"),
        ({"tags": {"$size": -1}}, "$size takes"),
        ({"config.lr": {"$gt": [1]}}, "compares with a number"),
        ({"tags.best": {"$gt": 1}}, "no meaning"),
        ({"keys_info.other": 1}, "keys_info.keys.loss"),
        ([], "a filter is an object"),
        ({"$or": [{"config.lr": {"$gt": number}} for number in range(600)]}, "more than 500 conditions"),
    ],
)
def test_a_filter_that_cannot_be_used_says_why(session: Session, document: Any, words: str) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        compile_filter(document, run_field)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[1]", "3", '{"a":' * 3000 + "1" + "}" * 3000])
def test_a_text_that_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(FilterSyntaxError):
        compile_filter_text(text, run_field)


@pytest.mark.parametrize("text", [None, "", "null", "{}"])
def test_no_filter_finds_everything(session: Session, text: str | None) -> None:
    query = sa.select(sa.func.count()).select_from(Run).where(compile_filter_text(text, run_field))
    assert session.scalar(query) == 3


@pytest.mark.parametrize(
    "poison", ["') OR 1=1 --", '" OR ""="', "x' UNION SELECT * FROM run --", "$.a", "\\", '"]', "%", "😀"]
)
def test_nothing_of_a_filter_is_read_as_sql(session: Session, poison: str) -> None:
    document = {
        "$or": [{f"config.{poison}": poison}, {f"summary_metrics.{poison}": poison}, {"name": poison},
                {"tags": poison}, {f"tags.{poison}": True}, {f"keys_info.keys.{poison}": poison}],
    }  # fmt: skip
    assert found(session, document) == ""


def test_many_conditions_do_not_exceed_the_depth_that_sqlite_allows(session: Session) -> None:
    document = {"$or": [{"config.lr": {"$gt": number}} for number in range(-1, 200)]}
    assert found(session, document) == "one two"


def test_alternatives_for_one_key_are_asked_as_a_list(session: Session) -> None:
    document = {"$or": [{"config.seed": number} for number in range(2000)]}
    assert found(session, document) == "one"


def test_a_long_list_of_names_is_one_parameter(session: Session) -> None:
    assert found(session, {"name": {"$in": [str(number) for number in range(50_000)] + ["two"]}}) == "two"


def test_a_catastrophic_pattern_takes_no_time(session: Session) -> None:
    assert found(session, {"displayName": {"$regex": "(a+)+$|" + "(.*)*" * 20 + "zzz"}}) == ""


def test_a_whole_number_beyond_64_bits_is_compared_as_a_float(session: Session) -> None:
    assert found(session, {"config.lr": {"$lt": 10**30}}) == "one two"


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("+created_at", "one two three"),
        ("-createdAt", "three two one"),
        ("created_at", "one two three"),
        ("", "three two one"),
        ("+config.lr.value", "two one three"),
        ("-config.lr", "one two three"),
        ("-summary_metrics.loss", "two one three"),
        ("+summary_metrics.loss", "one two three"),
        ("-summary_metrics.odd", "three two one"),
        ("+group", "one two three"),
        ("-group", "one three two"),
    ],
)
def test_runs_are_ordered_with_those_that_lack_the_key_last(session: Session, order: str, names: str) -> None:
    ordering = compile_order(order, run_field, Run.id.expression)
    assert " ".join(session.scalars(sa.select(Run.name).order_by(*ordering.clauses()))) == names


@pytest.mark.parametrize(
    "order", ["+created_at", "-config.lr", "+config.lr", "-group", "+summary_metrics.odd"]
)
def test_the_rows_after_and_before_each_row_are_those_of_the_order(session: Session, order: str) -> None:
    ordering = compile_order(order, run_field, Run.id.expression)
    rows = session.execute(sa.select(Run.name, *ordering.expressions).order_by(*ordering.clauses())).all()
    names = [row[0] for row in rows]
    for place, row in enumerate(rows):
        after = sa.select(Run.name).where(ordering.after(row[1:])).order_by(*ordering.clauses())
        before = sa.select(Run.name).where(ordering.before(row[1:])).order_by(*ordering.clauses(reverse=True))
        assert list(session.scalars(after)) == names[place + 1 :]
        assert list(session.scalars(before)) == names[:place][::-1]


def test_an_order_without_a_key_is_refused() -> None:
    with pytest.raises(FilterSyntaxError, match="names no key"):
        compile_order("-", run_field, Run.id.expression)


def test_sqlite_is_new_enough_for_the_json_functions() -> None:
    assert sqlite3.sqlite_version_info >= (3, 38)
