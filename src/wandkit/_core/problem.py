"""What was left out of an answer because it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A list node that was left out of an answer.

    Attributes:
        path: The list, from the operation or fragment down: `ListRuns.project.runs.edges`.
        error: What did not fit.
        raw: The node as the server sent it.
    """

    path: str
    error: str
    raw: Any
