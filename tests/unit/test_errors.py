"""The error tree: drawn as it is, picklable, and telling what, which and what next."""

from __future__ import annotations

import inspect
import pickle

import pytest

from wandkit import errors
from wandkit.errors import GraphQLError, NotFoundError, PathError, RateLimitError, WandkitError

CLASSES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, WandkitError) and kind.__module__ == "wandkit.errors"
]
# The official client's names.
SECOND_NAMES = {
    "CommError": WandkitError,
    "Error": WandkitError,
    "IncompleteRunHistoryError": errors.IncompleteHistoryError,
    "RunNotFoundError": NotFoundError,
}


def _drawn_tree() -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """Return name -> (parent, builtin bases) as the module's docstring draws them."""
    tree: dict[str, tuple[str | None, tuple[str, ...]]] = {}
    parents: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        drawn = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        if not line.startswith("    "):
            continue
        depth = (len(drawn) - len(drawn.lstrip()) - 4) // 4
        name, _, bases = drawn.strip().partition(" (")
        listed = bases.rstrip(")").partition("also importable as")[0].rstrip(", ")
        named = tuple(base for base in listed.split(", ") if base)
        parents[depth:] = [name]
        tree[name] = (parents[depth - 1] if depth else None, named)
    return tree


def _parent(kind: type[WandkitError]) -> type[WandkitError] | None:
    return next((base for base in kind.__bases__ if issubclass(base, WandkitError)), None)


def test_the_tree_drawn_in_the_docstring_is_the_tree_of_classes() -> None:
    actual = {
        kind.__name__: (
            getattr(_parent(kind), "__name__", None),
            tuple(base.__name__ for base in kind.__bases__ if base not in (_parent(kind), Exception)),
        )
        for kind in CLASSES
    }
    assert _drawn_tree() == actual


def test_everything_public_is_exported() -> None:
    assert sorted({kind.__name__ for kind in CLASSES} | {*SECOND_NAMES}) == sorted(errors.__all__)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_survives_the_trip_between_processes(kind: type[WandkitError]) -> None:
    error = kind(
        "No such thing.",
        operation="GetRun",
        host="https://h",
        status=404,
        request_id="r1",
        next_step="Look again.",
    )
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), vars(twin), twin.args) == (kind, str(error), vars(error), error.args)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_says_when_it_is_raised(kind: type[WandkitError]) -> None:
    assert inspect.getdoc(kind)


def test_the_text_says_what_where_and_what_next() -> None:
    error = NotFoundError(
        "No run 'e/p/x'.",
        operation="GetRun",
        host="https://h",
        status=404,
        request_id="r1",
        next_step="Check it.",
    )
    assert str(error) == "No run 'e/p/x'. (operation GetRun at https://h HTTP 404 request r1) Check it."


@pytest.mark.parametrize("message", ["no file 'x'", "no file 'x'."])
def test_the_next_step_is_a_sentence_of_its_own(message: str) -> None:
    assert str(WandkitError(message, next_step="Give one.")) == "no file 'x'. Give one."


def test_the_text_leaves_out_what_is_not_known() -> None:
    assert str(WandkitError("It broke.")) == "It broke."


def test_the_own_facts_of_a_class_survive_the_trip_between_processes() -> None:
    limited, graphql = RateLimitError("Slow down."), GraphQLError("Refused.")
    limited.retry_after_s = 2.5
    graphql.errors, graphql.data = [{"message": "no"}], {"run": None}
    twins = pickle.loads(pickle.dumps((limited, graphql)))
    assert (twins[0].retry_after_s, twins[1].errors, twins[1].data) == (
        2.5,
        [{"message": "no"}],
        {"run": None},
    )


@pytest.mark.parametrize("name", SECOND_NAMES)
def test_the_official_names_work(name: str) -> None:
    assert getattr(errors, name) is SECOND_NAMES[name]


@pytest.mark.parametrize(
    "kind", [errors.MissingKeyError, errors.UnsupportedError], ids=lambda kind: kind.__name__
)
def test_what_the_official_client_calls_wrong_use_is_wrong_use_here(kind: type[WandkitError]) -> None:
    assert issubclass(kind, errors.UsageError)


def test_a_path_error_is_the_builtin_that_scripts_catch() -> None:
    with pytest.raises(ValueError, match="bad path"):
        raise PathError("bad path")
