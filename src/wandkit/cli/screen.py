"""What a command shows on a terminal: lines of code, their results as tables or plots, progress bars."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from wandkit.errors import MissingExtraError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Screen", "line_of"]

Item = TypeVar("Item")


class Screen:
    """The terminal. A quiet one prints nothing, which is what `--json` wants."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Open the terminal.

        Raises:
            MissingExtraError: rich is not installed, and something is to be shown.
        """
        self._console: Console | None = None if quiet else _console()

    def say(self, text: str) -> None:
        """Print a paragraph."""
        if self._console is not None:
            self._console.print(text, highlight=False)

    def code(self, line: str) -> None:
        """Print a line of code, with a prompt before it."""
        if self._console is not None:
            from rich.syntax import Syntax

            self._console.print()
            self._console.print(Syntax(f">>> {line}", "pycon", theme="ansi_dark", word_wrap=True))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows below their column names, numbers to the right."""
        if self._console is None:
            return
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        listed = [list(row) for row in rows]
        for place, name in enumerate(columns):
            numeric = any(isinstance(row[place], (int, float)) for row in listed)
            table.add_column(name, justify="right" if numeric else "left")
        for row in listed:
            table.add_row(*map(_shown, row))
        self._console.print(table)

    def values(self, values: Mapping[str, object]) -> None:
        """Print names beside their values."""
        self.table(("key", "value"), [(name, _shown(value)) for name, value in values.items()])

    def plain(self, text: str) -> None:
        """Print text as it is, a plot for example."""
        if self._console is not None:
            self._console.print(text, highlight=False, markup=False, no_wrap=True)

    def progress(self, items: Sequence[Item], what: str) -> Iterator[Item]:
        """Go through `items` with a bar that says how far it is."""
        if self._console is None:
            yield from items
            return
        from rich.progress import track

        yield from track(items, description=what, console=self._console)


def line_of(step: Callable[..., Any]) -> str:
    """The one line that the function `step` returns, as it stands in the source."""
    last = inspect.getsource(step).rstrip().splitlines()[-1]
    return last.strip().removeprefix("return ")


def _console() -> Console:
    try:
        from rich.console import Console
    except ImportError as error:
        raise MissingExtraError(
            "the command line needs rich, which is not installed",
            next_step='Install it with: python -m pip install "wandkit[cli]"',
        ) from error
    return Console()


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
