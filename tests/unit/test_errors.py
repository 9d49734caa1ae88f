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
        named = () if depth == 0 else tuple(base for base in bases.rstrip(")").split(", ") if base)
        parents[depth:] = [name]
        tree[name] = (parents[depth - 1] if depth else None, named)
    return tree


def test_the_tree_drawn_in_the_docstring_is_the_tree_of_classes() -> None:
    actual = {
        kind.__name__: (
            next((base.__name__ for base in kind.__bases__ if issubclass(base, WandkitError)), None),
            tuple(
                base.__name__
                for base in kind.__bases__
                if base.__module__ == "builtins" and base is not Exception
            ),
        )
        for kind in CLASSES
    }
    assert _drawn_tree() == actual


def test_everything_public_is_exported() -> None:
    assert sorted({kind.__name__ for kind in CLASSES} | {"CommError"}) == sorted(errors.__all__)


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


def test_the_official_name_of_the_root_works() -> None:
    assert errors.CommError is WandkitError


def test_a_path_error_is_the_builtin_that_scripts_catch() -> None:
    with pytest.raises(ValueError, match="bad path"):
        raise PathError("bad path")
