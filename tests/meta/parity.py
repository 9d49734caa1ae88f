"""The checklist of what users of the official client call, and how our classes answer to it.

`parity_data/checklist.yaml` holds a row for each member: how it is called in the version that code was
written for (`seed`), in the newer one (`new`), in both alike (`both`), or only in the older one (`gone`); and
which errors it documents. `parity_data/not_reproduced.yaml` says what we leave out, and why.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from typing import Any

import yaml
from sources import ROOT

import wandkit
from wandkit import automation
from wandkit._core.awaitable import awaitable_property

__all__ = [
    "DATA",
    "EXPORTS",
    "Row",
    "checklist",
    "gaps",
    "left_out",
    "left_out_errors",
    "ours",
    "shown_otherwise",
    "told",
]

DATA = ROOT / "tests" / "meta" / "parity_data"
# Their classes that have another name here, and those that are several of ours.
OTHER_NAMES = {
    "BetaReport": "Report",
    "Collections": "RegistryCollections",
    "Versions": "RegistryVersions",
    "ProjectArtifactCollections": "ArtifactCollections",
    "SampledHistoryScan": "HistoryScan",
    "Attrs": "Run",
    "Paginator": "Listing",
    "SummarySubDict": "Summary",
    "HTTPSummary": "Summary",
    "RunMetric": "Metric",
    "ArtifactManifest": "Manifest",
    "ArtifactManifestEntry": "ArtifactEntry",
}
ASYNC_NAMES = {"__iter__": "__aiter__", "__next__": "__anext__", "__len__": "count"}


@dataclass(frozen=True)
class Row:
    """One member of the official client, as the checklist has it."""

    owner: str
    member: str
    seed: str | None
    new: str | None
    errors: dict[str, tuple[str, ...]] = field(hash=False)

    @property
    def name(self) -> str:
        """The class and the member."""
        return f"{self.owner}.{self.member}"

    @property
    def forms(self) -> tuple[str, ...]:
        """How it is called, the older form first: a signature, `property` or `settable`."""
        return tuple(form for form in (self.seed, self.new) if form is not None)


@cache
def checklist() -> tuple[Row, ...]:
    """Return the rows of the checklist."""
    read = yaml.safe_load((DATA / "checklist.yaml").read_text(encoding="utf-8"))
    return tuple(
        _row(owner, member, entry)
        for owner, members in read["members"].items()
        for member, entry in members.items()
    )


@cache
def exports() -> tuple[str, ...]:
    """Return the names that `wandb.apis.public` exports, in one version or the other."""
    return tuple(yaml.safe_load((DATA / "checklist.yaml").read_text(encoding="utf-8"))["exports"])


@cache
def left_out() -> dict[str, str]:
    """Return what is not reproduced, members and exports, each with the reason."""
    read = yaml.safe_load((DATA / "not_reproduced.yaml").read_text(encoding="utf-8"))
    return {name: group["why"] for group in read["members"] for name in group["names"]}


@cache
def left_out_errors() -> dict[tuple[str, str], str]:
    """Return the documented errors that are others here: by row and circumstance, each with the reason."""
    read = yaml.safe_load((DATA / "not_reproduced.yaml").read_text(encoding="utf-8"))
    return {
        (name, circumstance): group["why"]
        for group in read["errors"]
        for name, circumstances in group["names"].items()
        for circumstance in circumstances
    }


@cache
def told() -> tuple[tuple[str, str], ...]:
    """Return what is not reproduced in words: what, and why; for docs/official-client.md."""
    read = yaml.safe_load((DATA / "not_reproduced.yaml").read_text(encoding="utf-8"))
    groups = (*read["members"], *read["errors"], *read["behaviour"])
    return tuple((group["what"], group["why"]) for group in groups)


@cache
def shown_otherwise() -> tuple[tuple[str, str], ...]:
    """Return the tests that show what is otherwise here: a module below tests/, and a function in it."""
    read = yaml.safe_load((DATA / "not_reproduced.yaml").read_text(encoding="utf-8"))
    named = (test.partition("::") for group in read["behaviour"] for test in group["shown"])
    return tuple((module, function) for module, _, function in named)


def _row(owner: str, member: str, entry: dict[str, Any]) -> Row:
    both = entry.get("both")
    errors = {
        circumstance: (kinds,) if isinstance(kinds, str) else tuple(kinds)
        for circumstance, kinds in entry.get("errors", {}).items()
    }
    return Row(owner, member, entry.get("seed", entry.get("gone", both)), entry.get("new", both), errors)


def ours(owner: str, *, sync: bool = True) -> type[Any] | None:
    """Return our class for one of theirs; None where there is none."""
    name = OTHER_NAMES.get(owner, owner)
    if owner == "RetryingClient":
        return _client(sync=sync)
    found = None if sync else getattr(wandkit, f"Async{name}", None)
    found = found or getattr(wandkit, name, None) or getattr(automation, name, None)
    return found if isinstance(found, type) else None


def _client(*, sync: bool) -> type[Any]:
    from wandkit_generated.sync.client import Client

    from wandkit._async.client import AsyncClient

    return Client if sync else AsyncClient


def gaps(row: Row, *, sync: bool = True) -> list[str]:
    """Return what a caller of the official member misses in ours."""
    kind = ours(row.owner, sync=sync)
    if kind is None:
        return ["no such class"]
    member = row.member if sync else _async_name(kind, row.member)
    found = _lookup(kind, member)
    if found is None:
        return ["not there"]
    forms = [form for form in row.forms if form not in ("property", "settable")]
    if not forms:
        return [*_property_gaps(kind, member, found, "settable" in row.forms)]
    if not callable(found) and not isinstance(found, (classmethod, staticmethod)):
        return ["no method"]
    if row.member.startswith("__") and row.member != "__init__":
        return []
    return [*_signature_gaps(_parameters(kind, member), [_official(form) for form in forms])]


def _async_name(kind: type[Any], member: str) -> str:
    return ASYNC_NAMES.get(member, member) if kind.__name__.startswith("Async") else member


def _lookup(kind: type[Any], member: str) -> Any:
    """Return what the class holds under a name; `ATTRIBUTE` for what its instances get."""
    found = inspect.getattr_static(kind, member, None)
    if found is not None:
        return found
    if member in getattr(kind, "__dataclass_fields__", {}) or member in getattr(kind, "model_fields", {}):
        return ATTRIBUTE
    declared = any(member in vars(base).get("__annotations__", {}) for base in kind.__mro__)
    return ATTRIBUTE if declared or member in _assigned(kind) else None


ATTRIBUTE = object()


@cache
def _assigned(kind: type[Any]) -> frozenset[str]:
    """Return the attributes that the class gives to `self`."""
    found: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith(("wandkit", "wandkit_generated")):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        found |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        }
    return frozenset(found)


def _property_gaps(kind: type[Any], member: str, found: Any, settable: bool) -> Iterator[str]:
    if inspect.isfunction(found) or isinstance(found, (classmethod, staticmethod)):
        yield "a method, not a property"
    elif settable:
        frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        fixed = isinstance(found, property) and found.fset is None
        if frozen or fixed or isinstance(found, awaitable_property):
            yield "cannot be set"


def _parameters(kind: type[Any], member: str) -> list[inspect.Parameter]:
    static = inspect.getattr_static(kind, member)
    bound = not isinstance(static, staticmethod)
    function = static.__func__ if isinstance(static, (classmethod, staticmethod)) else static
    return [*inspect.signature(function).parameters.values()][1 if bound else 0 :]


def _official(form: str) -> list[inspect.Parameter]:
    """Return the parameters of a signature that is written as Python writes it."""
    scope: dict[str, Any] = {}
    exec(f"def official{form}: pass", scope)
    return [*inspect.signature(scope["official"]).parameters.values()]


def _signature_gaps(mine: list[inspect.Parameter], theirs: list[list[inspect.Parameter]]) -> Iterator[str]:
    first = theirs[0]
    places = _places(first)
    later = [one for form in theirs[1:] for one in form]
    if theirs[1:] and not any(_clashes(place, one, places) for place, one in enumerate(_places(theirs[1]))):
        places = _places(theirs[1]) if len(_places(theirs[1])) > len(places) else places
    yield from _place_gaps(mine, places)
    defaults = {one.name: one for one in [*later, *first]}
    for one in defaults.values():
        yield from _argument_gaps(mine, one)


def _clashes(place: int, name: str, places: list[str]) -> bool:
    return place < len(places) and places[place] != name


def _places(parameters: list[inspect.Parameter]) -> list[str]:
    return [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]


def _place_gaps(mine: list[inspect.Parameter], places: list[str]) -> Iterator[str]:
    have = [one.name for one in mine if one.kind in (one.POSITIONAL_OR_KEYWORD, one.POSITIONAL_ONLY)]
    for place, name in enumerate(places):
        if place >= len(have) or have[place] != name:
            yield f"argument {place + 1} is not {name}"


def _argument_gaps(mine: list[inspect.Parameter], wanted: inspect.Parameter) -> Iterator[str]:
    if wanted.kind is wanted.VAR_KEYWORD:
        return
    if wanted.kind is wanted.VAR_POSITIONAL:
        if not any(one.kind is one.VAR_POSITIONAL for one in mine):
            yield "takes no number of arguments"
        return
    have = next((one for one in mine if one.name == wanted.name), None)
    if have is None or have.kind in (have.POSITIONAL_ONLY, have.VAR_KEYWORD, have.VAR_POSITIONAL):
        yield f"takes no {wanted.name}"
    elif wanted.default is not wanted.empty and not _same_default(have, wanted):
        yield f"{wanted.name} is not {wanted.default!r} where it is left out"


def _same_default(have: inspect.Parameter, wanted: inspect.Parameter) -> bool:
    """Return whether leaving the argument out means the same; a page size that is left out may adapt."""
    return bool(have.default == wanted.default) or (wanted.name == "per_page" and have.default is None)


EXPORTS = exports()
