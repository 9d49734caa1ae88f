"""Every example of the pages and docstrings runs against the embedded server, as a reader would run it.

Examples are the fenced `python` blocks of the pages, and code in docstrings. A block under
`<!-- not run: REASON -->` is left out.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from wandkit.testing import Server

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>.+?) -->\n)?^(?P<indent> *)```python\n(?P<code>.*?)^(?P=indent)```$",
    re.M | re.S,
)
_SECTION = re.compile(r"^Examples?:\n(?P<code>(?:    .*\n?|\n)+)", re.M)
_LITERAL = re.compile(r"^(?P<code>    (?:>>> |from wandkit|import wandkit).*\n(?:    .*\n?|\n)*)", re.M)


@dataclass(frozen=True)
class Example:
    """One piece of code, and where it stands."""

    file: Path
    line: int
    code: str
    reason: str = ""

    @property
    def place(self) -> str:
        """File and line, as an editor wants it."""
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page that may hold examples."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def page_examples(page: Path) -> list[Example]:
    """The examples of one page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Example(page, text.count("\n", 0, m.start("code")) + 1, dedent(m["code"]), m["reason"] or "")
        for m in _FENCE.finditer(text)
    ]


def docstring_examples() -> Iterator[Example]:
    """The examples in the docstrings of the package."""
    for file in sorted((ROOT / "src" / "wandkit").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            raw = ast.get_docstring(node, clean=False)
            if raw is None:
                continue
            line = node.body[0].lineno
            for code in _codes(inspect.cleandoc(raw) + "\n"):
                yield Example(file, line, code)


def _codes(text: str) -> Iterator[str]:
    fenced = [dedent(m["code"]) for m in _FENCE.finditer(text)]
    indented = [m["code"] for pattern in (_SECTION, _LITERAL) for m in pattern.finditer(text)]
    for code in dict.fromkeys([*fenced, *map(dedent, indented)]):
        lines = code.splitlines()
        if any(line.startswith(">>> ") for line in lines):
            lines = [line[4:] for line in lines if line.startswith((">>> ", "... "))]
        yield "\n".join(lines) + "\n"


PAGES = [page for page in pages() if page_examples(page)]
DOCSTRINGS = list(docstring_examples())


async def run(example: Example, names: dict[str, Any]) -> None:
    """Run one example in `names`; `await` at its top level is allowed."""
    blank = "\n" * (example.line - 1)
    code = compile(blank + example.code, str(example.file), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.iscoroutine(result):
        await result


def run_tests(example: Example, folder: Path) -> None:
    """Run an example that is itself a test file."""
    file = folder / "test_example.py"
    file.write_text(example.code)
    installed = any(entry.name == "wandkit" for entry in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "wandkit.testing"]
    command = [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", *plugin, str(file)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{example.place}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
async def test_the_examples_of_a_page_run_in_order(page: Path, reader: Server, tmp_path: Path) -> None:
    """Later examples of a page use the names of earlier ones."""
    names: dict[str, Any] = {"__name__": "example"}
    done = 0
    for example in page_examples(page):
        if example.reason:
            continue
        if "def test_" in example.code:
            run_tests(example, tmp_path)
        else:
            await run(example, names)
        done += 1
    assert done == sum(not example.reason for example in page_examples(page))


@pytest.mark.parametrize("example", DOCSTRINGS, ids=[example.place for example in DOCSTRINGS])
async def test_the_example_of_a_docstring_runs(example: Example, reader: Server) -> None:
    """It finds `api`, `run` and `runs` ready; in the async sources, the async ones."""
    import wandkit

    asynchronous = "_async" in example.file.parts
    names: dict[str, Any] = {
        "__name__": "example",
        "F": wandkit.F,
        "Api": wandkit.Api,
        "AsyncApi": wandkit.AsyncApi,
    }
    if asynchronous:
        async with wandkit.AsyncApi() as api:
            names |= {"api": api, "run": await api.run("ada/spirals/run-3"), "runs": api.runs("ada/spirals")}
            await run(example, names)
    else:
        with wandkit.Api() as plain:
            names |= {"api": plain, "run": plain.run("ada/spirals/run-3"), "runs": plain.runs("ada/spirals")}
            await run(example, names)
    assert example.code.strip()


def test_what_is_not_run_says_why() -> None:
    """A reason of a few words at least."""
    left_out = [example for page in PAGES for example in page_examples(page) if example.reason]
    assert all(len(example.reason.split()) >= 3 for example in left_out)
