"""Imports point one way, and what is heavy loads only where it is used. Imports for types alone are free."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from sources import ROOT, imports_of, module_name, modules

# Each layer may import itself and those before it in this list.
LAYERS = (
    ("wandkit.errors", "wandkit.paths"),
    ("wandkit._core", "wandkit.filters", "wandkit.settings"),
    ("wandkit_generated.gql",),
    ("wandkit._transport", "wandkit_generated.sync.transport"),
    ("wandkit._async", "wandkit_generated.sync"),
)
ABOVE = ("wandkit.server", "wandkit.cli", "wandkit.testing", "wandkit.__main__")
CLIENT = [
    path
    for path in modules("src/wandkit", "generated/wandkit_generated")
    if not module_name(path).startswith(ABOVE)
]
SERVER = modules("src/wandkit/server")
HEAVY = {"pandas", "polars", "pyarrow", "stamina", "tqdm", "numpy", "rich", "typer", "tensorboard", "fsspec"}


def layer_of(name: str) -> int | None:
    """Return the layer of a module, the most specific one; None for what stands above all."""
    found = [
        (len(prefix), index)
        for index, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if name == prefix or name.startswith(f"{prefix}.")
    ]
    return max(found)[1] if found else None


def offences(paths: Iterable[Path], forbidden: tuple[str, ...], *, lazy: bool = True) -> list[str]:
    """Return `module imports other` for every import of something `forbidden`, or of what is below it."""
    return [
        f"{module_name(path)} imports {name}"
        for path in paths
        for name in imports_of(path, lazy=lazy)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in forbidden)
    ]


def loaded_by(code: str) -> list[str]:
    """Return the words that `code` prints in a process of its own."""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return found.stdout.split()


def test_a_module_imports_only_its_own_layer_and_those_before_it() -> None:
    """errors, paths; _core; gql; _transport; _async and the twin; wandkit."""
    wrong = [
        f"{module_name(path)} imports {name}"
        for path in CLIENT
        for name in imports_of(path)
        if (own := layer_of(module_name(path))) is not None and (layer_of(name) or 0) > own
    ]
    assert wrong == []


def test_the_client_does_not_import_the_server() -> None:
    """Also not inside a function."""
    assert offences(CLIENT, ("wandkit.server",)) == []


def test_the_server_does_not_import_the_client() -> None:
    """It knows the schema, not who asks."""
    client = ("wandkit._async", "wandkit._transport", "wandkit_generated.sync", "wandkit_generated.gql")
    assert offences(SERVER, client) == []


def test_heavy_libraries_load_inside_the_functions_that_need_them() -> None:
    """Importing the client costs next to nothing."""
    assert offences(CLIENT, tuple(HEAVY), lazy=False) == []


def test_only_the_transport_knows_httpx() -> None:
    """Everything else speaks to the transport."""
    transport = ("wandkit._transport", "wandkit_generated.sync.transport")
    others = [path for path in [*CLIENT, *SERVER] if not module_name(path).startswith(transport)]
    assert offences(others, ("httpx",)) == []


def test_importing_wandkit_loads_nothing_heavy() -> None:
    """Not even pydantic or httpx."""
    heavy = {*HEAVY, "pydantic", "httpx", "wandkit_generated"}
    assert loaded_by(f"import sys, wandkit; print(*({heavy!r} & set(sys.modules)))") == []


def test_reading_runs_and_history_needs_no_pydantic() -> None:
    """It loads with the first answer that is odd, and costs a third of the first second of a program."""
    code = (
        "import sys; from wandkit import Api; import wandkit_generated.gql.operations as operations; "
        "operations.LIST_RUNS.shape(); operations.GET_HISTORY_PAGE.shape(); "
        "print(*({'pydantic', 'pydantic_core', 'httpx', 'asyncio'} & set(sys.modules)))"
    )
    assert loaded_by(code) == []


def test_one_function_does_not_load_all_models() -> None:
    """Neither the models nor pydantic: they load with the first answer."""
    code = (
        "import sys; from wandkit_generated.gql.aio import get_run; "
        "print(*[name for name in sys.modules if 'gql.models' in name or name == 'pydantic'])"
    )
    assert loaded_by(code) == []
