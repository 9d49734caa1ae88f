"""The project's commands. `nox` alone runs what CI runs; `nox -l` lists all of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["check", "tests", "interop", "bench"]
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
GROUPS = nox.project.load_toml("pyproject.toml")["dependency-groups"]


def group(name: str) -> list[str]:
    """Return the requirements of the dependency group `name`, includes resolved."""
    found: list[str] = []
    for entry in GROUPS[name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return found


@nox.session
def generate(session: nox.Session) -> None:
    """Compile schema/ and queries/ and write generated/ anew."""
    session.install(*group("compile"), "pydantic>=2.9,<3")
    session.run("python", "-m", "codegen", *session.posargs)


@nox.session
def check(session: nox.Session) -> None:
    """Drift of generated/, lint, types, and the laws of the layout."""
    session.install("-e", ".[all]", *group("test"), *group("compile"), *group("types"), "nox>=2024.10")
    session.run("python", "-m", "codegen", "--check")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", "src", "generated/wandkit_generated", "tests/typing")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "wandkit", "--ignoreexternal")
    session.run("pytest", "-q", "tests/meta", "tests/codegen", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test of the client, the server and the twin, in parallel."""
    session.install("-e", ".[all]", *group("test"), *group("stores"), *group("compile"))
    session.run(
        "pytest", "-q", "-n", "2", "--dist", "loadfile",
        "tests/unit", "tests/server", "tests/aio", "tests/docs", "generated/tests", *session.posargs,
    )  # fmt: skip


@nox.session
def interop(session: nox.Session) -> None:
    """The official client, old and new, against our server, each in its own environment."""
    session.install("-e", ".[all]", *group("test"))
    session.run("python", "tests/interop/peers.py", "install")
    session.run("pytest", "-q", "-rs", "tests/interop", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Side by side with the official client and the bare floor; `-- --job J2`, `--quick`, `--json`."""
    session.install(".[polars,arrow,pandas,server]", "graphql-core>=3.2,<3.3", "orjson")
    session.run("python", "-m", "benchmarks", *(session.posargs or ["--quick"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Run every example of the pages and docstrings against the embedded server."""
    session.install("-e", ".[all]", *group("test"))
    session.run("pytest", "-q", "tests/docs", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and the sdist, and run the demo from the wheel in a bare environment."""
    session.install("build")
    session.run("python", "-m", "build", "--outdir", session.create_tmp())
    wheel = next(Path(session.create_tmp()).glob("*.whl"))
    session.install(f"{wheel}[all]")
    session.run("wandkit", "demo", "--json", env={"PYTHONPATH": ""})


if __name__ == "__main__":
    sys.exit(os.execvp("nox", ["nox"]))
