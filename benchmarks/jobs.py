"""The jobs, who runs them, and what wandkit aims at."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["JOBS", "SIDES", "Job", "Side"]


@dataclass(frozen=True)
class Side:
    """One contestant: a script of sides/, run by its own interpreter."""

    label: str
    script: str
    peer: bool = False
    variant: str = ""


OFFICIAL = Side("official", "official.py", peer=True)
OFFICIAL_BEST = Side("official best", "official.py", peer=True, variant=" best")
WANDKIT = Side("wandkit", "wandkit_sync.py")
WANDKIT_ASYNC = Side("wandkit async", "wandkit_async.py")
FLOOR = Side("floor", "floor.py")
FLOOR_ASYNC = Side("floor async", "floor_async.py")
SIDES = (OFFICIAL, OFFICIAL_BEST, WANDKIT, WANDKIT_ASYNC, FLOOR, FLOOR_ASYNC)
ARTIFACTS = Side("wandkit", "artifact_sync.py")
ARTIFACTS_ASYNC = Side("wandkit async", "artifact_async.py")
_ALL = (OFFICIAL, WANDKIT, WANDKIT_ASYNC, FLOOR, FLOOR_ASYNC)


@dataclass(frozen=True)
class Job:
    """One thing to read. `faster` maps an opponent and a delay in ms to the ratio aimed at.

    Jobs about `artifacts` run against the embedded server; `above_mb` is how much memory they may take above
    what the process had before.
    """

    name: str
    title: str
    sides: tuple[Side, ...] = _ALL
    faster: dict[tuple[str, int], float] = field(default_factory=dict)
    floor: float | None = None
    memory: float | None = None
    seconds: float | None = None
    artifacts: bool = False
    above_mb: float | None = None

    @property
    def delays(self) -> bool:
        """Whether its server can answer with a delay."""
        return not self.artifacts


JOBS = (
    Job(
        "J1 import",
        "new process: import only",
        (OFFICIAL, WANDKIT),
        seconds=0.15,
    ),
    Job(
        "J1",
        "new process: import, Api(), first answer",
        faster={("official", 0): 5, ("official", 50): 4},
    ),
    Job(
        "J2",
        "{runs:,} runs, one config and one summary key touched",
        (OFFICIAL, OFFICIAL_BEST, *_ALL[1:]),
        faster={
            ("official", 0): 15,
            ("official", 50): 100,
            ("official best", 0): 4,
            ("official best", 50): 4,
        },
        floor=1.6,
        memory=0.5,
    ),
    Job(
        "J3 all",
        "scan_history, {steps:,} steps × 20 metrics",
        faster={("official", 0): 12, ("official", 50): 18},
        floor=1.5,
        memory=0.5,
    ),
    Job(
        "J3 key",
        "scan_history, {steps:,} steps, one key",
        faster={("official", 0): 8, ("official", 50): 13},
        floor=1.5,
        memory=0.5,
    ),
    Job(
        "J4",
        "histories of {histories} runs × {points} points into one frame",
        faster={("official", 0): 4, ("official", 50): 12},
        floor=1.5,
    ),
    *(
        Job(f"J5 {name}", title, (ARTIFACTS, ARTIFACTS_ASYNC), artifacts=True, above_mb=200)
        for name, title in (
            ("file up", "an artifact with a file of {megabytes:,} MiB logged"),
            ("file down", "the same downloaded"),
            ("manifest up", "an artifact of {entries:,} references logged"),
            ("manifest down", "its manifest read"),
        )
    ),
)
