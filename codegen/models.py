"""Run ariadne-codegen once, with our plugins, for the models of all operations."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from ariadne_codegen.client_generators.package import ModelsOnlyPackageGenerator, get_package_generator
from ariadne_codegen.config import get_models_only_settings
from ariadne_codegen.plugins.manager import PluginManager

from codegen.plugins import PLUGINS
from codegen.queries import QueryFile
from codegen.scalars import ANSWER_TYPES
from codegen.schema import Contract

__all__ = ["public_names", "write_models"]

PACKAGE = "models"


def write_models(
    contract: Contract,
    files: Iterable[QueryFile],
    gated_fields: frozenset[tuple[str, int]],
    target: Path,
    schema: Path,
) -> dict[str, str]:
    """Write the package `models` below `target`.

    Returns:
        The source of each module, by file name: `get_run.py` comes from `queries/run.graphql`.
    """
    files = tuple(files)
    fragments = [fragment for file in files for fragment in file.fragments]
    config = {
        "gated_fields": gated_fields,
        "fragments": {fragment.name.value: fragment for fragment in fragments},
        "tool": {"ariadne-codegen": _options(target, schema)},
    }
    settings = get_models_only_settings(config)
    plugins = PluginManager(schema=contract.schema, config_dict=config, plugins_types=[*PLUGINS])
    generator = get_package_generator(
        schema=contract.schema, fragments=fragments, settings=settings, plugin_manager=plugins
    )
    assert isinstance(generator, ModelsOnlyPackageGenerator)
    sources = {"enums.py": "schema/", "inputs.py": "schema/", "fragments.py": "queries/"}
    for file in files:
        for operation in file.operations:
            before = set(generator._result_types_files)
            generator.add_operation(operation)
            (added,) = set(generator._result_types_files) - before
            sources[added] = file.source
    # The generator remembers the enums of answers only; arguments take others.
    generator._used_enums.extend(generator.arguments_generator.get_used_enums())
    generator.generate()
    folder = target / PACKAGE
    # Ours are wandkit._core.model and a lazy __init__ from a template.
    (folder / "base_model.py").unlink()
    (folder / "__init__.py").unlink()
    return {name: source for name, source in sources.items() if (folder / name).exists()}


def public_names(path: Path) -> tuple[str, ...]:
    """Return the classes that a module of models defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(sorted(node.name for node in tree.body if isinstance(node, ast.ClassDef)))


def _options(target: Path, schema: Path) -> dict[str, object]:
    return {
        "schema_path": schema.as_posix(),
        "target_package_name": PACKAGE,
        "target_package_path": target.as_posix(),
        "input_types_module_name": "inputs",
        "include_comments": "none",
        "include_all_inputs": False,
        "include_all_enums": False,
        "defer_model_build": True,
        "use_alias_generator": True,
        "lazy_imports": False,
        "scalars": {name: {"type": kind} for name, kind in ANSWER_TYPES.items()},
    }
