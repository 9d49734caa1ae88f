"""Compile queries/ against schema/ into the package `wandkit_generated.gql`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from graphql import FragmentDefinitionNode

from codegen.models import public_names, write_models
from codegen.pieces import cut_operation
from codegen.plan import NounPlan, plan_noun
from codegen.queries import QueryFile, parse_queries
from codegen.render import header, render
from codegen.schema import Contract, parse_schema, print_server_schema
from codegen.shapes import write_shapes

__all__ = ["compile_operations"]

_FORMS = {
    "aio": {"form": "async", "executor": "AsyncExecutor", "define": "async def", "await": "await "},
    "sync": {"form": "sync", "executor": "Executor", "define": "def", "await": ""},
}


def compile_operations(root: Path, package: Path) -> None:
    """Write `gql/` and `schema.graphql` into `package`, from the checkout at `root`."""
    contract = parse_schema(root / "schema")
    files = parse_queries(root / "queries", contract)
    fragments = {fragment.name.value: fragment for file in files for fragment in file.fragments}
    (package / "schema.graphql").write_text(
        header("schema/") + "\n" + print_server_schema(contract), encoding="utf-8"
    )
    gql = package / "gql"
    gql.mkdir(parents=True)
    plans = [plan_noun(contract, file, fragments) for file in files if file.operations]
    _write(
        gql / "__init__.py",
        header("queries/") + '"""The compiled operations: models, functions, documents."""\n',
    )
    _write_models(contract, files, fragments, gql, root / "schema")
    shaped = write_shapes(gql / "models", plans, gql / "shapes")
    _write_operations(gql / "operations", plans, shaped)
    for form, words in _FORMS.items():
        _write_functions(gql / form, plans, words)


def _write_models(
    contract: Contract,
    files: Iterable[QueryFile],
    fragments: dict[str, FragmentDefinitionNode],
    gql: Path,
    schema: Path,
) -> None:
    files = tuple(files)
    gated = frozenset(
        start
        for file in files
        for operation in file.operations
        for start in cut_operation(contract, operation, fragments).gated_fields
    )
    sources = write_models(contract, files, gated, gql, schema)
    homes: list[tuple[str, str]] = []
    for name, source in sorted(sources.items()):
        path = gql / "models" / name
        names = public_names(path)
        homes += [(public, path.stem) for public in names]
        code = path.read_text(encoding="utf-8")
        exports = "".join(f'    "{public}",\n' for public in names)
        head, first, rest = code.partition("\n\n\n")
        head = _kept_imports(head, rest)
        about = f'"""{_about(path.stem, source)}"""'
        _write(path, f"{header(source)}{about}\n\n{head}\n\n__all__ = [\n{exports}]{first}{rest}")
    _write_lazy(gql / "models", "gql.models", "The models of all answers, each imported on first use.", homes)


# A subclass of a fragment resolves the types that it inherits in its own module, so they are imported there.
# before:  from .fragments import RunHead, RunHeadUser  (marked as an import that ruff leaves)
# after:   from .fragments import RunHead, RunHeadUser as RunHeadUser
def _kept_imports(head: str, rest: str) -> str:
    head = head.replace("  # noqa: F401", "")
    for statement in ast.parse(head).body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "fragments":
            for alias in statement.names:
                if not re.search(rf"\b{alias.name}\b", rest):
                    head = re.sub(rf"\b{alias.name}\b", f"{alias.name} as {alias.name}", head)
    return head


def _about(stem: str, source: str) -> str:
    words = {"enums": "The enums", "inputs": "The input objects", "fragments": "The models of the fragments"}
    return (
        f"{words[stem]} that the operations use."
        if stem in words
        else f"The answer of `{stem}`, from {source}."
    )


def _write_operations(folder: Path, plans: Iterable[NounPlan], shaped: frozenset[str]) -> None:
    folder.mkdir()
    homes = []
    for plan in plans:
        values = {"plan": plan, "shaped": shaped}
        _write(folder / f"{plan.noun}.py", render("operations.py.jinja", plan.source, values))
        homes += [(function.constant, plan.noun) for function in plan.functions]
    summary = "The compiled operations, each imported on first use."
    _write_lazy(folder, "gql.operations", summary, homes)


def _write_functions(folder: Path, plans: Iterable[NounPlan], words: dict[str, str]) -> None:
    folder.mkdir()
    homes = []
    for plan in plans:
        _write(folder / f"{plan.noun}.py", render("functions.py.jinja", plan.source, {"plan": plan, **words}))
        homes += [(function.name, plan.noun) for function in plan.functions]
    _write_lazy(
        folder, f"gql.{folder.name}", f"The {words['form']} functions, each imported on first use.", homes
    )


def _write_lazy(folder: Path, package: str, summary: str, homes: list[tuple[str, str]]) -> None:
    modules: dict[str, list[str]] = {}
    for name, module in sorted(homes):
        modules.setdefault(module, []).append(name)
    values = {
        "summary": summary,
        "package": package,
        "modules": sorted(modules.items()),
        "homes": sorted(homes),
    }
    _write(folder / "__init__.py", render("lazy.py.jinja", "queries/", values))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
