"""The twin is a plain renaming: what changes, what stays, and what stops the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.twin.lexer import join, lex
from codegen.twin.rewrite import Rewriter, async_classes
from codegen.twin.run import TwinError, write_twin

CLASSES = {"AsyncRun": "Run", "AsyncRuns": "Runs", "AsyncEvent": "Event"}


def twin(source: str) -> str:
    """Return the twin of a snippet."""
    return Rewriter(CLASSES).rewrite(source)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("async def f(): pass\n", "def f(): pass\n"),
        ("x = await run.load()\n", "x = run.load()\n"),
        ("xs = [x async for x in runs]\n", "xs = [x for x in runs]\n"),
        ("async with run as r:\n    pass\n", "with run as r:\n    pass\n"),
        ("def f(r: AsyncRun) -> None: ...\n", "def f(r: Run) -> None: ...\n"),
        ("def f() -> AsyncIterator[AsyncRun]: ...\n", "def f() -> Iterator[Run]: ...\n"),
        ("f: Callable[[], Awaitable[list[int]]]\n", "f: Callable[[], list[int]]\n"),
        ("f: Awaitable[Callable[[], Awaitable[int]]]\n", "f: Callable[[], int]\n"),
        ("await run.aclose()\n", "run.close()\n"),
        ("from wandkit._async.run import AsyncRun\n", "from wandkit_generated.sync.run import Run\n"),
        ("from wandkit._core.awaitable import awaitable_property\nx = 1\n", "x = 1\n"),
        ('"""Get an `AsyncRun`, or an AsyncEvent."""\n', '"""Get a `Run`, or an Event."""\n'),
        (
            '"""Use `await run.name`.\n\n>>> await run.name\n"""\n',
            '"""Use `run.name`.\n\n>>> run.name\n"""\n',
        ),
        ('"""You must await the answer."""\n', '"""You must await the answer."""\n'),
        ('x = f"{await run.name}"\n', 'x = f"{run.name}"\n'),
        ('__all__ = ["AsyncRun"]\n', '__all__ = ["Run"]\n'),
        ("x = 1  # an AsyncRun, by `await f()`\n", "x = 1  # a Run, by `f()`\n"),
        ("AsyncStranger = 1\n", "AsyncStranger = 1\n"),
    ],
)
def test_a_line_is_renamed(before: str, after: str) -> None:
    """One rule each."""
    assert twin(before) == after


def test_a_class_that_counts_has_a_length() -> None:
    """Right below `count`."""
    found = twin("class AsyncRuns:\n    async def count(self) -> int:\n        return 1\n")
    assert "    def __len__(self) -> int:\n" in found


@pytest.mark.parametrize(
    "body",
    [
        "    async def count(self, name: str) -> int: ...\n",
        "    def __len__(self) -> int: ...\n    def count(self): ...\n",
    ],
)
def test_a_count_of_something_is_no_length(body: str) -> None:
    """With arguments it is not one, and a length of its own is kept."""
    assert twin(f"class AsyncRuns:\n{body}").count("__len__") == body.count("__len__")


def test_only_what_async_sources_define_is_renamed() -> None:
    """Classes, functions and aliases; not what they import."""
    source = "from x import AsyncOther\nclass AsyncRun: ...\nAsyncAlias = AsyncRun\nclass Plain: ...\n"
    assert async_classes(source) == {"AsyncRun", "AsyncAlias"}


def test_an_async_name_without_a_rule_stops_the_build(tmp_path: Path) -> None:
    """With its file and line."""
    folder = tmp_path / "src/wandkit/_async"
    folder.mkdir(parents=True)
    (folder / "run.py").write_text("import x\n\nclass AsyncRun(x.AsyncStranger): ...\n", encoding="utf-8")
    with pytest.raises(TwinError, match=r"_async/run\.py \(its twin\), line 3: AsyncStranger"):
        write_twin(tmp_path, tmp_path / "out")


def test_a_source_that_is_no_python_is_named(tmp_path: Path) -> None:
    source = tmp_path / "src/wandkit/_async"
    source.mkdir(parents=True)
    (source / "run.py").write_text("import os\nasync class Run:\n", encoding="utf-8")
    with pytest.raises(TwinError, match=r"_async/run\.py, line 2: invalid syntax"):
        write_twin(tmp_path, tmp_path / "out")


def test_a_rule_without_a_use_is_named(tmp_path: Path) -> None:
    """One module cannot use them all."""
    folder = tmp_path / "src/wandkit/_async"
    folder.mkdir(parents=True)
    (folder / "run.py").write_text("x = 1\n", encoding="utf-8")
    assert "AsyncIterator" in write_twin(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].glob("src/wandkit/_async/*.py")), ids=lambda p: p.stem
)
def test_tokens_join_to_their_source(path: Path) -> None:
    """Nothing is lost or laid out anew."""
    source = path.read_text(encoding="utf-8")
    assert join(lex(source)) == source
