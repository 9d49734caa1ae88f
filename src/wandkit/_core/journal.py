"""The journal of a plan: one line of JSON per change that was tried, so that it can be taken up again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

from wandkit.errors import ArgumentError

__all__ = ["Journal"]


class Journal:
    """A file of JSON lines: a head that says which plan it belongs to, then one line per change.

    Attributes:
        path: Where the file is.
        done: The items whose change is recorded as done.
    """

    def __init__(
        self, path: str | os.PathLike[str], what: str, items: Iterable[str], *, begin: bool = True
    ) -> None:
        """Open the journal at `path`, or unless `begin` is False begin one, for the plan that does `what`.

        Raises:
            ArgumentError: The file belongs to another plan, or is no journal.
        """
        self.path = Path(path)
        self.done: set[str] = set()
        listed = list(items)
        self._digest = hashlib.sha256("\n".join([what, *listed]).encode()).hexdigest()
        if self.path.exists() and self.path.stat().st_size:
            self._take_up()
        elif begin:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write({"plan": what, "items": len(listed), "digest": self._digest})

    def record(self, item: str, outcome: str, **facts: Any) -> None:
        """Append what became of `item`; the line is on disk when this returns."""
        self._write({"item": item, "outcome": outcome, **facts})
        if outcome == "done":
            self.done.add(item)

    def _take_up(self) -> None:
        text = self.path.read_text(encoding="utf-8", errors="replace")
        lines = [_object(line) for line in text.split("\n")]
        if not lines or lines[0].get("digest") != self._digest:
            raise ArgumentError(
                f"The journal {self.path} belongs to another plan.",
                next_step="Make the same plan again to take it up, or give another file.",
            )
        self.done = {str(line["item"]) for line in lines if line.get("outcome") == "done" and "item" in line}
        if not text.endswith("\n"):
            self._append("\n")  # a crash cut the last line short: the next one must not join it

    def _write(self, line: dict[str, Any]) -> None:
        text = json.dumps({**line, "at": datetime.now(timezone.utc).isoformat(timespec="seconds")})
        self._append(text + "\n")

    def _append(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _object(line: str) -> dict[str, Any]:
    """Return the line's object; an empty one for a line that was cut short."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
