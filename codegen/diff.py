"""What changed between two schemas, in words: `python -m codegen.diff OLD NEW`.

OLD and NEW are folders of SDL or single files. Breaking: an operation may fail. Dangerous: an answer may
hold what nobody expected. Additive: nothing that is used changes. With `--all` the report covers the whole
schema; without, only what the operations of queries/ use, and everything that is new.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from graphql import DocumentNode, GraphQLSchema, build_ast_schema, parse

from codegen.members import Member, members_of, used_members

__all__ = ["Change", "diff", "main", "report"]

Weight: TypeAlias = Literal["breaking", "dangerous", "additive"]
_WEIGHTS: tuple[Weight, ...] = ("breaking", "dangerous", "additive")
_TOLERATED = ("enum value", "union member")


@dataclass(frozen=True)
class Change:
    """One difference, in words."""

    weight: Weight
    coordinate: str
    words: str


def diff(old: GraphQLSchema, new: GraphQLSchema, used: set[str] | None = None) -> list[Change]:
    """Return what changed from `old` to `new`; with `used`, only what touches one of these coordinates.

    What is new is reported whether used or not: nobody can use it yet.
    """
    before, after = members_of(old), members_of(new)
    changes = [*_removed(before, after), *_changed(before, after), *_added(before, after)]
    return sorted(
        (
            change
            for change in changes
            if used is None or change.weight == "additive" or change.coordinate in used
        ),
        key=lambda change: (_WEIGHTS.index(change.weight), change.coordinate),
    )


def report(changes: Iterable[Change]) -> str:
    """Return the changes as Markdown, heaviest first."""
    changes = tuple(changes)
    if not changes:
        return "Nothing changed.\n"
    text = ""
    for weight in _WEIGHTS:
        found = [change for change in changes if change.weight == weight]
        if found:
            text += (
                f"## {weight.capitalize()}\n\n" + "".join(f"* {change.words}\n" for change in found) + "\n"
            )
    return text.rstrip("\n") + "\n"


def _removed(before: dict[str, Member], after: dict[str, Member]) -> Iterator[Change]:
    gone = {name for name in before if name not in after}
    for name in sorted(gone):
        member = before[name]
        if _owner(name) in gone:
            continue
        if member.kind == "type":
            for below in sorted(gone):
                if below.startswith(f"{name}."):
                    yield Change("breaking", below, f"`{below}` is gone, with its type.")
            yield Change("breaking", name, f"The type `{name}` is gone.")
        else:
            yield Change("breaking", name, f"The {member.kind} `{name}` is gone.")


def _changed(before: dict[str, Member], after: dict[str, Member]) -> Iterator[Change]:
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if old.type != new.type:
            yield Change(
                _weight_of(old, new), name, f"The {old.kind} `{name}` was {old.type} and is {new.type}."
            )
        if old.gate != new.gate:
            weight: Weight = "additive" if new.gate is None else "dangerous"
            yield Change(weight, name, f"The {old.kind} `{name}` was {_gate(old)} and is {_gate(new)}.")


def _added(before: dict[str, Member], after: dict[str, Member]) -> Iterator[Change]:
    new = {name for name in after if name not in before}
    for name in sorted(new):
        member = after[name]
        if _owner(name) in new:
            continue
        since = f", {_gate(member)}" if member.gate else ""
        if member.required:
            yield Change(
                "breaking", name, f"The {member.kind} `{name}: {member.type}` is new and required{since}."
            )
        elif member.kind in _TOLERATED:
            yield Change("dangerous", name, f"The {member.kind} `{name}` is new: answers may hold it{since}.")
        else:
            of = "" if member.kind == "type" else f": {member.type}"
            yield Change("additive", name, f"The {member.kind} `{name}{of}` is new{since}.")


def _owner(coordinate: str) -> str:
    """Return what a member belongs to: `Run.files(names:)` to `Run.files`, and that to `Run`."""
    place, bracket, _ = coordinate.partition("(")
    return place if bracket else coordinate.rpartition(".")[0]


def _gate(member: Member) -> str:
    if member.gate is None:
        return "known everywhere"
    return (
        f"known with {member.gate}" if member.gate.startswith("feature ") else f"known from {member.gate} on"
    )


def _weight_of(old: Member, new: Member) -> Weight:
    """Say how heavy a change of type is: answers may get stricter, arguments looser."""
    loose, strict = (old.type, new.type) if old.kind == "field" else (new.type, old.type)
    if _same_but_stricter(loose, strict):
        return "additive"
    return "breaking"


def _same_but_stricter(loose: str, strict: str) -> bool:
    """Say whether `strict` is `loose` with more exclamation marks."""
    position = 0
    for letter in strict:
        if position < len(loose) and loose[position] == letter:
            position += 1
        elif letter != "!":
            return False
    return position == len(loose)


def _read(path: Path) -> GraphQLSchema:
    paths = sorted(path.glob("*.graphql")) if path.is_dir() else [path]
    return build_ast_schema(parse("\n".join(item.read_text(encoding="utf-8") for item in paths)))


def _operations(folder: Path) -> DocumentNode:
    return parse("\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.graphql"))))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 1 where something breaks."""
    parser = argparse.ArgumentParser(prog="python -m codegen.diff", description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--all", action="store_true", help="the whole schema, not only what queries/ uses")
    parser.add_argument("--queries", type=Path, default=Path(__file__).parent.parent / "queries")
    options = parser.parse_args(arguments)
    old, new = _read(options.old), _read(options.new)
    document = None if options.all else _operations(options.queries)
    used = None if document is None else used_members(old, document) | used_members(new, document)
    changes = diff(old, new, used)
    print(report(changes), end="")
    return int(any(change.weight == "breaking" for change in changes))


if __name__ == "__main__":
    sys.exit(main())
