"""What the canned server says: GraphQL bodies in, ready-made JSON bytes out.

Just enough of the contract for reading runs and history: fragments, aliases, `@include`/`@skip`, defaults
of variables, cursors, `filters` by name and creation time, `order`, projection of config and summary,
history windows and specs. Anything it does not know is null, and counted, so that it is noticed.

Flow: body → parsed document (kept per text) → flat selection → bytes of each run (kept too) → answer.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    parse,
    value_from_ast_untyped,
)

from benchmarks.dataset import ENTITY, Project, RunRecord, Sizes, encode, encode_text, make_projects

__all__ = ["Answers", "Field"]

Variables = Mapping[str, Any]
_KEEP_BELOW = 64 * 1024


@dataclass(frozen=True)
class Field:
    """One selected field, its arguments and directives resolved."""

    key: str
    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    children: tuple[Field, ...] = ()

    def argument(self, name: str, default: Any = None) -> Any:
        """The value of argument `name`; `default` where it is absent or null."""
        found = dict(self.arguments).get(name)
        return default if found is None else found


class Document:
    """A parsed operation that is flattened anew for each set of variables."""

    def __init__(self, text: str) -> None:
        tree: DocumentNode = parse(text, no_location=True)
        self.fragments = {d.name.value: d for d in tree.definitions if isinstance(d, FragmentDefinitionNode)}
        self.operation = next(d for d in tree.definitions if isinstance(d, OperationDefinitionNode))

    def fields(self, sent: Variables) -> tuple[Field, ...]:
        """The root fields that `sent` asks for."""
        variables = dict(sent)
        for definition in self.operation.variable_definitions or ():
            if definition.default_value is not None:
                default = value_from_ast_untyped(definition.default_value)
                variables.setdefault(definition.variable.name.value, default)
        return self._flatten([self.operation.selection_set], variables)

    def _flatten(self, sets: Iterable[SelectionSetNode], variables: Variables) -> tuple[Field, ...]:
        grouped: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            self._collect(selection_set, variables, grouped)
        return tuple(self._field(key, nodes, variables) for key, nodes in grouped.items())

    def _field(self, key: str, nodes: list[FieldNode], variables: Variables) -> Field:
        named = {a.name.value: value_from_ast_untyped(a.value, dict(variables)) for a in nodes[0].arguments}
        arguments = tuple((name, _hashable(value)) for name, value in named.items() if value is not Undefined)
        children = self._flatten([n.selection_set for n in nodes if n.selection_set], variables)
        return Field(key, nodes[0].name.value, arguments, children)

    def _collect(
        self, chosen: SelectionSetNode, variables: Variables, into: dict[str, list[FieldNode]]
    ) -> None:
        for node in chosen.selections:
            if not _included(node, variables):
                continue
            if isinstance(node, FieldNode):
                into.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, FragmentSpreadNode):
                self._collect(self.fragments[node.name.value].selection_set, variables, into)
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set, variables, into)


def _included(node: Any, variables: Variables) -> bool:
    for directive in node.directives or ():
        wanted = value_from_ast_untyped(directive.arguments[0].value, dict(variables))
        if directive.name.value in ("include", "skip") and bool(wanted) is (directive.name.value == "skip"):
            return False
    return True


def _hashable(value: Any) -> Any:
    return tuple(_hashable(v) for v in value) if isinstance(value, list) else value


class Answers:
    """Answers GraphQL request bodies. The same body always gets the same bytes."""

    def __init__(self, sizes: Sizes) -> None:
        self.unknown: dict[str, int] = {}
        self._makers = make_projects(sizes)
        self._projects: dict[str, Project] = {}
        self._documents: dict[str, Document] = {}
        self._kept: dict[bytes, bytes] = {}

    def project(self, name: str) -> Project:
        """The project `name`, made on first use."""
        if name not in self._projects:
            self._projects[name] = self._makers[name]()
        return self._projects[name]

    def answer(self, body: bytes) -> bytes:
        """The response body for the request `body`."""
        kept = self._kept.get(body)
        if kept is None:
            kept = self._execute(json.loads(body))
            if len(kept) < _KEEP_BELOW:
                self._kept[body] = kept
        return kept

    def _execute(self, request: dict[str, Any]) -> bytes:
        text = request["query"]
        if text not in self._documents:
            self._documents[text] = Document(text)
        fields = self._documents[text].fields(request.get("variables") or {})
        roots = {
            "viewer": self._viewer,
            "serverInfo": self._server,
            "project": self._project,
            "model": self._project,
        }
        return b'{"data":' + _object(fields, lambda f: roots.get(f.name, self._missing)(f)) + b"}"

    def _missing(self, field: Field) -> bytes:
        self.unknown[field.name] = self.unknown.get(field.name, 0) + 1
        return b"null"

    def _viewer(self, field: Field) -> bytes:
        user = {
            "__typename": "User", "id": "VXNlcjox", "name": "Ada", "username": "ada", "entity": ENTITY,
            "email": "ada@example.org", "flags": "{}", "admin": False,
        }  # fmt: skip

        def value(child: Field) -> bytes:
            if child.name in user:
                return encode(user[child.name])
            if child.name in ("teams", "apiKeys"):
                return b'{"edges":[]}'
            return self._missing(child)

        return _object(field.children, value)

    def _server(self, field: Field) -> bytes:
        def value(child: Field) -> bytes:
            return b"[]" if child.name == "features" else self._missing(child)

        return _object(field.children, value)

    def _project(self, field: Field) -> bytes:
        if field.argument("name") not in self._makers:
            return b"null"
        project = self.project(field.argument("name"))
        plain = {
            "__typename": b'"Project"',
            "id": encode(f"UHJvamVjdDp2MTo{project.name}"),
            "name": encode(project.name),
            "internalId": encode(str(project.internal_id)),
            "entityName": encode(ENTITY),
            "readOnly": b"false",
            "createdAt": b'"2026-01-01T00:00:00Z"',
            "isBenchmark": b"false",
            "totalRuns": encode(len(project.runs)),
        }

        def value(child: Field) -> bytes:
            if child.name in plain:
                return plain[child.name]
            if child.name == "runCount":
                return encode(len(_matching(project, child.argument("filters", "{}"))))
            if child.name == "runs":
                return self._runs(project, child)
            if child.name in ("run", "bucket"):
                at = project.index.get(child.argument("name"))
                return b"null" if at is None else self._run(project.runs[at], child.children)
            if child.name == "entity":
                return _object(
                    child.children, lambda f: encode(ENTITY) if f.name == "name" else b'"RW50aXR5OjE="'
                )
            return self._missing(child)

        return _object(field.children, value)

    def _runs(self, project: Project, field: Field) -> bytes:
        found = _matching(project, field.argument("filters", "{}"))
        if not str(field.argument("order", "+created_at")).startswith("+"):
            found = found[::-1]
        names = field.argument("names")
        if names is not None:
            found = [i for i in found if project.runs[i].name in set(names)]
        first, after = int(field.argument("first", 50)), field.argument("after")
        begin = found.index(_position(after)) + 1 if after else 0
        page = found[begin : begin + first]
        more = begin + first < len(found)

        def value(child: Field) -> bytes:
            if child.name == "edges":
                return self._edges(project, child, page)
            if child.name == "pageInfo":
                return _object(child.children, lambda f: _page_info(f.name, page, more))
            if child.name == "totalCount":
                return encode(len(found))
            return self._missing(child)

        return _object(field.children, value)

    def _edges(self, project: Project, field: Field, page: list[int]) -> bytes:
        if field.children not in project.edges:

            def edge(number: int) -> bytes:
                def value(child: Field) -> bytes:
                    if child.name == "cursor":
                        return encode(_cursor(number))
                    return self._run(project.runs[number], child.children)

                return _object(field.children, value)

            project.edges[field.children] = [edge(i) for i in range(len(project.runs))]
        edges = project.edges[field.children]
        return b"[" + b",".join([edges[i] for i in page]) + b"]"

    def _run(self, run: RunRecord, chosen: tuple[Field, ...]) -> bytes:
        return _object(chosen, lambda field: self._run_field(run, field))

    def _run_field(self, run: RunRecord, field: Field) -> bytes:
        name, history = field.name, run.history
        keys = field.argument("keys")
        if name in ("config", "summaryMetrics") and keys is not None:
            source = run.config if name == "config" else run.summary
            return encode_text({key: source[key] for key in keys if key in source})
        if name in run.fields:
            return run.fields[name]
        if name == "user":
            return _object(field.children, lambda f: run.fields.get(f"user.{f.name}", b"null"))
        if name == "history":
            low, high = int(field.argument("minStep", 0)), int(field.argument("maxStep", history.steps))
            rows = history.window(history.texts, low, high, int(field.argument("samples", 500)))
            return b"[" + b",".join(rows) + b"]"
        if name == "sampledHistory":
            return b"[" + b",".join(_sampled(run, spec) for spec in field.argument("specs", ())) + b"]"
        if name == "parquetHistory":
            return _object(field.children, lambda f: b"[]")
        if name == "events":
            return b"[]"
        return self._missing(field)


def _sampled(run: RunRecord, text: str) -> bytes:
    spec = json.loads(text)
    rows = run.history.objects(tuple(spec["keys"]))
    high = run.history.steps if spec.get("maxStep") is None else int(spec["maxStep"]) + 1
    found = run.history.window(rows, int(spec.get("minStep") or 0), high, int(spec.get("samples") or 500))
    return b"[" + b",".join(found) + b"]"


def _object(fields: tuple[Field, ...], value: Callable[[Field], bytes]) -> bytes:
    return b"{" + b",".join([b'"%s":%s' % (f.key.encode(), value(f)) for f in fields]) + b"}"


def _page_info(name: str, page: list[int], more: bool) -> bytes:
    ends = {"endCursor": page[-1:], "startCursor": page[:1]}
    if name in ends:
        return encode(_cursor(ends[name][0]) if ends[name] else None)
    return encode({"hasNextPage": more, "hasPreviousPage": False}.get(name))


def _cursor(position: int) -> str:
    return base64.b64encode(b"run:%d" % position).decode()


def _position(cursor: str) -> int:
    return int(base64.b64decode(cursor)[4:])


def _matching(project: Project, text: str) -> list[int]:
    """Positions of the runs that `filters` keeps, oldest first."""
    low, high, names = 0, len(project.runs), None
    for key, condition in _conditions(json.loads(text or "{}")):
        if key == "name":
            wanted = condition["$in"] if isinstance(condition, dict) else [condition]
            names = set(wanted) if names is None else names & set(wanted)
        elif key in ("createdAt", "created_at"):
            low, high = _between(project, condition, low, high)
        else:
            raise ValueError(f"the canned server has no filter on {key!r}")
    if names is None:
        return list(range(low, high))
    return sorted(i for i in (project.index.get(n, -1) for n in names) if low <= i < high)


def _conditions(tree: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, condition in tree.items():
        if key == "$and":
            for part in condition:
                yield from _conditions(part)
        else:
            yield key, condition


def _between(project: Project, condition: dict[str, str], low: int, high: int) -> tuple[int, int]:
    times = [run.created for run in project.runs]
    for operator, text in condition.items():
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if operator in ("$gt", "$gte"):
            low = max(low, (bisect_right if operator == "$gt" else bisect_left)(times, moment))
        else:
            high = min(high, (bisect_left if operator == "$lt" else bisect_right)(times, moment))
    return low, high
