"""What is learnt of a server from its complaints, and from its list of features."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wandkit._core.capability import Capabilities, capabilities_of, forget, is_schema_complaint, refused_gates

GATES = frozenset(
    {
        "Run.parquetHistory",
        "Run.files(pattern:)",
        "UpsertModelInput.icon",
        "ARIATriggeredAction",
        "Artifact.tags",
        "feature:ARTIFACT_TAGS",
    }
)


@pytest.fixture
def host() -> Iterator[str]:
    """Give the name of a host of which nothing is known, and forget it."""
    yield "https://one.invalid"
    forget("https://one.invalid")


@pytest.mark.parametrize(
    ("message", "gate"),
    [
        ('Cannot query field "parquetHistory" on type "Run".', "Run.parquetHistory"),
        ("Cannot query field 'parquetHistory' on type 'Run'. Did you mean 'history'?", "Run.parquetHistory"),
        ('Unknown argument "pattern" on field "Run.files".', "Run.files(pattern:)"),
        ('Unknown argument "pattern" on field "files" of type "Run".', "Run.files(pattern:)"),
        ('Unknown type "ARIATriggeredAction". Did you mean …?', "ARIATriggeredAction"),
        ('Unknown type "UpsertModelInput".', "UpsertModelInput.icon"),
        ("Field 'icon' is not defined by type 'UpsertModelInput'.", "UpsertModelInput.icon"),
        (
            'Variable "$i" got invalid value {}; Field "icon" is not defined by type UpsertModelInput.',
            "UpsertModelInput.icon",
        ),
        ('Argument "input" has invalid value {x}.\nIn field "icon": Unknown field.', "UpsertModelInput.icon"),
        ('Cannot query field "tags" on type "ArtifactSequence".', "Artifact.tags"),
    ],
)
def test_a_complaint_names_the_gate_to_leave_out(message: str, gate: str) -> None:
    assert refused_gates([{"message": message}], GATES) == {gate}


@pytest.mark.parametrize(
    "message", ["permission denied", "run not found", 'Cannot query field "x" on type "Run".']
)
def test_other_errors_name_no_gate(message: str) -> None:
    assert refused_gates([{"message": message}], GATES) == frozenset()


def test_all_complaints_of_an_answer_count() -> None:
    errors = [
        {"message": 'Cannot query field "parquetHistory" on type "Run".'},
        {"message": 'Unknown argument "pattern" on field "Run.files".'},
    ]
    assert refused_gates(errors, GATES) == {"Run.parquetHistory", "Run.files(pattern:)"}


def test_a_complaint_about_the_schema_is_told_from_other_errors() -> None:
    told = [is_schema_complaint(text) for text in ('Unknown type "X".', "internal error")]
    assert told == [True, False]


def test_features_count_as_missing_until_the_server_was_asked() -> None:
    assert Capabilities().missing(GATES) == {"feature:ARTIFACT_TAGS"}


def test_a_feature_that_is_on_is_not_missing() -> None:
    known = Capabilities()
    known.learn_features(["ARTIFACT_TAGS"])
    assert known.missing(GATES) == frozenset()


def test_a_refused_coordinate_stays_missing() -> None:
    known = Capabilities()
    known.refuse(["Run.parquetHistory"])
    assert "Run.parquetHistory" in known.missing(GATES)


def test_all_clients_of_a_host_share_what_is_known(host: str) -> None:
    capabilities_of(host).refuse(["Run.parquetHistory"])
    assert capabilities_of(host).refused == {"Run.parquetHistory"}


def test_another_host_knows_nothing_of_it(host: str) -> None:
    capabilities_of(host).refuse(["Run.parquetHistory"])
    assert capabilities_of("https://two.invalid").refused == frozenset()


def test_a_forgotten_host_is_learnt_anew(host: str) -> None:
    capabilities_of(host).learn_features(["ARTIFACT_TAGS"])
    forget(host)
    assert capabilities_of(host).features is None
