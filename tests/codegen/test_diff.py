"""A schema diff says in words what changed, how heavy it is, and only what we use of it."""

from __future__ import annotations

import pytest
from checkout import DATA, ROOT
from graphql import build_schema, parse

from codegen.diff import diff, main, report
from codegen.members import used_members

DIRECTIVES = (ROOT / "schema/directives.graphql").read_text(encoding="utf-8")
OLD = """
type Query { run(name: String!, deep: Boolean): Run  runs: [Run!]  pet: Pet }
type Run { id: ID!  name: String  state: State  old: Int  files(first: Int): [String] }
type Cat { id: ID! }
type Dog { id: ID! }
enum State { ON OFF }
union Pet = Cat
input RunInput { id: ID!  note: String }
"""


def changes(before: str, after: str, used: set[str] | None = None) -> list[tuple[str, str]]:
    """Return weight and words of what changes when `before` in OLD becomes `after`."""
    assert before in OLD
    new = OLD.replace(before, after)
    return [
        (change.weight, change.words)
        for change in diff(build_schema(DIRECTIVES + OLD), build_schema(DIRECTIVES + new), used)
    ]


@pytest.mark.parametrize(
    ("before", "after", "weight", "words"),
    [
        ("old: Int", "", "breaking", "The field `Run.old` is gone."),
        (
            "first: Int",
            "first: Int, after: String!",
            "breaking",
            "The argument `Run.files(after:): String!` is new and required.",
        ),
        (
            "note: String",
            "note: String tag: String!",
            "breaking",
            "The input field `RunInput.tag: String!` is new and required.",
        ),
        ("id: ID!  note", "id: ID  note", "additive", "The input field `RunInput.id` was ID! and is ID."),
        (
            "note: String",
            "note: String!",
            "breaking",
            "The input field `RunInput.note` was String and is String!.",
        ),
        (
            "name: String  s",
            "name: String!  s",
            "additive",
            "The field `Run.name` was String and is String!.",
        ),
        ("runs: [Run!]", "runs: [Run]", "breaking", "The field `Query.runs` was [Run!] and is [Run]."),
        ("old: Int", "old: String", "breaking", "The field `Run.old` was Int and is String."),
        ("ON OFF", "ON OFF DIM", "dangerous", "The enum value `State.DIM` is new: answers may hold it."),
        ("ON OFF", "ON", "breaking", "The enum value `State.OFF` is gone."),
        (
            "Pet = Cat",
            "Pet = Cat | Dog",
            "dangerous",
            "The union member `Pet.Dog` is new: answers may hold it.",
        ),
        (
            "first: Int",
            "first: Int, after: String",
            "additive",
            "The argument `Run.files(after:): String` is new.",
        ),
        (
            "old: Int",
            'old: Int @newer(client: "1.2")',
            "dangerous",
            "The field `Run.old` was known everywhere and is known from client 1.2 on.",
        ),
        (
            "old: Int",
            'old: Int new: Int @feature(name: "F")',
            "additive",
            "The field `Run.new: Int` is new, known with feature F.",
        ),
    ],
)
def test_a_change_has_its_weight_and_words(before: str, after: str, weight: str, words: str) -> None:
    """One change each."""
    assert changes(before, after) == [(weight, words)]


def test_a_type_that_goes_takes_its_members_along() -> None:
    """Each is named, so that a narrowed report shows the used ones."""
    words = [words for _, words in changes("type Dog { id: ID! }", "")]
    assert words == ["The type `Dog` is gone.", "`Dog.id` is gone, with its type."]


def test_the_report_is_narrowed_to_what_operations_use() -> None:
    """What nobody asks for may change as it likes."""
    document = parse("query A($name: String!) { run(name: $name) { id state } }")
    used = used_members(build_schema(DIRECTIVES + OLD), document)
    assert changes("old: Int", "", used) == []
    assert changes("id: ID!  name", "name", used) == [("breaking", "The field `Run.id` is gone.")]
    assert changes("ON OFF", "ON", used) == [("breaking", "The enum value `State.OFF` is gone.")]


def test_a_new_required_argument_of_a_used_field_is_never_narrowed_away() -> None:
    """The operation would fail without it."""
    new = OLD.replace("deep: Boolean", "deep: Boolean!")
    document = parse("query A($name: String!) { run(name: $name) { id } }")
    used = used_members(build_schema(DIRECTIVES + new), document)
    assert changes("deep: Boolean", "deep: Boolean!", used) == [
        ("breaking", "The argument `Query.run(deep:)` was Boolean and is Boolean!.")
    ]


def test_equal_schemas_have_no_changes() -> None:
    """And the report says so."""
    assert report(diff(build_schema(OLD), build_schema(OLD))) == "Nothing changed.\n"


def test_the_report_puts_the_heaviest_first() -> None:
    """As a changelog wants it."""
    found = diff(build_schema(OLD), build_schema(OLD.replace("old: Int", "new: Int")))
    assert report(found) == (
        "## Breaking\n\n* The field `Run.old` is gone.\n\n## Additive\n\n* The field `Run.new: Int` is new.\n"
    )


def test_since_2023_some_used_fields_got_looser_and_nothing_used_went_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command line, on the real schemas; what breaks makes its exit status."""
    status = main([str(DATA / "live-2023-10.graphql"), str(ROOT / "schema")])
    said = capsys.readouterr().out
    assert status == 1
    breaking = said.split("## ")[1].splitlines()[2:-1]
    assert breaking == [
        "* The field `Artifact.createdBy` was Initiator! and is ArtifactCreator.",
        "* The field `Artifact.files` was FileConnection! and is FileConnection.",
        "* The field `ArtifactCollection.project` was Project! and is Project.",
        "* The field `ArtifactSequence.project` was Project! and is Project.",
        "* The field `File.uploadHeaders` was [String!]! and is [String!].",
        "* The field `LogLineConnection.edges` was [LogLineEdge!]! and is [LogLineEdge!].",
        "* The field `QueueJobTriggeredAction.queue` was RunQueue! and is RunQueue.",
        "* The field `View.spec` was JSONString and is String.",
    ]
